"""A database that is watched: what it cannot do is told in one line for everybody who meets it.

It changes nothing and tries nothing again; whoever asked gets the error as it came. Put around the database of a
running instance by ``wiring``; commands say for themselves what they cannot reach.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from penstock.adapters.db.port import Database, Script
from penstock.core.errors import Unreachable
from penstock.ledger.telling import Teller

T = TypeVar("T")

MEANING = "webhooks are answered 503 and come again, files wait: nothing is lost, and it goes on by itself once mended"
_READ, _WRITE = "read", "write"


class Measuring(Protocol):
    """Told what became of each transaction, ``doing`` being "read" or "write". Must not wait and must not raise."""

    def took(self, doing: str, seconds: float) -> None:
        """It was carried out."""

    def failed(self, doing: str) -> None:
        """It could not be."""


class WatchedDatabase:
    """Another database, watched from its start to its stop."""

    def __init__(self, db: Database, measuring: Measuring | None = None) -> None:
        self._db = db
        self._measuring = measuring
        self._teller = Teller("store", meaning=MEANING)
        self._open = False
        self.dialect = db.dialect

    def __getattr__(self, name: str) -> Any:
        """What only one kind of database can do."""
        return getattr(self._db, name)

    async def start(self) -> None:
        """Open it. Raises UnsafeStore or Unreachable."""
        await self._db.start()
        self._open = True

    async def stop(self) -> None:
        """Close it; that it is closed is no outage."""
        self._open = False
        await self._db.stop()

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run one transaction. Raises StoreUnavailable when it cannot be durable."""
        began = time.perf_counter()
        try:
            result = await self._db.write(script)
        except Unreachable as error:
            self._failed(_WRITE, error)
            raise
        self._went(_WRITE, began)
        return result

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script on a consistent snapshot. Raises Unreachable."""
        began = time.perf_counter()
        try:
            result = await self._db.read(script)
        except Unreachable as error:
            self._failed(_READ, error)
            raise
        self._went(_READ, began)
        return result

    async def now(self) -> float:
        """The database's clock, epoch seconds."""
        return await self._db.now()

    def _went(self, doing: str, began: float) -> None:
        self._teller.went(doing)
        if self._measuring is not None:
            self._measuring.took(doing, time.perf_counter() - began)

    def _failed(self, doing: str, error: Unreachable) -> None:
        if self._measuring is not None:
            self._measuring.failed(doing)
        if self._open:
            self._teller.failed(doing, str(error))
