"""PostgreSQL as a store: durable when it says so, patient with a server that comes back, one clear line otherwise."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from penstock.adapters.db.port import Call, Script
from penstock.adapters.db.postgres import PostgresDatabase, Standing, _refuse_unsafe
from penstock.bench.postgres import PostgresServer
from penstock.core.errors import PenstockError, StoreUnavailable, Unreachable, UnsafeStore


def insert(number: int) -> Callable[[], Script[int]]:
    def script() -> Script[int]:
        yield Call("INSERT INTO numbers (n) VALUES ($1)", (number,))
        return number

    return script


def numbers() -> Script[list[int]]:
    rows = yield Call("SELECT n FROM numbers ORDER BY n")
    return [int(row[0]) for row in rows]


def table() -> Script[None]:
    yield Call("CREATE TABLE numbers (n bigint PRIMARY KEY, body bytea, word text)")


@pytest.fixture
async def url(postgres: Any) -> str:
    """An empty database."""
    return str(await postgres.new())


@pytest.fixture
async def db(url: str) -> AsyncIterator[PostgresDatabase]:
    """An open database with a table of numbers that are unique."""
    database = PostgresDatabase(url, connections=4, patience_s=10)
    await database.start()
    await database.write(table)
    yield database
    await database.stop()


@pytest.fixture
def own_server(postgres: Any) -> Iterator[PostgresServer]:
    """A server that may be killed."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def test_what_was_written_is_read(db: PostgresDatabase) -> None:
    assert await asyncio.gather(*(db.write(insert(n)) for n in range(20))) == list(range(20))
    assert await db.read(numbers) == list(range(20))


async def test_connections_are_told_while_it_is_open(url: str) -> None:
    database = PostgresDatabase(url, connections=4, patience_s=10)
    assert database.connections is None
    await database.start()
    assert database.connections == (4, 0, 1)
    await database.stop()
    assert database.connections is None


async def test_a_script_that_fails_leaves_nothing_behind(db: PostgresDatabase) -> None:
    def script() -> Script[None]:
        yield Call("INSERT INTO numbers (n) VALUES (1)")
        raise LookupError("it changed its mind")

    with pytest.raises(LookupError):
        await db.write(script)
    assert await db.read(numbers) == []
    assert await db.write(insert(1)) == 1


async def test_two_that_wait_for_each_other_are_both_done(db: PostgresDatabase) -> None:
    for n in (1, 2):
        await db.write(insert(n))
    tries: list[int] = []
    holding: set[int] = set()

    def crosswise(first: int, second: int) -> Callable[[], Script[None]]:
        def script() -> Script[None]:
            tries.append(first)
            yield Call("UPDATE numbers SET word = 'x' WHERE n = $1", (first,))
            holding.add(first)
            while len(holding) < 2:  # both hold theirs before either wants the other's
                yield Call("SELECT pg_sleep(0.01)")
            yield Call("UPDATE numbers SET word = 'y' WHERE n = $1", (second,))

        return script

    async with asyncio.timeout(60):
        await asyncio.gather(db.write(crosswise(1, 2)), db.write(crosswise(2, 1)))
    assert len(tries) >= 3  # one of them was begun again


async def test_somebody_who_was_quicker_is_seen_the_second_time(db: PostgresDatabase) -> None:
    def once(number: int) -> Callable[[], Script[bool]]:
        def script() -> Script[bool]:
            there = yield Call("SELECT 1 FROM numbers WHERE n = $1", (number,))
            if there:
                return False
            yield Call("SELECT pg_sleep(0.05)")
            yield Call("INSERT INTO numbers (n) VALUES ($1)", (number,))
            return True

        return script

    assert sorted(await asyncio.gather(*(db.write(once(7)) for _ in range(4)))) == [False, False, False, True]


async def test_a_reading_script_sees_one_moment(db: PostgresDatabase) -> None:
    async def look() -> list[int]:
        def script() -> Script[list[int]]:
            before = yield Call("SELECT count(*) FROM numbers")
            yield Call("SELECT pg_sleep(0.3)")
            after = yield Call("SELECT count(*) FROM numbers")
            return [int(before[0][0]), int(after[0][0])]

        return await db.read(script)

    for _ in range(2):  # the first time it is not known yet that it wants several statements
        looking = asyncio.create_task(look())
        await asyncio.sleep(0.1)
        await db.write(insert(len(await db.read(numbers))))
        before, after = await looking
        assert before == after


async def test_a_text_with_a_nul_is_kept_without_it(db: PostgresDatabase) -> None:
    def script() -> Script[list[Any]]:
        yield Call("INSERT INTO numbers (n, body, word) VALUES ($1, $2, $3)", (1, b"a\0b", "a\0b"))
        return (yield Call("SELECT body, word FROM numbers WHERE word = $1", ("a\0b",)))

    assert await db.write(script) == [(b"a\0b", "ab")]


async def test_a_statement_that_takes_too_long_is_stopped_and_told(url: str) -> None:
    database = PostgresDatabase(url, statement_timeout_s=2.0)
    await database.start()

    def script() -> Script[None]:
        yield Call("SELECT pg_sleep(60)")

    with pytest.raises(StoreUnavailable, match="took too long") as caught:
        await database.write(script)
    assert "\n" not in str(caught.value)
    await database.write(table)
    await database.stop()


async def test_a_cancelled_transaction_leaves_nothing_and_its_connection_is_replaced(db: PostgresDatabase) -> None:
    def script() -> Script[None]:
        yield Call("INSERT INTO numbers (n) VALUES (1)")
        yield Call("SELECT pg_sleep(60)")

    writing = [asyncio.create_task(db.write(script)) for _ in range(4)]
    await asyncio.sleep(0.2)
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)

    async with asyncio.timeout(60):
        assert await db.write(insert(2)) == 2
    assert await db.read(numbers) == [2]


async def test_a_server_that_is_not_there_is_told_in_one_line_without_the_password() -> None:
    database = PostgresDatabase("postgresql://me:the-password@127.0.0.1:1/db", patience_s=0.2)
    with pytest.raises(Unreachable, match="cannot be reached") as caught:
        await database.start()

    assert "the-password" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreUnavailable):
        await database.write(insert(1))
    await database.stop()


async def test_a_database_that_is_not_there_is_told(postgres: Any) -> None:
    database = PostgresDatabase(postgres.server.url("nobody_made_it"))
    with pytest.raises(Unreachable, match="no database of this name"):
        await database.start()


async def test_what_was_acknowledged_survives_kills_and_nobody_has_to_restart(own_server: PostgresServer) -> None:
    database = PostgresDatabase(own_server.url(), connections=4, patience_s=20)
    await database.start()
    await database.write(table)
    acknowledged: set[int] = set()
    doubtful = 0
    stopped = asyncio.Event()

    async def keep_writing(part: int) -> None:
        nonlocal doubtful
        number = part
        while not stopped.is_set():
            try:
                acknowledged.add(await database.write(insert(number)))
            except PenstockError:
                doubtful += 1
            number += 8

    async def more() -> None:
        enough = len(acknowledged) + 40
        async with asyncio.timeout(60):
            while len(acknowledged) < enough:
                await asyncio.sleep(0.01)

    writers = [asyncio.create_task(keep_writing(part)) for part in range(8)]
    for mode in ("kill", "immediate"):
        await more()
        if mode == "kill":
            own_server.kill()
        else:
            own_server.stop(mode)
        await asyncio.to_thread(own_server.start)
    await more()
    stopped.set()
    await asyncio.gather(*writers)
    there = set(await database.read(numbers))
    await database.stop()

    assert acknowledged <= there
    assert len(there - acknowledged) <= doubtful


async def test_a_connection_that_breaks_while_it_commits_is_told_as_not_stored(postgres: Any, url: str) -> None:
    """Whoever wrote will write again, which is why all that is written may be written twice."""
    async with cutting_proxy(postgres.server.port) as (port, cut):
        database = PostgresDatabase(url.replace(f":{postgres.server.port}/", f":{port}/"), patience_s=5)
        await database.start()
        await database.write(table)
        cut.set()
        with pytest.raises(StoreUnavailable, match="nobody knows"):
            await database.write(insert(1))
        assert await database.write(insert(2)) == 2
        assert await database.read(numbers) in ([2], [1, 2])
        await database.stop()


async def test_a_connection_that_breaks_at_the_end_of_a_reading_is_no_ones_trouble(postgres: Any, url: str) -> None:
    def twice() -> Script[int]:
        yield Call("SELECT 1")
        rows = yield Call("SELECT count(*) FROM numbers")
        return int(rows[0][0])

    async with cutting_proxy(postgres.server.port) as (port, cut):
        database = PostgresDatabase(url.replace(f":{postgres.server.port}/", f":{port}/"), patience_s=60)
        await database.start()
        await database.write(table)
        assert await database.read(twice) == 0
        cut.set()
        assert await database.read(twice) == 0
        assert not cut.is_set()
        await database.stop()


@contextlib.asynccontextmanager
async def cutting_proxy(port: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Passes everything on until ``cut`` is set; then the next COMMIT is passed on, and its answer is not."""
    cut = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, behind[1]))

        async def there() -> None:
            while data := await reader.read(1 << 16):
                behind[1].write(data)
                await behind[1].drain()
                if cut.is_set() and b"COMMIT\0" in data:
                    cut.clear()
                    writer.transport.abort()
                    return
            behind[1].close()

        async def back() -> None:
            with contextlib.suppress(OSError):
                while data := await behind[0].read(1 << 16):
                    writer.write(data)
                    await writer.drain()
                writer.close()

        tasks.extend((asyncio.create_task(there()), asyncio.create_task(back())))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], cut
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in writers:
            each.transport.abort()
        await asyncio.gather(*(each.wait_closed() for each in writers), return_exceptions=True)


SOUND = Standing(180004, "on", "on", "on", is_standby=False, read_only="off")


def test_a_server_whose_commits_may_be_lost_is_refused() -> None:
    _refuse_unsafe(SOUND)
    with pytest.raises(UnsafeStore, match="fsync"):
        _refuse_unsafe(SOUND._replace(fsync="off"))
    with pytest.raises(UnsafeStore, match="too old"):
        _refuse_unsafe(SOUND._replace(version=140022))


async def test_commits_are_durable_even_where_the_server_says_otherwise(postgres: Any, url: str) -> None:
    await postgres.run(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
    database = PostgresDatabase(url)
    await database.start()

    def script() -> Script[str]:
        return str((yield Call("SHOW synchronous_commit"))[0][0])

    assert database.standing.synchronous_commit == "off"
    assert await database.read(script) == "on"
    await database.stop()
