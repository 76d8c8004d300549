"""What tests of the flow share when they must hold on both stores: a ledger that things can be sent to, however old."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core import blobkey
from penstock.core.keeping import DAY_S
from penstock.core.reading import read
from penstock.core.work import Attached, Claim, Ending, Expired, Failed, Outcome
from penstock.flow.auditing import Report, audit
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Message, Receipt

OURS, THEIRS, NOBODYS = "100000000000002", "100000000000003", "100000000000004"
BYTES = b"abc"
ENDINGS: dict[str, Ending] = {
    "attached": Attached(size=len(BYTES), sha256=hashlib.sha256(BYTES).digest(), content_type="image/jpeg"),
    "expired": Expired(Outcome.GONE, "Meta's copy is gone."),
    "failed": Failed(Outcome.GONE, "It cannot be had."),
}


class Place:
    """Two workspaces with a number each, files in a folder, and what tests do with them all the time."""

    def __init__(self, dialect: str, address: str, folder: Path) -> None:
        self.dialect = dialect
        self.address = address
        self.folder = folder
        db = PostgresDatabase(address) if dialect == "postgres" else SqliteDatabase(Path(address))
        self.ledger = Ledger(db, FernetSealer(["a key of the tests"]))
        self.blobs = DiskBlobs(folder / "blobs")

    async def start(self) -> None:
        """Open it, and say who is served."""
        await self.ledger.start()
        await self.blobs.start()
        store, now = self.ledger.provisioning, await self.ledger.now()
        await store.add_app("main", secret="app-secret", verify_token="verify-me", now=now)
        await store.add_credential("token-a", token="EAAGtokenA", now=now)
        for workspace, number in (("acme", OURS), ("globex", THEIRS)):
            await store.add_workspace(workspace, now=now)
            await store.add_number(number, workspace=workspace, app="main", credential="token-a", now=now)

    async def stop(self) -> None:
        """Close it."""
        await self.ledger.stop()
        await self.blobs.stop()

    async def receive(self, body: bytes, *, days_ago: float = 0.0) -> Receipt:
        """Store a body as a receiver does, as if it had come so many days ago."""
        snapshot = await self.ledger.provisioning.snapshot()
        receipt = await self.ledger.journal.receive(
            app_id=1,
            body=body,
            signature="sha256=00",
            reading=read(body),
            routes={route.phone_number_id: route for route in snapshot.routes},
            version=snapshot.version,
            now=await self.ledger.now() - days_ago * DAY_S,
        )
        assert receipt is not None
        return receipt

    async def claim(self) -> list[Claim]:
        """Take every file that waits."""
        return await self.ledger.queue.claim(owner="me", limit=1000, now=await self.ledger.now(), lease_s=60.0)

    async def end(self, claims: list[Claim], ending: str = "attached") -> int:
        """End the work on claims, with their bytes where they are attached; how many counted."""
        counted = 0
        for claim in claims:
            if ending == "attached":
                async with self.blobs.upload(blobkey.key(claim.id)) as upload:
                    await upload.write(BYTES)
                    await upload.commit()
            counted += await self.ledger.queue.settle(claim, ENDINGS[ending], (), now=await self.ledger.now())
        return counted

    async def attach_all(self) -> None:
        """Fetch everything that waits."""
        await self.end(await self.claim())

    async def audit(self, *, deep: bool = True) -> Report:
        """Count everything again."""
        return await audit(self.ledger, self.blobs if deep else None)

    async def counts(self) -> dict[str, dict[str, int]]:
        """What the audit says of each workspace; it must be in order."""
        report = await self.audit()
        assert report.ok, report.problems
        names = ("received", "waiting", "fetching", "attached", "expired", "failed", "erased")
        return {
            tally.workspace: {name: getattr(tally, name) for name in names if getattr(tally, name)}
            for tally in report.workspaces
        }

    async def message(self, wamid: str) -> Message | None:
        """A message, if it is there."""
        return await self.ledger.shelf.message(wamid=wamid, workspace_id=None)

    def keys(self) -> set[str]:
        """The keys of the bytes that are there."""
        return {str(path.relative_to(self.folder / "blobs")) for path in (self.folder / "blobs").glob("*/*")}

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement answers with, or changes, from outside of the ledger."""
        if self.dialect == "postgres":
            connection = await asyncpg.connect(self.address)
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()

        def ask() -> list[tuple[Any, ...]]:
            file = apsw.Connection(self.address)
            file.set_busy_timeout(10_000)
            try:
                return file.execute(sql).fetchall()
            finally:
                file.close()

        return await asyncio.to_thread(ask)

    async def everything(self) -> str:
        """Every row of every table, as text."""
        if self.dialect == "postgres":
            tables = await self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        else:
            tables = await self.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")
        found: list[str] = []
        for (table,) in tables:
            found += [_as_text(row) for row in await self.rows(f"SELECT * FROM {table}")]
        return "\n".join(found)


def _as_text(row: tuple[Any, ...]) -> str:
    return "|".join(each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in row)


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """An installation without a running process, on either store."""
    address = str(tmp_path / "penstock.db")
    if request.param == "postgres":
        address = await request.getfixturevalue("postgres").emptied()
    made = Place(request.param, address, tmp_path)
    await made.start()
    yield made
    await made.stop()
