"""Opens an empty ledger on either store to be measured: filled in bulk, claimed from, and looked into.

For databases of one's own that are thrown away. Called by ``bench``.
"""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.db.visits import PostgresVisits, SqliteVisits, Visited
from penstock.adapters.seal.fernet import FernetSealer
from penstock.ledger.book import Ledger
from penstock.ledger.bulk import Bulk
from penstock.ledger.queue import Queue
from penstock.ledger.statements import load


class Measured(NamedTuple):
    """A ledger, what fills it, and a queue whose transactions are counted and undone."""

    ledger: Ledger
    bulk: Bulk
    counted: Queue
    visited: Visited  # what the counted queue has looked at so far


@contextlib.asynccontextmanager
async def measured(address: Path | str) -> AsyncIterator[Measured]:
    """A file, or the address of a database on a PostgreSQL server. Raises what ``Ledger.start`` raises."""
    db: SqliteDatabase | PostgresDatabase
    visits: SqliteVisits | PostgresVisits
    if isinstance(address, Path):
        db, visits = SqliteDatabase(address), SqliteVisits(address)
    else:
        db, visits = PostgresDatabase(address), PostgresVisits(address)
    ledger = Ledger(db, FernetSealer(["thrown away"]))
    async with contextlib.AsyncExitStack() as stack:
        await ledger.start()
        stack.push_async_callback(ledger.stop)
        await visits.start()
        stack.push_async_callback(visits.stop)
        yield Measured(ledger, Bulk(db, ledger), Queue(visits, load(db.dialect)), visits.visited)
