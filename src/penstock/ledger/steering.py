"""What a fetcher must know to be steered: the gates that are set, and who shares their openings with it.

Looked at twice a second by every fetcher, so gates that did not change are counted and summed, not read. Called by the
keeper in ``controls.gates``.
"""

from typing import Any, NamedTuple

from penstock.adapters.db.port import Database, Script
from penstock.core.gate import Gate
from penstock.ledger.held import gate_of
from penstock.ledger.processes import fetching
from penstock.ledger.statements import Statements

Mark = tuple[Any, ...]


class Look(NamedTuple):
    """What was seen at one look."""

    mark: Mark  # to be handed in at the next one
    gates: list[Gate] | None  # None: as they were at the look before
    fetchers: list[str]  # the processes that fetch, in the order in which they share


class Steering:
    """The gates and the fetchers of this moment."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def look(self, mark: Mark | None, *, now: float) -> Look:
        """The gates in force at ``now``, if they are not those of ``mark``, and the fetchers that are alive."""

        def script() -> Script[Look]:
            fetchers = yield from fetching(self._sql, now)
            seen = tuple((yield self._sql("mark_gates", now=now))[0])
            if seen == mark:
                return Look(seen, None, fetchers)
            rows = yield self._sql("list_gates", now=now)
            return Look(seen, [gate_of(row) for row in rows], fetchers)

        return await self._db.read(script)
