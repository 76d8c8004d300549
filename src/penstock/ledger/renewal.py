"""New tokens: since when each credential has the token that it has, and what waits for a new one.

Tokens themselves are the business of ``ledger.provisioning``. Called by ``controls.gates.auth``.
"""

from penstock.adapters.db.port import Database, Script
from penstock.ledger.statements import Statements


class Renewal:
    """Credentials, as far as their gates are concerned."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def changes(self) -> dict[str, float]:
        """Since when each credential has its token, epoch seconds, by name."""

        def script() -> Script[dict[str, float]]:
            rows = yield self._sql("list_credential_changes")
            return {name: float(changed_at) for name, changed_at in rows}

        return await self._db.read(script)

    async def hurry(self, credential: str, *, now: float) -> int:
        """Make due at once what waits since this credential's token was refused: it has a new one. How many."""

        def script() -> Script[int]:
            rows = yield self._sql("hurry_credential", credential=credential, now=now)
            return len(rows)

        return await self._db.write(script)
