"""Gates as rows: one per scope and owner. What they mean together is decided in ``core.gate``.

Shutting or opening is one row whatever waits behind it. Called by the keeper in ``controls.gates`` and by ``cli``.
"""

from penstock.adapters.db.port import Database, Script
from penstock.core.errors import WrongUse
from penstock.core.gate import Gate
from penstock.ledger.held import gate_of
from penstock.ledger.statements import Statements


class Gates:
    """The gates that are set."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def active(self, *, now: float) -> list[Gate]:
        """Every gate that counts at ``now``."""

        def script() -> Script[list[Gate]]:
            rows = yield self._sql("list_gates", now=now)
            return [gate_of(row) for row in rows]

        return await self._db.read(script)

    async def shut(
        self,
        scope: dict[str, str],
        *,
        owner: str,
        by: str,
        why: str,
        now: float,
        opening: float | None = 0.0,
        until: float | None = None,
        override_automatic: bool = False,
    ) -> int:
        """Set the gate of a scope and an owner; returns its id. Opening in items per second, 0 = shut, None = wide."""
        kind, value = _one(scope)

        def script() -> Script[int]:
            rows = yield self._sql(
                "shut_gate",
                scope_kind=kind,
                scope_value=value,
                owner=owner,
                opening=opening,
                overrides=int(override_automatic),
                by_whom=by,
                why=why,
                now=now,
                until=until,
            )
            return int(rows[0][0])

        return await self._db.write(script)

    async def open(self, scope: dict[str, str], *, owner: str) -> int:
        """Take the gate of a scope and an owner away; how many there were (0 or 1)."""
        kind, value = _one(scope)

        def script() -> Script[int]:
            rows = yield self._sql("open_gate", scope_kind=kind, scope_value=value, owner=owner)
            return len(rows)

        return await self._db.write(script)


def _one(scope: dict[str, str]) -> tuple[str, str]:
    """The one thing that a gate's scope names; ("", "") for everything. Raises WrongUse."""
    if len(scope) > 1 or not all(scope.values()):
        raise WrongUse("a gate's scope is everything, or exactly one thing by its name")
    return next(iter(scope.items())) if scope else ("", "")
