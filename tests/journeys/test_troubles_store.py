"""A database that takes no writes, and connections that are cut at the very commit: nothing lost, nothing doubled."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.troubles import LIMIT_S, Whole, one_line_each, whole

from penstock.settings import PostgresUrl, SqliteUrl


async def through_a_read_only_time(it: Whole, begin: Any, end: Any) -> str:
    """Send while nothing can be written; what the line said."""
    await it.send(6)
    await it.settled()
    await begin()
    await it.send(30)
    reason = str((await it.until_said("store.unavailable"))["reason"])
    async with asyncio.timeout(LIMIT_S):
        while not any(one.status == 503 for each in it.meta.record.deliveries for one in each.attempts):
            await asyncio.sleep(0.05)
    await end()
    await it.settled()
    await it.until_said("store.available_again")
    await it.settled()
    await it.in_order()
    assert it.lines() == ["store.unavailable", "store.available_again"]
    one_line_each(it.logged, "store")
    return reason


async def test_an_sqlite_that_takes_no_writes(tmp_path: Path) -> None:
    async with whole(tmp_path, SqliteUrl(tmp_path / "penstock.db")) as it:
        connection = it.ledger._db._writer._connection  # type: ignore[attr-defined]

        async def begin() -> None:
            await asyncio.to_thread(connection.pragma, "query_only", True)

        async def end() -> None:
            await asyncio.to_thread(connection.pragma, "query_only", False)

        assert "readonly" in await through_a_read_only_time(it, begin, end)


async def test_a_postgresql_that_was_set_read_only(tmp_path: Path, postgres: Any) -> None:
    url = await postgres.new()
    name = url.rpartition("/")[2]
    async with whole(tmp_path, PostgresUrl(url)) as it:

        async def begin() -> None:
            await postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            await postgres.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            )

        async def end() -> None:
            await postgres.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")

        assert "takes no writes" in await through_a_read_only_time(it, begin, end)


# -- cut at the commit ---------------------------------------------------------------------------------------------


class Cutter:
    """Between Penstock and PostgreSQL. While ``share`` is above 0, so many of all commits meet a cut connection.

    ``reached`` says whether the COMMIT is passed on before the cut: then it is done, and nobody is told so.
    """

    def __init__(self, port: int, *, reached: bool, seed: int) -> None:
        self._behind = port
        self._reached = reached
        self._chance = random.Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.share = 0.0
        self.cuts = 0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._pass_on(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        answering = asyncio.create_task(self._back(back_reader, writer))
        ways = [answering, asyncio.create_task(self._there(reader, back_writer, answering))]
        try:
            await asyncio.wait(ways, return_when="FIRST_COMPLETED")
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.transport.abort()
            back_writer.close()
            for each in (writer, back_writer):
                with contextlib.suppress(OSError):
                    await each.wait_closed()

    async def _there(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, answering: asyncio.Task[None]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                cut = b"COMMIT\0" in data and self._chance.random() < self.share
                if cut:
                    self.cuts += 1
                    answering.cancel()  # whatever is answered from here on is lost
                if self._reached or not cut:
                    back.write(data)
                    await back.drain()
                if cut:
                    back.write_eof()  # and no reset, which might overtake the COMMIT
                    return

    async def _back(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await back.read(1 << 16):
                writer.write(data)
                await writer.drain()


@pytest.fixture
async def cutter(request: pytest.FixtureRequest, postgres: Any) -> AsyncIterator[Cutter]:
    made = Cutter(postgres.server.port, reached=request.param, seed=29)
    await made.start()
    yield made
    await made.stop()


@pytest.mark.parametrize("cutter", [False, True], ids=["before it arrived", "after it arrived"], indirect=True)
async def test_connections_that_are_cut_at_the_commit_lose_and_double_nothing(
    tmp_path: Path, postgres: Any, cutter: Cutter
) -> None:
    url = (await postgres.new()).replace(f":{postgres.server.port}/", f":{cutter.port}/")
    async with whole(tmp_path, PostgresUrl(url)) as it:
        await it.send(6)
        await it.settled()
        it.instance.fetcher._leases._lease_s = 20.0  # a claim that nobody was told of is swept when its lease runs out
        cutter.share = 0.3
        while cutter.cuts < 25:
            await it.send(2, every_s=0.02)
            assert len(it.sent) < 3_000
        cutter.share = 0.0
        await it.settled()
        await it.until_said("store.available_again")
        await it.settled()
        await it.in_order()
        assert "nobody knows" in it.said("store.unavailable")[0]["reason"]
        one_line_each(it.logged, "store")
        assert set(it.lines()) <= {"store.unavailable", "store.available_again", "leases.ran_out"}
        assert any(one.status == 503 for each in it.meta.record.deliveries for one in each.attempts)
