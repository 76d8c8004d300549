"""``penstock serve`` as an operator meets it: how it starts, what stops it, what it says when it cannot start."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def environ(tmp_path: Path, port: int) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")},
        "PENSTOCK_DATABASE_URL": f"sqlite:///{tmp_path}/penstock.db",
        "PENSTOCK_BLOBS_URL": f"file://{tmp_path}/blobs",
        "PENSTOCK_BIND": f"127.0.0.1:{port}",
        "PENSTOCK_LOG_FORMAT": "json",
    }


@contextlib.contextmanager
def serving(environ: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "serve", *arguments], env=environ, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def until(process: subprocess.Popen[str], event: str) -> list[dict[str, object]]:
    """The log up to an event."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(json.loads(line))
        if seen[-1]["event"] == event:
            return seen
    raise AssertionError(seen)


def refused(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "penstock", "serve", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_ends_with_0(environ: dict[str, str], number: signal.Signals) -> None:
    with serving(environ) as process:
        until(process, "serve.started")
        process.send_signal(number)
        until(process, "serve.stopped")
        assert process.wait(60) == 0


async def test_an_open_stream_of_events_does_not_keep_it_from_stopping(environ: dict[str, str]) -> None:
    created = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "penstock", "token", "create", "reader", "--role", "viewer"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    host, port = environ["PENSTOCK_BIND"].split(":")
    with serving(environ) as process:
        await asyncio.to_thread(until, process, "serve.started")
        reader, writer = await asyncio.open_connection(host, int(port))
        request = f"GET /events HTTP/1.1\r\nHost: penstock\r\nAuthorization: Bearer {created.stdout.strip()}\r\n\r\n"
        writer.write(request.encode())
        head = await reader.readuntil(b"event: changed")  # it is open
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 60) == 0
        assert head.startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()


def test_a_second_one_on_the_same_database_is_told_so_in_one_line(environ: dict[str, str]) -> None:
    with serving(environ) as process:
        until(process, "serve.started")
        code, said = refused(environ | {"PENSTOCK_BIND": "127.0.0.1:0"})
    assert code == 1
    assert said.count("\n") == 1
    assert "another process runs this installation already" in said


def test_an_address_that_is_taken_is_said_in_one_line(environ: dict[str, str]) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = refused(environ | {"PENSTOCK_BIND": f"127.0.0.1:{taken.getsockname()[1]}"})
    assert code == 3
    assert said.count("\n") == 1
    assert "cannot listen on" in said


def test_a_setting_that_nobody_knows_stops_the_start_with_one_line(environ: dict[str, str]) -> None:
    code, said = refused(environ | {"PENSTOCK_BNID": "127.0.0.1:1"})
    assert code == 2
    assert said.count("\n") == 1
    assert "PENSTOCK_BNID" in said


def test_a_role_of_its_own_needs_more_than_sqlite(environ: dict[str, str]) -> None:
    code, said = refused(environ, "--role", "fetcher")
    assert code == 2
    assert said.count("\n") == 1


def test_an_insecure_upstream_is_warned_of_at_every_start(environ: dict[str, str]) -> None:
    with serving(environ | {"PENSTOCK_ALLOW_INSECURE_UPSTREAM": "1"}) as process:
        log = until(process, "serve.insecure_upstream")
        assert log[-1]["level"] == "warning"


BROKEN = """
import functools, sys
from penstock.cli.main import main
from penstock.wiring import instance

async def post_instead(session, call):
    return await session.post("https://graph.facebook.com/x", data={"method": "get"}, middlewares=(call,))

instance.Instance = functools.partial(instance.Instance, send=post_instead)
sys.exit(main(["serve"]))
"""


def test_a_release_that_would_send_something_undeclared_does_not_start(environ: dict[str, str], tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN], env=environ, capture_output=True, text=True, check=False, timeout=300
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("penstock: media.look_up would not leave this machine as it is declared: ")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "penstock.db").exists()
