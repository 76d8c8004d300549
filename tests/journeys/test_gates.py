"""Gates in front of a large backlog: a kill switch, an opening, one number's gate; on one file and on a cluster.

The quick ones show that it works at all. The long ones have a million files that wait, and say how soon: measured by
when requests came in at the simulated Meta, against the moment at which the gate's row was committed.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
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


async def number_in(address: str, statement: str) -> int:
    """What a statement about everything that waits answers with, asked from outside."""
    if address.startswith("postgresql"):
        connection = await asyncpg.connect(address)
        try:
            return int(await connection.fetchval(statement) or 0)
        finally:
            await connection.close()
    file = apsw.Connection(address)
    try:
        return int(next(iter(file.execute(statement)), (0,))[0] or 0)
    finally:
        file.close()


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
            with (self._folder / "serve.log").open("ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "penstock", "serve", *(["--role", role] if role else [])],
                        env={**self._environ, "PENSTOCK_BIND": "127.0.0.1:0"},
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
        async with asyncio.timeout(300):
            while not so():
                assert all(process.poll() is None for process in self._processes), self._log()
                await asyncio.sleep(0.01)

    async def quiet(self) -> None:
        """Wait until no request has come for a while, and nothing is under way."""
        async with asyncio.timeout(300):
            seen = -1
            while seen != self.meta.record.seen or (await tallied(self))["fetching"]:
                seen = self.meta.record.seen
                await asyncio.sleep(2)

    async def throttled(self, rate: float) -> None:
        """Wait until everybody knows of an opening: until no more comes than it lets through, give or take."""
        async with asyncio.timeout(300):
            while True:
                seen, since = self.looked_up, self.meta.clock.now()
                await asyncio.sleep(2 * SOON_S)
                if self.looked_up - seen <= 1.5 * rate * (self.meta.clock.now() - since):
                    return

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
        return await number_in(self._address, "SELECT sum(fence) FROM fetches")

    async def waiting(self, *, behind: str) -> tuple[int, int]:
        """(how many files of a number wait, how many of the others)."""
        own = f"(SELECT id FROM numbers WHERE phone_number_id = '{behind}')"
        return (
            await number_in(self._address, f"SELECT count(*) FROM fetches WHERE number_id = {own}"),
            await number_in(self._address, f"SELECT count(*) FROM fetches WHERE number_id <> {own}"),
        )

    def _log(self) -> str:
        return (self._folder / "serve.log").read_text()[-2000:]


Works = Callable[..., contextlib.AbstractAsyncContextManager[Waterworks]]


@pytest.fixture(params=["one file", "three fetchers on a server"])
def works(request: pytest.FixtureRequest, tmp_path: Path) -> Works:
    """Makes a ledger with so many files that wait, of so many workspaces, and what fetches them; not started."""

    @contextlib.asynccontextmanager
    async def make(files: int, *, of_one: int = 0, shut: dict[str, str] | None = None) -> AsyncIterator[Waterworks]:
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(tempfile.mkdtemp(dir=tmp_path))
            address = str(folder / "penstock.db")
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
            await number_in(address, "UPDATE fetches SET fence = 0 WHERE fence > 0")  # as if nobody had claimed any
            meta = await stack.enter_async_context(Platform())
            meta.world.shelf = Bottomless(0)
            meta.world.shelf.at = meta.clock.now()
            meta.add_token("made", CREDENTIAL)
            made = Waterworks(folder, meta, address)
            await made.ledger.start()
            stack.push_async_callback(made.ledger.stop)
            stack.callback(made.kill)
            if shut is not None:
                await made.set(shut, 0.0)
            made.start()
            yield made

    return make


async def all_fetch(it: Waterworks) -> None:
    """Wait until every process fetches."""
    async with asyncio.timeout(300):
        while len((await it.ledger.steering.look(None, now=await it.ledger.now())).fetchers) < len(it.roles):
            await asyncio.sleep(0.1)
    await it.until(lambda: it.looked_up > 50)


async def shut_and_open(it: Waterworks) -> dict[str, float]:
    """Shut the gate before everything, and open it again: when the last request came, and then the first one."""
    await all_fetch(it)
    shut_at = await it.set({}, 0.0)
    await it.quiet()
    last_at = max(request.at for request in it.meta.record.requests)
    seen = it.meta.record.seen
    assert (await tallied(it))["held"] == sum(await it.waiting(behind=number_of(1))) > 0
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
    await it.set({}, 0.0)
    await it.quiet()
    in_vain, set_at = await it.claimed_in_vain(), await it.set({}, rate)
    await asyncio.sleep(2 * SOON_S)
    await it.throttled(rate)
    since = it.meta.clock.now()
    await asyncio.sleep(seconds)
    until = it.meta.clock.now()
    looked_up = [request.at for request in it.meta.record.lookups()]
    return {
        "files a second": sum(since <= at < until for at in looked_up) / (until - since),
        "files": sum(set_at <= at < until for at in looked_up),
        "seconds": until - set_at,
        "claims for nothing": await it.claimed_in_vain() - in_vain,
    }


async def test_before_a_backlog_gates_shut_open_bit_by_bit_and_open_and_nothing_is_lost_or_claimed_for_nothing(
    works: Works,
) -> None:
    """One number's gate is shut all the time, and what waits behind it is not even claimed."""
    own = number_of(1)
    async with works(900, of_one=4_000, shut={"number": own}) as it:
        behind, _ = await it.waiting(behind=own)
        await shut_and_open(it)
        figures = await through_an_opening(it, 10.0, 4.0)
        # What is kept for a second or two comes on top. That enough comes is a matter of time, and for the long test.
        assert figures["files"] <= 10.0 * (figures["seconds"] + 2) * 1.2
        assert figures["claims for nothing"] <= 2 * 6 * len(it.roles)  # those that are under way just now
        await it.open({})
        async with asyncio.timeout(240):
            while (await it.waiting(behind=own))[1]:
                await asyncio.sleep(0.1)
        assert (await it.waiting(behind=own))[0] == behind >= 4_000
        whole = await tallied(it)
        assert (whole["held"], whole["failed"]) == (behind, 0)


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
        async with works(600, of_one=behind, shut={"number": number_of(1)}) as it:
            await it.until(lambda: it.looked_up > 20)
            began = it.meta.clock.now()
            await it.until(lambda: it.looked_up >= 540)
            took[behind] = it.meta.clock.now() - began
    tell(took)
    assert took[MILLION] <= 1.5 * took[1_000] + 1
