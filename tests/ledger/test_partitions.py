"""Weeks of attempts: made ahead, filled by what came too early, and dropped whole; a file of SQLite has none."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import StoreUnavailable
from penstock.core.weeks import WEEK_S
from penstock.ledger.book import Ledger

NOW = 1_795_000_000.0
ATTEMPT = (
    "INSERT INTO attempts (media_row, at, operation, declared_method, outcome, duration_s, recipe) "
    "VALUES (1, {at}, 'media.look_up', 'GET', 'delivered', 0.1, 'standard/1')"
)


@pytest.fixture
async def url(postgres: Any) -> str:
    """A database of its own: its parts are not those that other tests rely on."""
    address: str = await postgres.new()
    return address


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    """A ledger on it."""
    book = Ledger(PostgresDatabase(url), FernetSealer(["a key of the tests"]))
    await book.start()
    yield book
    await book.stop()


async def ask(url: str, sql: str) -> list[Any]:
    """A statement outside of the ledger."""
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_weeks_are_made_ahead_once(ledger: Ledger) -> None:
    assert len(await ledger.partitions.make_ahead(now=NOW)) == 3
    assert await ledger.partitions.make_ahead(now=NOW) == []
    assert len(await ledger.partitions.make_ahead(now=NOW + WEEK_S)) == 1


async def test_several_watchers_may_make_them_at_once(ledger: Ledger) -> None:
    made = await asyncio.gather(*(ledger.partitions.make_ahead(now=NOW) for _ in range(4)))

    assert sorted(len(each) for each in made) == [0, 0, 0, 3]


async def test_what_came_before_its_week_was_made_is_moved_there(ledger: Ledger, url: str) -> None:
    for at in (NOW, NOW + WEEK_S, NOW - 40 * WEEK_S):
        await ask(url, ATTEMPT.format(at=at))
    assert await ask(url, "SELECT count(*) FROM attempts_other") == [3]
    await ledger.partitions.make_ahead(now=NOW)

    assert await ask(url, "SELECT count(*) FROM attempts_other") == [0]
    assert await ask(url, "SELECT id FROM attempts ORDER BY id") == [1, 2, 3]
    assert len(await ask(url, "SELECT DISTINCT tableoid FROM attempts")) == 3


async def test_a_week_is_dropped_when_all_of_it_is_over(ledger: Ledger, url: str) -> None:
    await ledger.partitions.make_ahead(now=NOW)
    await ask(url, ATTEMPT.format(at=NOW))
    await ask(url, ATTEMPT.format(at=NOW + WEEK_S))
    assert await ledger.partitions.drop(before=NOW) == ["attempts_first"]
    (week,) = await ledger.partitions.drop(before=NOW + WEEK_S)

    assert await ask(url, "SELECT at FROM attempts") == [NOW + WEEK_S]
    assert week not in [part.name for part in await ledger.partitions.there()]
    assert await ledger.partitions.drop(before=NOW + WEEK_S) == []


async def test_a_table_in_use_is_left_for_the_next_time(ledger: Ledger, url: str) -> None:
    reader = await asyncpg.connect(url)
    try:
        await reader.execute("BEGIN; SELECT count(*) FROM attempts")
        with pytest.raises(StoreUnavailable):
            await ledger.partitions.drop(before=NOW)
    finally:
        await reader.close()
    assert await ledger.partitions.drop(before=NOW) == ["attempts_first"]


async def test_a_table_that_was_there_before_becomes_the_first_part_as_it_lies(url: str) -> None:
    from penstock.ledger import schema

    before = PostgresDatabase(url)
    await before.start()
    older = [each for each in schema.available("postgres") if each[0] < 6]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "available", lambda _: older)
        await before.write(schema.bring_up("postgres", NOW))
    await before.stop()
    await ask(url, ATTEMPT.format(at=NOW))
    book = Ledger(PostgresDatabase(url), FernetSealer(["a key of the tests"]))
    assert "erasing" in await book.start()
    try:
        await ask(url, ATTEMPT.format(at=NOW + WEEK_S))
        assert await ask(url, "SELECT id FROM attempts_first ORDER BY id") == [1, 2]
        (first,) = await book.partitions.there()
        assert first.ends_at > NOW + 2 * WEEK_S
        await book.partitions.make_ahead(now=first.ends_at)
        await ask(url, ATTEMPT.format(at=first.ends_at))
        assert await ask(url, "SELECT id FROM attempts ORDER BY id") == [1, 2, 3]
    finally:
        await book.stop()


async def test_a_file_has_no_parts(request: pytest.FixtureRequest, tmp_path: Any) -> None:
    from penstock.adapters.db.sqlite import SqliteDatabase

    book = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["a key of the tests"]))
    await book.start()
    try:
        assert await book.partitions.there() == []
        assert await book.partitions.make_ahead(now=NOW) == []
        assert await book.partitions.drop(before=NOW) == []
    finally:
        await book.stop()
