"""What the tests of the ledger share: both stores, bodies stored as the receiver stores them, files claimed and ended.

Every test that asks for a ledger runs on SQLite and on PostgreSQL.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from penstock.adapters.db.port import Database
from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.reading import read
from penstock.core.work import Attached, Claim, Ending, Expired, Failed, Outcome, PutBack, RetryLater
from penstock.ledger.book import Ledger
from penstock.ledger.feed import Feed
from penstock.ledger.rows import Event, Media, Message, Receipt


class StampedFeed(Feed):
    """The feed with a stamper that is never late: it works before everybody who looks."""

    async def after(self, position: int, *, workspace_id: int | None, limit: int = 100) -> list[Event]:
        await self.stamp()
        return await super().after(position, workspace_id=workspace_id, limit=limit)

    async def last(self) -> int:
        await self.stamp()
        return await super().last()


class Store:
    """Where a ledger is kept, for tests that look at it from outside or open it a second time."""

    def __init__(self, dialect: str, address: str) -> None:
        self.dialect = dialect
        self.address = address

    def database(self) -> Database:
        """Another opening of the same database."""
        return PostgresDatabase(self.address) if self.dialect == "postgres" else SqliteDatabase(Path(self.address))

    def ledger(self, key: str = "a key of the tests") -> Ledger:
        """Another ledger on the same database, as another process would have it. Not started."""
        book = Ledger(self.database(), FernetSealer([key]))
        book.feed = StampedFeed(book._db, book._sql, book.shelf)
        return book

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement answers with, or changes."""
        if self.dialect == "postgres":
            connection = await asyncpg.connect(self.address)
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()
        file = apsw.Connection(self.address)
        file.set_busy_timeout(30_000)  # the ledger may be putting its log away
        try:
            return file.execute(sql).fetchall()
        finally:
            file.close()

    async def bytes(self) -> bytes:
        """Everything that is kept, as it is kept."""
        if self.dialect == "sqlite":
            return b"".join(path.read_bytes() for path in Path(self.address).parent.iterdir() if path.is_file())
        tables = await self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = b""
        for (table,) in tables:
            for row in await self.rows(f"SELECT * FROM {table}"):
                found += b"|".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
        return found


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A database of one of the two kinds, empty."""
    if request.param == "sqlite":
        return Store("sqlite", str(tmp_path / "penstock.db"))
    return Store("postgres", await request.getfixturevalue("postgres").emptied())


@pytest.fixture
async def ledger(store: Store) -> AsyncIterator[Ledger]:
    """An empty ledger, on either store."""
    book = store.ledger()
    await book.start()
    yield book
    await book.stop()


class Desk:
    """A provisioned ledger and what tests do with it all the time."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    async def receive(self, body: bytes, *, now: float | None = None, app_id: int = 1) -> Receipt:
        """Store a body for the numbers that are registered now."""
        snapshot = await self.ledger.provisioning.snapshot()
        receipt = await self.ledger.journal.receive(
            app_id=app_id,
            body=body,
            signature="sha256=00",
            reading=read(body),
            routes={route.phone_number_id: route for route in snapshot.routes},
            version=snapshot.version,
            now=await self.ledger.now() if now is None else now,
        )
        assert receipt is not None
        return receipt

    async def message(self, wamid: str) -> Message:
        """A message that must be there."""
        found = await self.ledger.shelf.message(wamid=wamid, workspace_id=None)
        assert found is not None
        return found

    async def files(self, wamid: str) -> dict[str, str]:
        """The states of a message's files by media id."""
        return {file.media_id: file.state for file in (await self.message(wamid)).media}

    async def all_files(self, **filters: Any) -> list[Media]:
        """Every file that passes a filter."""
        return list((await self.ledger.shelf.media_list(limit=1000, **filters)).items)

    async def events(self, after: int = 0) -> list[Event]:
        """The feed."""
        return await self.ledger.feed.after(after, workspace_id=None, limit=1000)

    async def told(self, after: int = 0) -> list[tuple[str, str]]:
        """The feed as (kind, id of the message or file)."""
        return [
            (event.kind, event.message.wamid if event.message else event.media.media_id if event.media else "")
            for event in await self.events(after)
        ]

    async def claim(self, limit: int = 100, *, now: float | None = None, lease_s: float = 60.0) -> list[Claim]:
        """Take what is due."""
        at = await self.ledger.now() if now is None else now
        return await self.ledger.queue.claim(owner="me", limit=limit, now=at, lease_s=lease_s)

    async def settle(self, claim: Claim, ending: Ending, *, now: float | None = None) -> bool:
        """End the work on a claim."""
        at = await self.ledger.now() if now is None else now
        return await self.ledger.queue.settle(claim, ending, (), now=at)


@pytest.fixture
def desk(provisioned: Ledger) -> Desk:
    """A provisioned ledger and what tests do with it all the time."""
    return Desk(provisioned)


@pytest.fixture
def attached() -> Attached:
    """An ending: the bytes are there."""
    return Attached(size=3, sha256=b"\x01" * 32, content_type="image/jpeg")


@pytest.fixture
def endings(attached: Attached) -> Callable[[str], Ending]:
    """Makes endings by name."""
    made: dict[str, Ending] = {
        "attached": attached,
        "retry": RetryLater(due_at=0.0, outcome=Outcome.UPSTREAM, reason="Meta answered 503."),
        "put back": PutBack(due_at=0.0),
        "expired": Expired(Outcome.GONE, "Meta's copy is gone."),
        "failed": Failed(Outcome.GONE, "It cannot be had."),
    }
    return lambda name: made[name]
