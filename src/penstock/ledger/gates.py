"""Gates as rows: one per scope and owner. What they mean together is decided in ``core.gate``.

Shutting or opening is one row whatever waits behind it, and one entry of the audit log in the same transaction; setting
a gate to what it is already is neither. An automatic gate ends by itself unless it is renewed, and being renewed is no
change. Called by ``controls``, ``cli`` and ``web.api``.
"""

from penstock.adapters.db.port import Database, Script
from penstock.core import gate
from penstock.core.errors import WrongUse
from penstock.core.gate import Gate
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.held import gate_of
from penstock.ledger.signals import GATES, told
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
        wanted = (opening, by, why, until, override_automatic)

        def script() -> Script[int]:
            # Whoever changes a gate holds the log's head from the start: what it was before is what it says.
            yield self._sql("lock_audit_head")
            before = yield from self._found(kind, value, owner, now)
            if before is not None and _set_to(before) == wanted:
                return before.id
            renewed = before is not None and owner in gate.AUTOMATIC and _set_to(before, until=until) == wanted
            rows = yield self._sql(
                "shut_gate",
                scope_kind=kind,
                scope_value=value,
                owner=owner,
                opening=opening,
                overrides=int(override_automatic),
                by_whom=by,
                why=why,
                now=before.since if before is not None and renewed else now,
                until=until,
            )
            if renewed:
                return int(rows[0][0])
            after = yield from self._found(kind, value, owner, now)
            action = "gate.shut" if opening == 0 else "gate.set"
            yield from entered(self._sql, _entry(by, action, scope, owner, why, before, after), now)
            yield told(self._sql, GATES)
            return int(rows[0][0])

        return await self._db.write(script)

    async def open(
        self, scope: dict[str, str], *, owner: str, by: str | None = None, why: str = "", now: float | None = None
    ) -> int:
        """Take the gate of a scope and an owner away; how many there were (0 or 1). An owner may speak for itself."""
        kind, value = _one(scope)
        at = await self._db.now() if now is None else now

        def script() -> Script[int]:
            yield self._sql("lock_audit_head")
            before = yield from self._found(kind, value, owner, at)
            rows = yield self._sql("open_gate", scope_kind=kind, scope_value=value, owner=owner)
            if before is not None:
                yield from entered(self._sql, _entry(by or owner, "gate.open", scope, owner, why, before, None), at)
                yield told(self._sql, GATES)
            return len(rows) if before is not None else 0

        return await self._db.write(script)

    def _found(self, kind: str, value: str, owner: str, now: float) -> Script[Gate | None]:
        """A gate as it stands; one whose time is over does not stand any more."""
        rows = yield self._sql("get_gate", scope_kind=kind, scope_value=value, owner=owner)
        found = [each for each in map(gate_of, rows) if gate.in_force(each, now)]
        return found[0] if found else None


def _one(scope: dict[str, str]) -> tuple[str, str]:
    """The one thing that a gate's scope names; ("", "") for everything. Raises WrongUse."""
    if len(scope) > 1 or not all(scope.values()):
        raise WrongUse("a gate's scope is everything, or exactly one thing by its name")
    return next(iter(scope.items())) if scope else ("", "")


def _set_to(row: Gate, **other: float | None) -> tuple[float | None, str, str, float | None, bool]:
    """What a gate is set to; with another end where one is given."""
    return row.opening, row.by, row.why, other.get("until", row.until), row.override_automatic


def _entry(
    who: str, action: str, scope: dict[str, str], owner: str, why: str, before: Gate | None, after: Gate | None
) -> Entry:
    subject = {"scope": scope, "owner": owner}
    return Entry(who, action, subject, why, _told(before), _told(after))


def _told(row: Gate | None) -> dict[str, object] | None:
    if row is None:
        return None
    keys = ("opening", "since", "until", "by", "why", "override_automatic")
    return {key: getattr(row, key) for key in keys}
