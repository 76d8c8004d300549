"""How far each alert target has been told of incidents, and what keeps it from being told more.

The events of incidents are the only outbox: a target is a place in them, moved on when it has taken what was told. What
is told and by whom is decided elsewhere; no address and no secret is kept here. Called by ``controls.watch`` and by
those who show how things stand.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence

import msgspec

from penstock.adapters.db.port import Database, Row, Script
from penstock.ledger.statements import Statements

_MOST_SAID = 300  # characters of what a target answered


class TargetState(msgspec.Struct, frozen=True):
    """How a target stands. Times are epoch seconds."""

    id: str
    name: str
    origin: str  # this installation, in the keys that targets are given
    since: float
    position: int  # the number of the last event that it was told, or that was not to be told
    heard: frozenset[int]  # incidents that it knows as open
    told: int
    told_at: float | None
    passed_over: int  # alerts that it would not take as they were
    attempts: int  # that failed, since it took something
    next_at: float | None
    error: str | None
    lasting: bool  # it will not take anything until somebody mends it
    failing_since: float | None
    behind: int  # events that it has not been told

    @property
    def state(self) -> str:
        """In one word."""
        if self.error is None:
            return "ok"
        return "refused" if self.lasting else "failing"


_new_state: Callable[..., TargetState] = TargetState


class Alerts:
    """The alert targets of an installation."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def begin(self, targets: Sequence[tuple[str, str]], *, now: float) -> None:
        """Make the rows those of these targets, by id and name: a new one begins here, one that is not named goes."""

        def script() -> Script[None]:
            rows = yield self._sql("list_alert_targets")
            named = dict(targets)
            for row in rows:
                if row[0] not in named:
                    yield self._sql("delete_alert_target", id=row[0])
            ((born_at,),) = yield self._sql("get_birth")
            # One that was moved to another database keeps the origin that targets know already.
            origin = _origin(rows, born_at)
            yield self._sql("lock_incident_events")
            for id_, name in targets:
                yield self._sql("insert_alert_target", id=id_, name=name, origin=origin, now=now)

        await self._db.write(script)

    async def targets(self) -> list[TargetState]:
        """How each target stands, by name."""

        def script() -> Script[list[TargetState]]:
            rows = yield self._sql("list_alert_targets")
            return [_state(row) for row in rows]

        return await self._db.read(script)

    async def target(self, id_: str) -> TargetState | None:
        """One of them, if it is still there."""
        return next((each for each in await self.targets() if each.id == id_), None)

    async def origin(self) -> str:
        """This installation, in the keys that targets are given."""

        def script() -> Script[str]:
            rows = yield self._sql("list_alert_targets")
            ((born_at,),) = yield self._sql("get_birth")
            return _origin(rows, born_at)

        return await self._db.read(script)

    async def advance(
        self,
        id_: str,
        *,
        after: int,
        position: int,
        heard: Iterable[int],
        told_at: float | None = None,
        passed_over: int = 0,
    ) -> bool:
        """A target took something (``told_at``), or is past what needs no telling.

        False: somebody else moved it on.
        """

        def script() -> Script[bool]:
            rows = yield self._sql(
                "advance_alert_target",
                id=id_,
                after=after,
                position=position,
                heard=json.dumps(sorted(heard)),
                told=int(told_at is not None),
                told_at=told_at,
                passed_over=passed_over,
            )
            return bool(rows)

        return await self._db.write(script)

    async def refused(
        self, id_: str, *, after: int, attempts: int, error: str, lasting: bool, next_at: float, now: float
    ) -> bool:
        """A target did not take something, and is tried again then. False: somebody else moved it on."""

        def script() -> Script[bool]:
            rows = yield self._sql(
                "refuse_alert_target",
                id=id_,
                after=after,
                attempts=attempts,
                error=error[:_MOST_SAID],
                lasting=int(lasting),
                next_at=next_at,
                now=now,
            )
            return bool(rows)

        return await self._db.write(script)


def _state(row: Row) -> TargetState:
    return _new_state(*row[:5], frozenset(json.loads(row[5])), *row[6:12], bool(row[12]), *row[13:])


def _origin(rows: Sequence[Row], born_at: float) -> str:
    return str(rows[0][2]) if rows else hashlib.sha256(repr(float(born_at)).encode()).hexdigest()[:8]
