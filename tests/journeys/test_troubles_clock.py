"""A machine whose clock is five minutes off: leases, deadlines and books go by the database's, and it is told of."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.troubles import LIMIT_S, Whole, soon, whole

from penstock.settings import PostgresUrl, SqliteUrl
from penstock.simulator import FaultRule, Server

KEY = "the key of a cluster with two clocks"
OFF_S = 300.0

# The whole of Penstock under another time of day, with leases that are looked after often.
SKEWED = """
import sys, time
off_s, right = float(sys.argv.pop(1)), time.time
time.time = lambda: right() + off_s
from penstock.flow import leases
leases._SWEEP_S = leases._RENEW_S = 0.2
from penstock.cli.main import main
sys.exit(main())
"""


class Fetchers:
    """Fetchers in processes of their own, each on a machine with its own time of day."""

    def __init__(self, folder: Path, it: Whole, url: str) -> None:
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")},
            "PENSTOCK_DATABASE_URL": url,
            "PENSTOCK_BLOBS_URL": f"file://{folder}/blobs",
            "PENSTOCK_SECRET_KEY": KEY,
            "PENSTOCK_BIND": "127.0.0.1:0",
            "PENSTOCK_GRAPH_URL": it.meta.graph_url,
            "PENSTOCK_MEDIA_HOSTS": "127.0.0.1",
            "PENSTOCK_ALLOW_INSECURE_UPSTREAM": "1",
            "PENSTOCK_LOG_FORMAT": "json",
            "PENSTOCK_FETCH_CONCURRENCY": "4",
        }
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def _command(self, off_s: float, *arguments: str) -> list[str]:
        return [sys.executable, "-c", SKEWED, str(off_s), *arguments]

    def start(self, off_s: float) -> None:
        with (self._folder / f"fetcher{off_s:+.0f}.log").open("wb") as log:
            command = self._command(off_s, "serve", "--role", "fetcher")
            self._running.append(subprocess.Popen(command, env=self._environ, stdout=log, stderr=log))

    def said(self, off_s: float, event: str) -> list[dict[str, Any]]:
        lines = (self._folder / f"fetcher{off_s:+.0f}.log").read_text().splitlines(keepends=True)
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        return [entry for entry in entries if entry["event"] == event]

    def doctor(self, off_s: float) -> list[dict[str, str]]:
        command = self._command(off_s, "doctor", "--json")
        ran = subprocess.run(command, env=self._environ, capture_output=True, check=False, timeout=300)
        checks: list[dict[str, str]] = json.loads(ran.stdout)["checks"]
        return checks

    def stop(self) -> None:
        for each in self._running:
            each.terminate()
        for each in self._running:
            each.wait(60)


@pytest.fixture
def fetchers() -> Iterator[contextlib.ExitStack]:
    """Ends what was started."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("off_s", [OFF_S, -OFF_S], ids=["ahead", "behind"])
async def test_a_wrong_clock_on_one_of_two_fetchers_harms_no_lease_and_is_told_in_one_line(
    tmp_path: Path, postgres: Any, fetchers: contextlib.ExitStack, off_s: float
) -> None:
    """Each file takes seconds, in which the other fetcher looks for leases that ran out again and again."""
    url = await postgres.new()
    slow = soon(Server(faults=(FaultRule(fault="slow", hop="download", latency_s=3.0),)))
    async with whole(
        tmp_path, PostgresUrl(url), scenario=slow, secret_key=(KEY,), roles=("receiver", "watcher", "console")
    ) as it:
        made = Fetchers(tmp_path, it, url)
        fetchers.callback(made.stop)
        began = await it.ledger.now()
        for each in (0.0, off_s):
            made.start(each)
        async with asyncio.timeout(LIMIT_S):
            while not all(made.said(each, "serve.started") for each in (0.0, off_s)):
                await asyncio.sleep(0.05)
        await it.send(24)
        await it.settled()
        await it.in_order()

        attempts = [one for each in it.files for one in await attempts_of(it, each.wamid)]
        assert len(attempts) <= 2 * len(it.files)  # a look-up and a download each, and nothing twice
        now = await it.ledger.now()
        assert all(began - 5 < one.at < now + 5 for one in attempts)  # in the books it is the database's time
        for each in (0.0, off_s):
            assert made.said(each, "media.attached"), "both have fetched"
            assert made.said(each, "leases.ran_out") == []
        [told] = made.said(off_s, "clock.apart")
        assert abs(told["machine_ahead_s"] - off_s) < 30
        assert made.said(0.0, "clock.apart") == []
        assert it.lines() == []

        found = [check for check in await asyncio.to_thread(made.doctor, off_s) if check["name"] == "clock"]
        assert [check["state"] for check in found] == ["ok", "warn"]
        assert "the database's clock and this machine's are " in found[1]["found"]
        assert found[1]["found"].endswith(" apart")


async def attempts_of(it: Whole, wamid: str) -> list[Any]:
    message = await it.ledger.shelf.message(wamid=wamid, workspace_id=None)
    assert message is not None
    return [one for file in message.media for one in await it.ledger.shelf.attempts(file.id)]


@pytest.mark.parametrize("off_s", [OFF_S, -OFF_S], ids=["ahead", "behind"])
async def test_the_clock_of_an_embedded_installation_jumps_while_files_are_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off_s: float
) -> None:
    monkeypatch.setattr("penstock.flow.timekeeping._EVERY_S", 0.2)
    monkeypatch.setattr("penstock.flow.leases._SWEEP_S", 0.2)
    slow = soon(Server(faults=(FaultRule(fault="slow", hop="download", latency_s=2.0),)))
    right = time.time
    async with whole(tmp_path, SqliteUrl(tmp_path / "penstock.db"), scenario=slow) as it:
        await it.send(12)
        async with asyncio.timeout(LIMIT_S):
            while not any(tally.fetching for tally in await it.ledger.counts.tallies()):
                await asyncio.sleep(0.01)
        monkeypatch.setattr(time, "time", lambda: right() + off_s)
        await it.send(6)
        await it.until_said("clock.jumped")
        it.meta.set_scenario(soon())
        await it.settled()
        await it.in_order()
    [jumped] = it.said("clock.jumped")
    assert abs(jumped["by_s"] - off_s) < 30
    assert set(it.lines()) <= {"clock.jumped", "leases.ran_out"}
