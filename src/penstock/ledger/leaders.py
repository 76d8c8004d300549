"""Who does what only one process should do at a time: a lease for each role, in the database.

Two may believe that they lead for a moment, when one of them was stopped for longer than its lease. So a leader does
nothing that two may not do at once: leading only spares work. Called by ``flow.leading``.
"""

from penstock.adapters.db.port import Database, Script
from penstock.ledger.statements import Statements


class Leaders:
    """Leases of roles."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def take(self, role: str, *, owner: str, now: float, lease_s: float) -> bool:
        """Lead, or go on leading, for so many seconds. False: somebody else does."""

        def script() -> Script[bool]:
            rows = yield self._sql("take_lead", role=role, owner=owner, now=now, lease_until=now + lease_s)
            return bool(rows)

        return await self._db.write(script)

    async def leave(self, role: str, *, owner: str) -> None:
        """Lead no longer, so that somebody else need not wait for the lease to run out."""

        def script() -> Script[None]:
            yield self._sql("leave_lead", role=role, owner=owner)

        await self._db.write(script)

    async def leader(self, role: str) -> tuple[str, float] | None:
        """Who led last, and until when; None when nobody did, or the last one left."""

        def script() -> Script[tuple[str, float] | None]:
            rows = yield self._sql("get_leader", role=role)
            return (str(rows[0][0]), float(rows[0][1])) if rows else None

        return await self._db.read(script)
