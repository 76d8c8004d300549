"""What the ledger needs of a database.

A transaction is a *script*: a generator that yields ``Call``s and receives their rows, and whose return value is the
transaction's result. The adapter drives it: SQLite inside its one writer thread, where many scripts share a commit,
PostgreSQL on a connection of its pool. So every store is written once, without await, for both. A script may be begun
again from its start when the transaction that it shared is undone, so it changes nothing but the database. Not a query
builder and not an ORM. Implemented by ``sqlite`` and ``postgres``; called by the ledger only.
"""

from collections.abc import Callable, Generator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple, Protocol, TypeVar

Row = tuple[Any, ...]
T = TypeVar("T")


class Gives(IntEnum):
    """What a statement answers with. One that is run for many elements answers with a row for each, except ROWS."""

    ROWS = 0  # the rows that it selects or returns; of many, nothing
    ROW_ID = (
        1  # the id of what it inserted: [(id,)], or [] when it inserted nothing; of many, (id,) or (None,) for each
    )
    COUNT = 2  # an empty row for each row that it changed; of many, (how many,) for each
    ROW = 3  # of many: the row that each returns, its first value None where it returned none


class Call(NamedTuple):
    """One statement with its positional arguments; ``many`` runs it for each element of ``args``.

    A text of several statements takes no arguments and answers nothing.
    """

    sql: str
    args: Sequence[Any] = ()
    many: bool = False
    gives: Gives = Gives.ROWS


Script = Generator[Call, list[Row], T]


class Database(Protocol):
    """Durable transactions by script."""

    dialect: str  # "sqlite" or "postgres"

    async def start(self) -> None:
        """Open; raises UnsafeStore or Unreachable."""

    async def stop(self) -> None:
        """Finish what is queued, then close."""

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run one transaction; returns when it is durable. Raises StoreUnavailable when it cannot be."""

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script on a consistent snapshot, without writing."""

    async def now(self) -> float:
        """The database's clock, epoch seconds."""

    def subscribe(self, channel: str, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call ``heard`` soon after another process has told something on a channel, with what it told.

        Called with "" when something may have been missed. A courtesy: where there is no way to be told (SQLite) it is
        never called, so whoever listens also looks by itself. What is given back ends it.
        """
