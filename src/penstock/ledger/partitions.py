"""The parts of the table of attempts, one for each week: made ahead, and dropped whole when nothing in them is kept.

On PostgreSQL only; a file of SQLite has no parts, and every question here is answered with nothing. Dropping waits a
moment only for those who use the table, and is tried again the next time. Called by ``flow.retention``.
"""

from penstock.adapters.db.port import Database, Row, Script
from penstock.core import weeks
from penstock.core.weeks import Part
from penstock.ledger.statements import Statements

_PATIENCE = "200ms"  # others wait behind whoever waits for a lock of the whole table


class Partitions:
    """Parts of the table of attempts."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def there(self) -> list[Part]:
        """The parts that are there, but for the one that everything else falls into."""
        return await self._db.read(self._there)

    async def make_ahead(self, *, now: float) -> list[str]:
        """Make the parts that will be needed; the names of those that were made."""

        def script() -> Script[list[str]]:
            if not (yield self._sql("list_partitions")):
                return []
            outside = (yield self._sql("oldest_outside"))[0][0]
            made = weeks.missing((yield from self._there()), now=now, oldest_outside=outside)
            for part in made:
                yield from self._name(part)
                yield self._sql("make_partition")
            return [part.name for part in made]

        return await self._db.write(script)

    async def drop(self, *, before: float) -> list[str]:
        """Drop the parts of which everything was tried before a time; their names. Raises StoreUnavailable if busy."""
        old = weeks.over(await self.there(), before=before)
        return [part.name for part in old if await self._drop_one(part)]

    async def _drop_one(self, part: Part) -> bool:
        def script() -> Script[bool]:
            if part not in (yield from self._there()):
                return False  # another watcher was quicker
            yield from self._name(part)
            yield self._sql("drop_partition")
            return True

        return await self._db.write(script)

    def _name(self, part: Part) -> Script[list[Row]]:
        return (
            yield self._sql(
                "name_partition",
                name=part.name,
                starts_at=repr(part.starts_at),
                ends_at=repr(part.ends_at),
                patience=_PATIENCE,
            )
        )

    def _there(self) -> Script[list[Part]]:
        rows = yield self._sql("list_partitions")
        found = (weeks.part_of(str(name), str(bound)) for name, bound in rows)
        return [part for part in found if part is not None]
