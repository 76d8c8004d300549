"""One run of a script: statement by statement, many at once, or undone."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from penstock.adapters.db.port import Call, Gives, Script
from penstock.adapters.db.postgres_transaction import Several, run

BEGIN = "BEGIN"


@pytest.fixture
async def connection(postgres: Any) -> AsyncIterator[Any]:
    """A connection to a database with one table."""
    made = await asyncpg.connect(await postgres.new())
    await made.execute("CREATE TABLE numbers (id bigint GENERATED ALWAYS AS IDENTITY, n bigint UNIQUE)")
    yield made
    await made.close()


async def test_many_answer_with_one_row_each_in_their_order(connection: Any) -> None:
    inserted = (
        "WITH done AS (INSERT INTO numbers (n) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id) "
        "SELECT (SELECT id FROM done)"
    )

    def script() -> Script[Any]:
        ids = yield Call(inserted, [(5,), (6,), (5,), (7,)], True, Gives.ROW_ID)
        nothing = yield Call("UPDATE numbers SET n = n + 100 WHERE n = $1", [(5,), (6,)], True)
        none = yield Call(inserted, [], True, Gives.ROW_ID)
        return [row[0] for row in ids], nothing, none

    (first, second, again, last), nothing, none = await run(connection, BEGIN, script, clean=False)

    assert again is None
    assert first < second < last
    assert (nothing, none) == ([], [])
    assert [row[0] for row in await connection.fetch("SELECT n FROM numbers ORDER BY n")] == [7, 105, 106]


async def test_several_statements_in_one_text_are_run(connection: Any) -> None:
    def script() -> Script[Any]:
        return (yield Call("CREATE TABLE a (x int); CREATE TABLE b (x int)"))

    assert await run(connection, BEGIN, script, clean=False) == []
    assert await connection.fetchval("SELECT count(*) FROM b") == 0


async def test_without_a_transaction_there_is_one_statement_only(connection: Any) -> None:
    def one() -> Script[int]:
        return int((yield Call("SELECT 1"))[0][0])

    def two() -> Script[None]:
        yield Call("SELECT 1")
        yield Call("SELECT 2")

    assert await run(connection, None, one, clean=False) == 1
    with pytest.raises(Several):
        await run(connection, None, two, clean=False)


async def test_a_transaction_that_the_server_gave_up_is_no_success(connection: Any) -> None:
    def script() -> Script[None]:
        yield Call("SELECT 1")

    await connection.execute("BEGIN")
    with pytest.raises(asyncpg.UndefinedTableError):
        await connection.execute("SELECT * FROM nothing")
    with pytest.raises(asyncpg.PostgresError):
        await run(connection, "SELECT 1", script, clean=False)
