"""Gates in front of a large backlog: a kill switch, an opening, one number's gate; on one file and on a cluster.

The quick ones show that it works at all. The long ones have a million files that wait, and say how soon: measured by
when requests came in at the simulated Meta, against the moment at which the gate's row was committed.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.bench.postgres import PostgresServer, programs
from penstock.ledger.book import Ledger
from penstock.ledger.bulk import CREDENTIAL, number_of
from penstock.simulator import Platform
from penstock.simulator.media import Media, MediaShelf, file_of
from penstock.wiring.measuring import measured

KEY = "thrown away"  # with which ``measured`` seals
WORKSPACES = 12
MILLION = 1_000_000
SOON_S = 1.0
PHOTO = file_of(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo " * 50, "image/jpeg")


class Bottomless(MediaShelf):
    """Has a file under every id that was made in bulk."""

    at = 0.0

    def get(self, media_id: str) -> Media | None:
        return Media(media_id, PHOTO, "image", None, created_at=self.at)


class Waterworks:
    """So many waiting files, the processes that fetch them, and a Meta that has them all."""

    def __init__(self, folder: Path, meta: Platform, address: str) -> None:
        self.meta = meta
        self._address = address
        on_server = address.startswith("postgresql")
        self.roles = ["fetcher"] * 3 if on_server else [""]
        database = PostgresDatabase(address, connections=2) if on_server else SqliteDatabase(Path(address))
        self.ledger = Ledger(database, FernetSealer([KEY]))
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")},
            "PENSTOCK_DATABASE_URL": address if on_server else f"sqlite:///{address}",
            "PENSTOCK_SECRET_KEY": KEY,
            "PENSTOCK_BLOBS_URL": f"file://{folder}/blobs",
            "PENSTOCK_GRAPH_URL": meta.graph_url,
            "PENSTOCK_MEDIA_HOSTS": "127.0.0.1",
            "PENSTOCK_ALLOW_INSECURE_UPSTREAM": "1",
            "PENSTOCK_LOG_FORMAT": "json",
            "PENSTOCK_FETCH_CONCURRENCY": "6",
            "PENSTOCK_DATABASE_CONNECTIONS": "4",
        }

    def start(self) -> None:
        """Start the processes that fetch."""
        for role in self.roles:
            with contextlib.closing(socket.socket()) as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            with (self._folder / "serve.log").open("ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "penstock", "serve", *(["--role", role] if role else [])],
                        env={**self._environ, "PENSTOCK_BIND": f"127.0.0.1:{port}"},
                        stdout=log,
                        stderr=log,
                    )
                )

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    @property
    def looked_up(self) -> int:
        return sum(count for (hop, _), count in self.meta.record.totals.items() if hop == "lookup")

    async def until(self, so: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not so():
                assert all(process.poll() is None for process in self._processes), self._log()
                await asyncio.sleep(0.01)

    async def quiet(self) -> None:
        """Wait until no request has come for three seconds."""
        async with asyncio.timeout(120):
            seen = -1
            while seen != self.meta.record.seen:
                seen = self.meta.record.seen
                await asyncio.sleep(3)

    async def set(self, scope: dict[str, str], opening: float | None) -> float:
        """Set a gate; the moment at which that was committed, by the simulated Meta's clock."""
        now = await self.ledger.now()
        await self.ledger.gates.shut(scope, owner="operator", by="test", why="test", now=now, opening=opening)
        return self.meta.clock.now()

    async def open(self, scope: dict[str, str]) -> float:
        """Take it away; when that was committed."""
        await self.ledger.gates.open(scope, owner="operator")
        return self.meta.clock.now()

    async def claimed_in_vain(self) -> int:
        """How often files that still wait were claimed."""
        statement = "SELECT sum(fence) FROM fetches"
        if self._address.startswith("postgresql"):
            connection = await asyncpg.connect(self._address)
            try:
                return int(await connection.fetchval(statement))
            finally:
                await connection.close()
        file = apsw.Connection(self._address)
        try:
            [(found,)] = file.execute(statement)
            return int(found)
        finally:
            file.close()

    def _log(self) -> str:
        return (self._folder / "serve.log").read_text()[-2000:]


Works = Callable[..., contextlib.AbstractAsyncContextManager[Waterworks]]


@pytest.fixture(params=["one file", "three fetchers on a server"])
def works(request: pytest.FixtureRequest, tmp_path: Path) -> Works:
    """Makes a ledger with so many files that wait, of so many workspaces, and what fetches them; not started."""

    @contextlib.asynccontextmanager
    async def make(files: int, *, of_one: int = 0) -> AsyncIterator[Waterworks]:
        async with contextlib.AsyncExitStack() as stack:
            address = str(tmp_path / "penstock.db")
            if request.param != "one file":
                if programs() is None:
                    pytest.skip("there is no PostgreSQL on this machine; install it with: make install")
                server = PostgresServer(shared_buffers="128MB", max_wal_size="2GB")
                stack.callback(server.remove)
                server.start()
                address = server.url()
            async with measured(address if "://" in address else Path(address)) as it:
                now = await it.ledger.now()
                await it.bulk.workspaces(WORKSPACES, now=now)
                await it.bulk.files(files, now=now, workspaces=WORKSPACES)
                if of_one:
                    await it.bulk.files(of_one, now=now, workspaces=1)
            meta = await stack.enter_async_context(Platform())
            meta.world.shelf = Bottomless(0)
            meta.world.shelf.at = meta.clock.now()
            meta.add_token("made", CREDENTIAL)
            made = Waterworks(tmp_path, meta, address)
            await made.ledger.start()
            stack.push_async_callback(made.ledger.stop)
            stack.callback(made.kill)
            made.start()
            yield made

    return make


async def all_fetch(it: Waterworks) -> None:
    """Wait until every process fetches."""
    async with asyncio.timeout(120):
        while len((await it.ledger.steering.look(None, now=await it.ledger.now())).fetchers) < len(it.roles):
            await asyncio.sleep(0.1)
    await it.until(lambda: it.looked_up > 100)


async def shut_and_open(it: Waterworks) -> dict[str, float]:
    """Shut the gate before everything, and open it again: when the last request came, and then the first one."""
    await all_fetch(it)
    shut_at = await it.set({}, 0.0)
    await it.quiet()
    last_at = max(request.at for request in it.meta.record.requests)
    seen = it.meta.record.seen
    whole = await tallied(it)
    assert whole["fetching"] == 0
    assert whole["held"] == whole["waiting"] > 0
    opened_at = await it.open({})
    await it.until(lambda: it.meta.record.seen > seen)
    first_at = min(request.at for request in it.meta.record.requests if request.number > seen)
    return {"last request after the gate, s": last_at - shut_at, "first request after it, s": first_at - opened_at}


async def tallied(it: Waterworks) -> dict[str, int]:
    tallies = await it.ledger.counts.tallies()
    return {name: sum(getattr(each, name) for each in tallies) for name in ("waiting", "held", "fetching", "failed")}


async def through_an_opening(it: Waterworks, rate: float, seconds: float) -> dict[str, float]:
    """Open a gate by so much: how many files came through in a second, and how many were claimed for nothing."""
    await all_fetch(it)
    await it.set({}, rate)
    await asyncio.sleep(2 * SOON_S)  # everybody knows of it, and what was under way is over
    in_vain, since = await it.claimed_in_vain(), it.meta.clock.now()
    await asyncio.sleep(seconds)
    until = it.meta.clock.now()
    through = sum(since <= request.at < until for request in it.meta.record.lookups())
    return {
        "files a second": through / (until - since),
        "claims for nothing": await it.claimed_in_vain() - in_vain,
    }


async def test_a_kill_switch_stops_every_request_and_nothing_is_lost_by_it(works: Works) -> None:
    async with works(5_000) as it:
        figures = await shut_and_open(it)
        assert figures["first request after it, s"] > 0
        assert (await tallied(it))["failed"] == 0


async def test_through_an_opening_comes_no_more_than_it_says_and_nothing_is_claimed_for_nothing(works: Works) -> None:
    async with works(5_000) as it:
        figures = await through_an_opening(it, 10.0, 6.0)
        assert 0 < figures["files a second"] <= 10.0 * (1 + 2 / 6) * 1.2  # what was kept for a second or two
        assert figures["claims for nothing"] <= 2 * 6 * len(it.roles)  # those under way when the gate came


async def test_behind_one_numbers_gate_waits_what_is_its_own_and_the_rest_comes(works: Works) -> None:
    async with works(240, of_one=5_000) as it:
        await it.set({"number": number_of(1)}, 0.0)
        await all_fetch(it)
        async with asyncio.timeout(240):
            while (await tallied(it))["waiting"] > (await tallied(it))["held"]:
                await asyncio.sleep(0.1)
        tallies = {tally.workspace: tally for tally in await it.ledger.counts.tallies()}
        assert all(tally.waiting == 0 for name, tally in tallies.items() if name != "made-1")


# -- with a million files, by the clock -----------------------------------------------------------------------------


def tell(figures: Any) -> None:
    """For whoever runs the long tests: shown with ``-rP``, or when one fails."""
    print(figures)


@pytest.mark.long
async def test_a_kill_switch_before_a_million_files_works_within_a_second_both_ways(works: Works) -> None:
    async with works(MILLION) as it:
        rounds = [await shut_and_open(it) for _ in range(3)]
        tell(rounds)
        for figures in rounds:
            assert all(seconds <= SOON_S for seconds in figures.values())


@pytest.mark.long
async def test_an_opening_before_a_million_files_lets_its_number_through_within_a_fifth(works: Works) -> None:
    async with works(MILLION) as it:
        figures = {rate: await through_an_opening(it, rate, 20.0) for rate in (5.0, 30.0)}
        tell(figures)
        for rate, measured_ in figures.items():
            assert 0.8 * rate <= measured_["files a second"] <= 1.2 * rate
            assert measured_["claims for nothing"] <= 20


@pytest.mark.long
async def test_a_million_files_behind_one_numbers_gate_slow_nobody_down(works: Works) -> None:
    """How long the others' files take, with a thousand and with a million behind the gate."""
    took = {}
    for behind in (1_000, MILLION):
        async with works(600, of_one=behind) as it:
            await it.set({"number": number_of(1)}, 0.0)
            await it.until(lambda: it.looked_up > 20)
            began = it.meta.clock.now()
            await it.until(lambda: it.looked_up >= 540)
            took[behind] = it.meta.clock.now() - began
    tell(took)
    assert took[MILLION] <= 1.5 * took[1_000] + 1
