"""Incidents through the API: viewers see them, operators acknowledge them; only for tokens that are for all workspaces.

An incident concerns everybody, and its cause may name one of them. Entries of the table in ``routes``.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from penstock.core import incident as core
from penstock.ledger.book import Ledger
from penstock.web.api.endpoint import Ask, NoQuery, missing
from penstock.web.api.shapes import Time
from penstock.web.words import rfc3339, utc

_MOST_DIGITS = 18  # of a row's number


class Symptom(Struct, frozen=True):
    """What failing attempts show, and explains nothing."""

    name: Annotated[str, Meta(description="status, graph_code, graph_subcode or outcome")]
    value: str
    failures: int
    outcomes: Annotated[int, Meta(description="attempts that show it, failing or not")]


class Cause(Struct, frozen=True):
    """What separates the failing attempts from the good ones."""

    rule: Annotated[dict[str, Any], Meta(description="dimension: value, or a list of values")]
    own_request: Annotated[bool, Meta(description="a request of ours was not the declared one")]
    also: Annotated[list[dict[str, Any]], Meta(description="rules that data cannot tell from it")]
    failures: Annotated[int, Meta(description="attempts that had failed when it was found")]
    outcomes: int
    tested: Annotated[str | None, Meta(description="what the same request, sent again several times, has shown")] = None
    symptoms: Annotated[list[Symptom], Meta(description="what the failing attempts show")] = field(default_factory=list)


class Incident(Struct, frozen=True):
    """Something that fails, or failed, for many."""

    id: int
    state: Annotated[str, Meta(description="suspected, open or closed")]
    operation: str
    class_: Annotated[str, Meta(description="the class in which its attempts end")] = field(name="class")
    onset_at: Annotated[Time, Meta(description="computed")]
    opened_at: Time
    closed_at: Time | None
    cause: Cause | None
    gates: Annotated[list[int], Meta(description="that were set since its onset and steer its operation")]
    failures: Annotated[int, Meta(description="first attempts that failed")]
    outcomes: Annotated[int, Meta(description="first attempts")]
    files: int
    workspaces: int
    acknowledged_by: str | None
    acknowledged_at: Time | None
    severity: Annotated[str, Meta(description="page: somebody should look now; ticket: in working hours")]
    why: str
    summary: str


class IncidentEvent(Struct, frozen=True):
    """A line of a timeline."""

    id: int
    at: Time
    kind: str
    actor: Annotated[str, Meta(description="the watch, another control, or who did it")]
    text: str
    data: dict[str, Any] | None


class IncidentQuery(Struct, forbid_unknown_fields=True):
    """Which incidents."""

    open_: Annotated[bool, Meta(description="only those that are not closed")] = field(name="open", default=False)
    before: Annotated[int, Meta(ge=1, description="`next` of the page before")] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class IncidentPage(Struct, frozen=True):
    """Incidents, the newest first."""

    incidents: list[Incident]
    next: Annotated[int | None, Meta(description="older ones are before this number")]


class IncidentWhole(Struct, frozen=True):
    """An incident with its timeline."""

    incident: Incident
    events: list[IncidentEvent]


class Acknowledgement(Struct, forbid_unknown_fields=True):
    """Why, or what is done about it."""

    why: Annotated[str, Meta(min_length=1, max_length=500, description="kept in the audit log and in the timeline")]


class Incidents:
    """The handlers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def incidents(self, _ask: Ask, query: IncidentQuery) -> IncidentPage:
        """Incidents, the newest first."""
        found = await self._ledger.incidents.latest(only_open=query.open_, before=query.before, limit=query.limit + 1)
        rows = found[: query.limit]
        return IncidentPage([_incident(row) for row in rows], rows[-1].id if len(found) > query.limit else None)

    async def incident(self, ask: Ask, _query: NoQuery) -> IncidentWhole:
        """One incident and its timeline."""
        id_ = _number(ask)
        row = await self._ledger.incidents.get(id_)
        return IncidentWhole(_incident(row), [_event(event) for event in await self._ledger.incidents.events(id_)])

    async def acknowledge(self, ask: Ask, _query: NoQuery, given: Acknowledgement) -> Incident:
        """Somebody looks after it."""
        now = await self._ledger.now()
        who = f"token:{ask.access.name}"
        return _incident(await self._ledger.incidents.acknowledge(_number(ask), who=who, why=given.why, now=now))


def _number(ask: Ask) -> int:
    text = ask.text("id")
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise missing()
    return int(text)


def _cause(cause: core.Cause) -> Cause:
    also, symptoms = list(cause.also), [Symptom(*each) for each in cause.symptoms]
    return Cause(cause.rule, cause.own_request, also, cause.failures, cause.outcomes, cause.tested, symptoms)


def _incident(row: core.Incident) -> Incident:
    return Incident(
        id=row.id,
        state=row.state,
        operation=row.operation,
        class_=row.outcome,
        onset_at=rfc3339(row.onset_at),
        opened_at=rfc3339(row.opened_at),
        closed_at=utc(row.closed_at),
        cause=None if row.cause is None else _cause(row.cause),
        gates=list(row.gates),
        failures=row.failures,
        outcomes=row.outcomes,
        files=row.files,
        workspaces=row.workspaces,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=utc(row.acknowledged_at),
        severity=row.severity,
        why=row.why,
        summary=core.summary(row),
    )


def _event(row: core.Event) -> IncidentEvent:
    data = None if row.data is None else dict(row.data)
    return IncidentEvent(row.id, rfc3339(row.at), row.kind, row.actor, row.text, data)
