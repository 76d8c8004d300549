"""Incidents as rows, and their timelines: opened once for an operation and a class, added to, closed by evidence.

What happened in one is never changed afterwards; what is told to the outside is read from the same rows, so an incident
and its announcement are one transaction. When one opens or closes is decided elsewhere. Called by ``controls.watch``,
``cli`` and ``web.api``.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from penstock.adapters.db.port import Database, Row, Script
from penstock.core.baseline import KEPT_HOURS, Hour
from penstock.core.detector import Key
from penstock.core.errors import Conflict, NotFound
from penstock.core.incident import Cause, Event, Incident, Kind, Severity, sentence
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.statements import Statements

WATCH = "watch"  # the actor of what nobody did by hand
_LAST = (1 << 63) - 1
_ANEW_S = 1.0  # an onset that differs by more is another one

# Rows become values by position; the types of their columns are the schema's business.
_new_incident: Callable[..., Incident] = Incident
_new_event: Callable[..., Event] = Event


class Incidents:
    """The incidents of an installation."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    # -- what the watch does ------------------------------------------------------------------

    async def open(
        self,
        key: Key,
        *,
        suspected: bool,
        onset_at: float,
        why: str,
        rate: float,
        now: float,
        isolation: str,
        severity: Severity = Severity.PAGE,
        onset: str = "It began, as computed from what failed.",
        about: Iterable[str] = (),
    ) -> tuple[int, bool]:
        """The incident of an operation and a class, and whether this opened it or confirmed its suspicion.

        Without words for ``isolation`` nothing is said of what else was tried; ``onset`` says how one knows when it
        began, and ``about`` what it is about.
        """

        def script() -> Script[tuple[int, bool]]:
            state = "suspected" if suspected else "open"
            rows = yield self._sql(
                "insert_incident",
                operation=key.operation,
                **{"class": key.family},
                state=state,
                onset_at=onset_at,
                now=now,
                why=why,
                rate=rate,
                severity=severity.value,
            )
            kind = Kind.SUSPECTED if suspected else Kind.ALARM
            if rows:
                id_ = int(rows[0][0])
                yield from self._noted(id_, onset_at, Kind.ONSET, WATCH, onset)
                named = sorted(about)
                yield from self._noted(id_, now, kind, WATCH, why, {"about": named} if named else {"rate": rate})
                if isolation:
                    yield from self._noted(id_, now, Kind.ISOLATION, WATCH, isolation)
                return id_, True
            ((id_, _, known_at),) = yield self._sql(
                "get_open_incident", operation=key.operation, **{"class": key.family}
            )
            if suspected:
                return int(id_), False
            rows = yield self._sql("confirm_incident", id=id_, now=now, why=why, rate=rate, onset_at=onset_at)
            if rows:
                if abs(onset_at - known_at) > _ANEW_S:  # what was suspected first was something else
                    yield from self._noted(int(id_), onset_at, Kind.ONSET, WATCH, onset)
                yield from self._noted(int(id_), now, Kind.ALARM, WATCH, why, {"rate": rate})
            return int(id_), bool(rows)

        return await self._db.write(script)

    async def diagnosed(self, id_: int, cause: Cause, *, now: float) -> None:
        """Name a cause, or a better one."""

        def script() -> Script[None]:
            told = msgspec.to_builtins(cause)
            rows = yield self._sql("set_incident_cause", id=id_, cause=json.dumps(told))
            if rows:
                yield from self._noted(id_, now, Kind.DIAGNOSIS, WATCH, sentence(cause), told)

        await self._db.write(script)

    async def tested(self, id_: int, cause: Cause, text: str, data: Mapping[str, Any], *, now: float) -> None:
        """What a test of its cause has shown; ``cause`` says it from now on."""

        def script() -> Script[None]:
            rows = yield self._sql("set_incident_cause", id=id_, cause=json.dumps(msgspec.to_builtins(cause)))
            if rows:
                yield from self._noted(id_, now, Kind.TEST, WATCH, text, data)

        await self._db.write(script)

    async def counted(self, id_: int, *, failures: int, outcomes: int, files: int, workspaces: int) -> None:
        """How much it touches, so far."""

        def script() -> Script[None]:
            yield self._sql(
                "set_incident_impact", id=id_, failures=failures, outcomes=outcomes, files=files, workspaces=workspaces
            )

        await self._db.write(script)

    async def gated(self, id_: int, gates: Sequence[int], text: str, *, at: float, actor: str) -> None:
        """Gates that stand because of it, and the change that is to be told."""

        def script() -> Script[None]:
            rows = yield self._sql("set_incident_gates", id=id_, gates=json.dumps(list(gates)))
            if rows:
                yield from self._noted(id_, at, Kind.GATE, actor, text, {"gates": list(gates)})

        await self._db.write(script)

    async def retold(self, id_: int, why: str, *, about: Iterable[str], raised: bool = False, now: float) -> None:
        """It is about more than before, or about less; ``raised``: what was a ticket is a page now."""

        def script() -> Script[None]:
            rows = yield self._sql("raise_incident" if raised else "set_incident_why", id=id_, why=why)
            if rows:
                kind = Kind.SEVERITY if raised else Kind.CHANGED
                yield from self._noted(id_, now, kind, WATCH, why, {"about": sorted(about)})

        await self._db.write(script)

    async def close(self, id_: int, why: str, *, now: float, actor: str = WATCH) -> bool:
        """Close it; False when it was closed already."""

        def script() -> Script[bool]:
            rows = yield self._sql("close_incident", id=id_, now=now)
            if rows:
                yield from self._noted(id_, now, Kind.CLOSED, actor, why)
            return bool(rows)

        return await self._db.write(script)

    async def note(
        self, id_: int, kind: Kind, text: str, *, at: float, actor: str = WATCH, data: Mapping[str, Any] | None = None
    ) -> None:
        """Add a line to a timeline."""

        def script() -> Script[None]:
            yield from self._noted(id_, at, kind, actor, text, data)

        await self._db.write(script)

    async def note_once(
        self, id_: int, kind: Kind, text: str, *, at: float, actor: str = WATCH, data: Mapping[str, Any]
    ) -> bool:
        """Add a line unless there is one of this kind with the same data; whether it was added."""

        def script() -> Script[bool]:
            rows = yield self._sql("lock_incident", id=id_)
            if not rows:
                return False
            for row in (yield self._sql("list_incident_events", incident_id=id_)):
                if row[3] == kind.value and row[6] is not None and json.loads(row[6]) == data:
                    return False
            yield from self._noted(id_, at, kind, actor, text, data)
            return True

        return await self._db.write(script)

    async def note_open(
        self,
        kind: Kind,
        text: str,
        *,
        at: float,
        actor: str = WATCH,
        operation: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> list[int]:
        """Add a line to the timeline of every incident that is not closed, or of one operation's; which ones."""
        return await self._db.write(
            lambda: noted_open(self._sql, kind, text, at=at, actor=actor, operation=operation, data=data)
        )

    # -- what people do -----------------------------------------------------------------------

    async def acknowledge(self, id_: int, *, who: str, why: str, now: float) -> Incident:
        """Somebody looks after it. Raises NotFound, or Conflict when somebody else does already."""

        def script() -> Script[Incident]:
            incident = yield from self._get(id_)
            rows = yield self._sql("acknowledge_incident", id=id_, who=who, now=now)
            if not rows:
                raise Conflict(f"incident {id_} was acknowledged by {incident.acknowledged_by} before")
            yield from self._noted(id_, now, Kind.ACKNOWLEDGED, who, why or f"Acknowledged by {who}.")
            entry = Entry(who, "incident.ack", {"incident": id_}, why, None, {"acknowledged_by": who})
            found = yield from self._get(id_)
            yield from entered(self._sql, entry, now)
            return found

        return await self._db.write(script)

    # -- looking --------------------------------------------------------------------------------

    async def latest(self, *, only_open: bool = False, before: int | None = None, limit: int = 50) -> list[Incident]:
        """Incidents, the newest first."""

        def script() -> Script[list[Incident]]:
            at_most = _LAST if before is None else before
            rows = yield self._sql("list_incidents", open=int(only_open), before=at_most, limit=limit)
            return [_incident(row) for row in rows]

        return await self._db.read(script)

    async def get(self, id_: int) -> Incident:
        """One incident. Raises NotFound."""
        return await self._db.read(lambda: self._get(id_))

    async def events(self, id_: int) -> list[Event]:
        """The timeline of one, in order of time."""

        def script() -> Script[list[Event]]:
            rows = yield self._sql("list_incident_events", incident_id=id_)
            return [_event(row) for row in rows]

        return await self._db.read(script)

    async def new_events(self, *, after: int, limit: int = 100) -> list[Event]:
        """Events of every incident since one, by number, for those who tell of them."""

        def script() -> Script[list[Event]]:
            rows = yield self._sql("list_new_incident_events", after=after, limit=limit)
            return [_event(row) for row in rows]

        return await self._db.read(script)

    # -- what was normal ------------------------------------------------------------------------

    async def add_hours(self, hours: Iterable[tuple[Key, Hour]], *, now: float) -> None:
        """Add to what was normal; what is older than four weeks goes."""
        rows = [
            {
                "operation": key.operation,
                "class": key.family,
                "hour": each.hour,
                "outcomes": each.outcomes,
                "failures": each.failures,
            }
            for key, each in hours
        ]

        def script() -> Script[None]:
            for row in rows:
                yield self._sql("add_watch_hour", **row)
            yield self._sql("forget_watch_hours", before=int(now // 3_600) - KEPT_HOURS - 1)

        await self._db.write(script)

    async def hours(self, *, now: float) -> dict[Key, list[Hour]]:
        """What was normal in the last four weeks, by stream."""

        def script() -> Script[dict[Key, list[Hour]]]:
            rows = yield self._sql("list_watch_hours", since=int(now // 3_600) - KEPT_HOURS)
            found: dict[Key, list[Hour]] = {}
            for operation, family, *rest in rows:
                found.setdefault(Key(operation, family), []).append(Hour(*rest))
            return found

        return await self._db.read(script)

    # -- parts of the scripts above ---------------------------------------------------------

    def _get(self, id_: int) -> Script[Incident]:
        rows = yield self._sql("get_incident", id=id_)
        if not rows:
            raise NotFound(f"there is no incident {id_}: penstock incident list shows those there are")
        return _incident(rows[0])

    def _noted(
        self, id_: int, at: float, kind: Kind, actor: str, text: str, data: Mapping[str, Any] | None = None
    ) -> Script[None]:
        return _noted(self._sql, id_, at, kind, actor, text, data)


def noted_open(
    sql: Statements,
    kind: Kind,
    text: str,
    *,
    at: float,
    actor: str = WATCH,
    operation: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Script[list[int]]:
    """``Incidents.note_open`` as part of another store's script: the line and what it tells of are one transaction."""
    rows = yield sql("list_open_incident_ids", operation=operation or "")
    for (id_,) in rows:
        yield from _noted(sql, int(id_), at, kind, actor, text, data)
    return [int(id_) for (id_,) in rows]


def _noted(
    sql: Statements, id_: int, at: float, kind: Kind, actor: str, text: str, data: Mapping[str, Any] | None
) -> Script[None]:
    told = None if data is None else json.dumps(data)
    # Whoever tells of events goes on from the last number it read, so a lower one must not be committed later.
    yield sql("lock_incident_events")
    yield sql("insert_incident_event", incident_id=id_, at=at, kind=kind.value, actor=actor, text=text, data=told)


def _incident(row: Row) -> Incident:
    cause = None if row[9] is None else msgspec.convert(json.loads(row[9]), Cause)
    return _new_incident(*row[:9], cause, tuple(json.loads(row[10])), *row[11:])


def _event(row: Row) -> Event:
    return _new_event(*row[:6], None if row[6] is None else json.loads(row[6]))
