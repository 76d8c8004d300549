"""``penstock simulate``, in a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from penstock.simulator import Remote

SCENARIO = """
[[servers]]
name = "odd"
count = 2
faults = [{ fault = "get-405", hop = "download" }]

[[tokens]]
name = "t"
value = "EAAGt"

[[numbers]]
phone_number_id = "5"
app_secret = "s"
callback = "http://127.0.0.1:9/hook"
token = "t"

[traffic]
rate_per_s = 200
mix = { text = 1 }
"""


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    """The process, and what it said about where it is."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PENSTOCK_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys; from penstock.cli.main import main; sys.exit(main())",
        "simulate",
        "--bind",
        "127.0.0.1:0",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    try:
        lines = [(await asyncio.wait_for(process.stdout.readline(), 60)).decode().split("\t") for _ in range(2)]
        yield process, {name: value.strip() for name, value in lines}
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_it_runs_by_itself_and_is_driven_from_here(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text(SCENARIO)
    async with running("--scenario", str(tmp_path / "odd.toml"), "--seed", "3") as (process, where):
        async with Remote(where["control"]) as remote:
            async with asyncio.timeout(60):
                while (facts := await remote.facts())["outstanding"] < 5:
                    await asyncio.sleep(0.01)
            (file,) = await remote.upload(b"x", "image/jpeg", number="5")
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 60)

    assert facts["graph_url"] == where["graph"]
    assert file["id"].startswith("1000003")
    assert process.returncode == 0
    assert f"PENSTOCK_GRAPH_URL={where['graph']} PENSTOCK_MEDIA_HOSTS=127.0.0.1" in err.decode()
    assert "not answered 200" in err.decode().splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "text", "code", "said"),
    [
        (["--bind", "nowhere"], None, 2, "HOST:PORT"),
        (["--scenario", "nowhere.toml"], None, 2, "nowhere.toml: No such file or directory"),
        (["--scenario", "s.toml"], "speeed = 1", 2, "s.toml: unknown key `speeed`"),
        (["--scenario", "s.toml"], "[traffic]\n", 2, "there is no number to write to"),
        (
            ["--scenario", "s.toml"],
            SCENARIO.replace("http://127.0.0.1:9/hook", "nonsense"),
            2,
            "'nonsense' is not an http",
        ),
        (["--scenario", "s.toml"], SCENARIO.replace("text = 1", "hologram = 1"), 2, "'hologram' is not a kind"),
        (["--seed", "many"], None, 2, "'many' is not a valid integer"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line(
    penstock: Any, tmp_path: Path, arguments: list[str], text: str | None, code: int, said: str
) -> None:
    if text is not None:
        (tmp_path / "s.toml").write_text(text)
    bind = [] if "--bind" in arguments else ["--bind", "127.0.0.1:0"]

    assert said in penstock("simulate", *bind, *arguments).refused(code)


def test_an_address_that_is_taken_is_out_of_reach(penstock: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = penstock("simulate", "--bind", f"127.0.0.1:{port}").refused(3)

    assert line == f"cannot listen on 127.0.0.1:{port}: Address already in use; see --bind"


async def test_several_addresses_are_told_and_a_name_stands_for_them() -> None:
    async with running("--addresses", "3", "--name", "graph.simulated") as (process, told):
        assert told["graph"].startswith("http://graph.simulated:")
        assert told["control"].startswith("http://127.0.0.1:")
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        assert line == "addresses\t127.0.0.1,127.0.0.2,127.0.0.3"
