"""API tokens: who may ask for what. Only a token's SHA-256 is kept.

The tokens are long and random, so a plain hash is enough; there is nothing to guess. Making and removing one is in the
audit log. Called by ``web`` and ``cli``.
"""

import hashlib
import re
import secrets

from penstock.adapters.db.port import Database, Script
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.ledger.audit_log import NOBODY, Author, Entry, entered
from penstock.ledger.rows import Access
from penstock.ledger.statements import Statements

ROLES = ("viewer", "agent", "operator", "admin")  # each may do what the ones before it may
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class Tokens:
    """API tokens by name."""

    def __init__(self, db: Database, sql: Statements, author: Author = NOBODY) -> None:
        self._db = db
        self._sql = sql
        self._author = author

    def by(self, who: str, why: str = "") -> "Tokens":
        """The same, for changes that somebody answers for."""
        return Tokens(self._db, self._sql, Author(who, why))

    async def create(self, name: str, *, role: str, workspace: str | None, now: float) -> str:
        """Make a token and return it; it is not shown again. Raises WrongUse, NotFound or Conflict."""
        if not _NAME.fullmatch(name):
            raise WrongUse(f"a token's name is 1 to 63 of a-z, 0-9, dot, dash and underscore, not {name[:80]!r}")
        if role not in ROLES:
            raise WrongUse(f"a role is one of {', '.join(ROLES)}, not {role[:40]!r}")
        token = "pst_" + secrets.token_urlsafe(32)

        def script() -> Script[None]:
            workspace_id = None
            if workspace is not None:
                found = yield self._sql("get_workspace", name=workspace)
                if not found:
                    raise NotFound(f"there is no workspace {workspace[:80]!r}; `penstock workspace list` shows them")
                workspace_id = found[0][0]
            rows = yield self._sql(
                "insert_token",
                name=name,
                role=role,
                workspace_id=workspace_id,
                sha256=_hash(token),
                now=now,
            )
            if not rows:
                raise Conflict(f"a token named {name} exists already; remove it first, or choose another name")
            after: dict[str, object] = {"role": role, "workspace": workspace}
            yield from entered(self._sql, self._entry("token.create", name, None, after), now)

        await self._db.write(script)
        return token

    async def list(self) -> list[dict[str, object]]:
        """Every token's name, role and workspace; never the token."""

        def script() -> Script[list[dict[str, object]]]:
            rows = yield self._sql("list_tokens")
            keys = ("id", "name", "role", "workspace", "created_at")
            return [dict(zip(keys, row, strict=True)) for row in rows]

        return await self._db.read(script)

    async def remove(self, name: str) -> None:
        """Withdraw a token at once. Raises NotFound."""
        now = await self._db.now()

        def script() -> Script[None]:
            listed = yield self._sql("list_tokens")
            rows = yield self._sql("delete_token", name=name)
            if not rows:
                raise NotFound(f"there is no token {name[:80]!r}; `penstock token list` shows them")
            before: list[dict[str, object]] = [
                {"role": row[2], "workspace": row[3]} for row in listed if row[1] == name
            ]
            yield from entered(self._sql, self._entry("token.remove", name, before[0] if before else None, None), now)

        await self._db.write(script)

    async def access(self, token: str) -> Access | None:
        """What a token allows; None when it is not one of ours."""
        return await self._access("get_access", sha256=_hash(token))

    async def access_by_id(self, token_id: int) -> Access | None:
        """What a token allows, for a session that was opened with it; None once it is withdrawn."""
        return await self._access("get_access_by_id", id=token_id)

    def _entry(
        self, action: str, name: str, before: dict[str, object] | None, after: dict[str, object] | None
    ) -> Entry:
        return Entry(self._author.who, action, {"token": name}, self._author.why, before, after)

    async def _access(self, statement: str, **values: object) -> Access | None:
        def script() -> Script[Access | None]:
            rows = yield self._sql(statement, **values)
            return Access(*rows[0]) if rows else None

        return await self._db.read(script)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
