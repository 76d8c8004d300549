"""Words between processes: heard soon after their commit, and again after the server was gone for a while."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from penstock.adapters.db.port import Call, Script
from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.postgres_listen import Listener
from penstock.bench.postgres import PostgresServer


class Ear:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, payload: str) -> None:
        self.heard.append(payload)
        self._more.set()

    async def until(self, enough: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(60):
            while not enough(self.heard):
                self._more.clear()
                await self._more.wait()


def say(channel: str, payload: str) -> Callable[[], Script[None]]:
    def script() -> Script[None]:
        yield Call("SELECT pg_notify($1, $2)", (channel, payload))

    return script


@pytest.fixture
async def two(postgres: Any) -> AsyncIterator[tuple[PostgresDatabase, PostgresDatabase]]:
    """One database, opened by two."""
    url = await postgres.new()
    both = PostgresDatabase(url), PostgresDatabase(url)
    for each in both:
        await each.start()
    yield both
    for each in both:
        await each.stop()


@pytest.fixture
def own_server(postgres: Any) -> Iterator[PostgresServer]:
    """A server that may be killed."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def test_what_is_told_is_heard_by_the_channel_that_it_is_told_on(two: Any) -> None:
    listening, telling = two
    work, gates = Ear(), Ear()
    listening.subscribe("work", work)
    listening.subscribe("gates", gates)
    await work.until(lambda heard: heard == [""])
    await gates.until(lambda heard: heard == [""])  # whoever begins to listen may have missed something

    await telling.write(say("work", "one"))
    await telling.write(say("gates", "two"))
    await work.until(lambda heard: heard == ["", "one"])
    await gates.until(lambda heard: heard == ["", "two"])


async def test_what_is_undone_is_never_told(two: Any) -> None:
    listening, telling = two
    ear = Ear()
    listening.subscribe("work", ear)
    await ear.until(lambda heard: heard == [""])

    def failing() -> Script[None]:
        yield Call("SELECT pg_notify('work', 'undone')")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await telling.write(failing)
    await telling.write(say("work", "done"))
    await ear.until(lambda heard: heard == ["", "done"])


async def test_who_has_stopped_listening_hears_nothing_and_the_others_go_on(two: Any) -> None:
    listening, telling = two
    first, second = Ear(), Ear()
    end = listening.subscribe("work", first)
    listening.subscribe("work", second)
    await second.until(lambda heard: heard == [""])
    end()
    end()
    await telling.write(say("work", "late"))
    await second.until(lambda heard: heard == ["", "late"])
    assert first.heard == [""]


async def test_after_a_kill_of_the_server_it_listens_again_and_looks_at_once(own_server: PostgresServer) -> None:
    database = PostgresDatabase(own_server.url(), patience_s=60)
    await database.start()
    ear = Ear()
    database.subscribe("work", ear)
    await ear.until(lambda heard: heard == [""])
    own_server.kill()
    own_server.start()
    await ear.until(lambda heard: len(heard) >= 2)
    assert set(ear.heard) == {""}  # nobody told anything, but something may have been missed
    await database.write(say("work", "again"))
    await ear.until(lambda heard: heard[-1] == "again")
    await database.stop()


async def test_a_primary_that_has_become_a_standby_is_left(two: Any) -> None:
    """The connection is still good, and nothing will ever be said on it."""
    listening, telling = two
    made: list[Any] = []

    class Demoted:
        """A connection whose server says that it takes no writes any more."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        async def fetchval(self, _sql: str, **_: Any) -> bool:
            return False

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    async def connect() -> Any:
        connection = await listening._connect()
        made.append(connection)
        return Demoted(connection) if len(made) == 1 else connection

    listener, ear = Listener(connect, look_s=0.05), Ear()
    listener.subscribe("work", ear)
    await ear.until(lambda heard: heard == ["", ""])
    await telling.write(say("work", "here"))
    await ear.until(lambda heard: heard[-1] == "here")
    await listener.stop()
    assert len(made) == 2
    assert all(connection.is_closed() for connection in made)


async def test_nobody_who_listens_to_nothing_has_a_connection_more(two: Any, postgres: Any) -> None:
    del postgres
    first, _ = two

    def count() -> Script[int]:
        rows = yield Call("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(rows[0][0])

    before = await first.read(count)
    ear = Ear()
    first.subscribe("work", ear)
    first.subscribe("gates", Ear())
    await ear.until(lambda heard: heard == [""])
    assert await first.read(count) == before + 1
