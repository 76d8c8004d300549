"""Which processes of this installation are alive, by the beats they leave.

Called by ``flow`` and ``status``; those that fetch are a part of ``ledger.steering``.
"""

from penstock.adapters.db.port import Database, Script
from penstock.ledger.statements import Statements

ALIVE_S = 30.0  # a process beats every five seconds; after six missed beats it is not shown any more
SHARES_S = 7.0  # a fetcher that was not seen for so long has no share of an opening; where they share, they beat faster
_FORGOTTEN_S = 86_400.0


class Processes:
    """Beats."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def beat(self, id: str, *, role: str, now: float) -> None:  # noqa: A002 -- it is the process's
        """Say that a process is alive."""

        def script() -> Script[None]:
            yield self._sql("beat", id=id, role=role, now=now)
            yield self._sql("forget_processes", before=now - _FORGOTTEN_S)

        await self._db.write(script)

    async def leave(self, id: str) -> None:  # noqa: A002 -- as above
        """Say that a process has ended in good order."""

        def script() -> Script[None]:
            yield self._sql("leave", id=id)

        await self._db.write(script)

    async def alive(self, *, now: float) -> list[dict[str, object]]:
        """The processes that were seen within the last half minute."""

        def script() -> Script[list[dict[str, object]]]:
            rows = yield self._sql("list_processes", since=now - ALIVE_S)
            return [{"id": row[0], "role": row[1], "seen_at": row[2]} for row in rows]

        return await self._db.read(script)

    async def beats(self) -> dict[str, float]:
        """The last beat of every process that did not take its leave, for a day."""

        def script() -> Script[dict[str, float]]:
            rows = yield self._sql("list_processes", since=0.0)
            return {str(row[0]): float(row[2]) for row in rows}

        return await self._db.read(script)


def fetching(sql: Statements, now: float) -> Script[list[str]]:
    """The processes that fetch and were seen a moment ago, by id, as part of a script."""
    rows = yield sql("list_processes", since=now - SHARES_S)
    return [row[0] for row in rows if row[1] == "all" or "fetcher" in row[1].split(",")]
