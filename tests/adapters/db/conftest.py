"""What the tests of the SQLite store share: an open database with one table, and scripts for it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from penstock.adapters.db.port import Call, Script
from penstock.adapters.db.sqlite import SqliteDatabase

Insert = Callable[[int], Callable[[], Script[int]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "store" / "test.db"


@pytest.fixture
async def db(path: Path) -> AsyncIterator[SqliteDatabase]:
    """An open database with a table of numbers that are unique."""
    database = SqliteDatabase(path, busy_timeout_s=0.1)
    await database.start()

    def script() -> Script[None]:
        yield Call("CREATE TABLE numbers (n INTEGER PRIMARY KEY, body BLOB) STRICT")

    await database.write(script)
    yield database
    await database.stop()


@pytest.fixture
def insert() -> Insert:
    """Makes a script that inserts a number and returns it."""

    def make(number: int) -> Callable[[], Script[int]]:
        def script() -> Script[int]:
            yield Call("INSERT INTO numbers (n) VALUES (?1)", (number,))
            return number

        return script

    return make


@pytest.fixture
def numbers() -> Callable[[], Script[list[int]]]:
    """A script that reads all numbers."""

    def script() -> Script[list[int]]:
        rows = yield Call("SELECT n FROM numbers ORDER BY n")
        return [int(row[0]) for row in rows]

    return script
