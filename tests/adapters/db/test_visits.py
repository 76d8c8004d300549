"""Databases that count what a transaction looks at, and undo it."""

from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.db.port import Call, Script
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.db.visits import PostgresVisits, SqliteVisits


def fill() -> Script[int]:
    yield Call("CREATE TABLE things (id integer PRIMARY KEY)")
    yield Call(
        "INSERT INTO things WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n"
    )
    return 500


def look(where: str) -> Any:
    def script() -> Script[list[tuple[Any, ...]]]:
        rows = yield Call(f"SELECT id FROM things WHERE {where}")
        return rows

    return script


def forget() -> Script[int]:
    rows = yield Call("DELETE FROM things RETURNING id")
    return len(rows)


async def test_sqlite_tells_its_steps(tmp_path: Path) -> None:
    db = SqliteDatabase(tmp_path / "a.db")
    await db.start()
    await db.write(fill)
    visits = SqliteVisits(tmp_path / "a.db")
    await visits.start()
    assert len(await visits.read(look("id = 7"))) == 1
    few = visits.visited.steps
    assert len(await visits.read(look("id > 0"))) == 500
    assert visits.visited.steps - few > 10 * few > 0
    assert await visits.write(forget) == 500
    assert len(await db.read(look("id > 0"))) == 500
    assert await visits.now() > 0
    await visits.stop()
    await db.stop()


async def test_postgresql_tells_rows_and_pages(request: pytest.FixtureRequest) -> None:
    postgres = request.getfixturevalue("postgres")
    url = await postgres.new()
    await postgres.run(
        "CREATE TABLE things (id integer PRIMARY KEY); INSERT INTO things SELECT generate_series(1, 500)", url=url
    )
    visits = PostgresVisits(url)
    await visits.start()
    assert await visits.read(look("id % 2 = 0")) == [(number,) for number in range(2, 501, 2)]
    assert visits.visited.rows == 500  # those that were passed over count, too
    assert visits.visited.pages > 0
    assert await visits.write(forget) == 500
    assert len(await visits.read(look("id > 0"))) == 500
    assert await visits.now() > 0
    await visits.stop()
