"""A database that is away is told of once, whoever asks; whoever asked gets the error all the same."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from penstock.adapters.db.port import Call, Script
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.core import outage
from penstock.core.errors import NotFound, StoreUnavailable, Unreachable
from penstock.ledger.watched import WatchedDatabase


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[WatchedDatabase]:
    database = WatchedDatabase(SqliteDatabase(tmp_path / "test.db"))
    await database.start()

    def table() -> Script[None]:
        yield Call("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")

    await database.write(table)
    yield database
    await database.stop()


def insert() -> Script[int]:
    yield Call("INSERT INTO numbers (n) VALUES (1)")
    return 1


def count() -> Script[int]:
    rows = yield Call("SELECT count(*) FROM numbers")
    return int(rows[0][0])


def query_only(on: bool) -> Script[None]:
    yield Call(f"PRAGMA query_only = {int(on)}")


async def test_it_is_the_database_that_it_stands_before(db: WatchedDatabase) -> None:
    assert await db.write(insert) == await db.read(count) == 1
    assert db.dialect == "sqlite"
    assert await db.now() > 1_700_000_000
    assert db._path.name == "test.db"


async def test_a_store_that_takes_no_writes_is_told_of_once_and_once_when_it_does(
    db: WatchedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "QUIET_S", 0.0)
    with capture_logs() as logged:
        await db.write(lambda: query_only(True))
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await db.write(insert)
        assert await db.read(count) == 0
        writer = db._db._writer  # type: ignore[attr-defined]
        writer._connection.pragma("query_only", False)
        await db.write(insert)

    assert [entry["event"] for entry in logged] == ["store.unavailable", "store.available_again"]
    assert logged[1]["failures"] == 3


async def test_what_a_script_itself_raises_is_no_outage(db: WatchedDatabase) -> None:
    def raising() -> Script[None]:
        yield Call("SELECT 1")
        raise NotFound("no such thing")

    with capture_logs() as logged:
        for work in (db.read, db.write):
            with pytest.raises(NotFound):
                await work(raising)
    assert logged == []


async def test_that_it_was_closed_is_no_outage(db: WatchedDatabase) -> None:
    await db.stop()
    with capture_logs() as logged:
        with pytest.raises(StoreUnavailable):
            await db.write(insert)
        with pytest.raises(Unreachable):
            await db.read(count)
    assert logged == []


class Noted:
    """Notes what it is told of transactions."""

    def __init__(self) -> None:
        self.took_s: list[tuple[str, float]] = []
        self.failures: list[str] = []

    def took(self, doing: str, seconds: float) -> None:
        self.took_s.append((doing, seconds))

    def failed(self, doing: str) -> None:
        self.failures.append(doing)


async def test_every_transaction_is_measured(tmp_path: Path) -> None:
    noted = Noted()
    database = WatchedDatabase(SqliteDatabase(tmp_path / "test.db"), noted)
    with pytest.raises(StoreUnavailable):
        await database.write(insert)
    await database.start()
    await database.write(lambda: query_only(False))
    await database.read(lambda: query_only(False))
    await database.stop()

    assert [doing for doing, _ in noted.took_s] == ["write", "read"]
    assert all(seconds > 0 for _, seconds in noted.took_s)
    assert noted.failures == ["write"]
