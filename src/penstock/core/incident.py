"""An incident as a value: what fails since when, why as far as that is known, and whom it touches; and its timeline.

How one is opened, grouped and closed is told by the kinds of its events. No judgement (that is ``core.detector``'s and
``core.diagnosis``'s) and no wording of reports (``core.postmortem``). Used by the ledger, the watch and whoever shows
incidents.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from penstock.core.diagnosis import Diagnosis, Rule, Symptom


class Severity(StrEnum):
    """Who should hear of it: somebody now, or somebody in working hours."""

    PAGE = "page"
    TICKET = "ticket"


class Kind(StrEnum):
    """What an event of a timeline is about."""

    ONSET = "onset"  # computed, not observed
    SUSPECTED = "suspected"
    ALARM = "alarm"
    ISOLATION = "isolation"  # which operation fails, and which does not
    DIAGNOSIS = "diagnosis"
    TEST = "test"  # of the diagnosis
    GATE = "gate"
    TRACE = "trace"
    ROLLOUT = "rollout"
    RECOVERY = "recovery"
    REPROCESS = "reprocess"  # a run that touches its files
    CHANGED = "changed"  # what it is about: more of it, or less
    SEVERITY = "severity"  # a ticket became a page
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


ANNOUNCED = {  # what is told to the outside, and as which event
    Kind.ALARM: "opened",
    Kind.DIAGNOSIS: "updated",
    Kind.TEST: "updated",
    Kind.CHANGED: "updated",
    Kind.SEVERITY: "updated",
    Kind.GATE: "updated",
    Kind.ACKNOWLEDGED: "updated",
    Kind.CLOSED: "closed",
}


# The classes of incidents that no failing attempt shows: ``core.vitals`` opens them, and what they say is whole.
UNSEEN = frozenset(
    {
        *("silent", "number_silent", "signature", "unknown_number", "unread"),
        *("overdue", "deadline", "no_success", "stuck", "burn_rate"),
    }
)


class Cause(msgspec.Struct, frozen=True):
    """What separates the failing attempts from the good ones."""

    rule: dict[str, Any]  # dimension -> value, or a list of values
    own_request: bool  # it names a request of ours that is not the declared one
    also: tuple[dict[str, Any], ...]  # rules that data cannot tell from it
    failures: int  # when it was found
    outcomes: int
    evidence: float  # nats
    tested: str | None = None  # what the same request, sent again several times, has shown
    symptoms: tuple[Symptom, ...] = ()  # what the failing attempts show, which is no cause


class Incident(msgspec.Struct, frozen=True):
    """One incident. Times are epoch seconds."""

    id: int
    operation: str
    outcome: str  # the class that its attempts end in, "upstream" for instance
    state: str  # suspected, open or closed
    onset_at: float
    opened_at: float
    closed_at: float | None
    why: str
    rate: float  # of failures, as far as the detector told
    cause: Cause | None
    gates: tuple[int, ...]
    failures: int  # first attempts that failed
    outcomes: int  # first attempts
    files: int
    workspaces: int
    acknowledged_by: str | None
    acknowledged_at: float | None
    severity: str = Severity.PAGE


class Event(msgspec.Struct, frozen=True):
    """One line of a timeline."""

    id: int
    incident_id: int
    at: float
    kind: str
    actor: str  # "watch", or who did it
    text: str
    data: Mapping[str, Any] | None = None


def cause_of(found: Diagnosis, symptoms: Sequence[Symptom] = ()) -> Cause:
    """A diagnosis as the cause of an incident, with what its attempts show beside it."""
    return Cause(
        rule=_shown(found.rule),
        own_request=any(_own(rule) for rule in (found.rule, *found.also)),
        also=tuple(_shown(rule) for rule in found.also),
        failures=found.failures,
        outcomes=found.outcomes,
        evidence=found.rule.evidence,
        symptoms=tuple(symptoms[:_SYMPTOMS]),
    )


def shown(symptoms: Sequence[Symptom]) -> str:
    """What failing attempts show, in one line for people; empty of nothing."""
    told = [
        f"{_SHOWN.get(each.name, each.name)} {each.value} ({each.failures} of {each.outcomes} with it failed)"
        for each in symptoms[:_SYMPTOMS]
    ]
    return f"What failing attempts show: {', '.join(told)}." if told else ""


def sentence(cause: Cause) -> str:
    """A cause in one line for people."""
    named = ", ".join(f"{_WORDS.get(name, name)} {_values(value)}" for name, value in cause.rule.items())
    who = "Our own request is the cause" if cause.own_request else "What fails has in common"
    return f"{who}: {named} ({cause.failures} failures in {cause.outcomes} attempts)."


_SYMPTOMS = 4  # that are told
_SHOWN = {"graph_code": "Graph code", "graph_subcode": "Graph subcode", "outcome": "ended as"}

_WORDS = {
    "contract_ok": "request as declared",
    "wire_method": "method on the wire",
    "declared_method": "declared method",
    "server": "server",
    "peer_address": "address",
    "api_version": "Graph version",
    "size_band": "size",
    "mime_type": "type",
}


def _values(value: Any) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    named = ", ".join(map(str, values[:6]))
    return named if len(values) <= 6 else f"{named} and {len(values) - 6} more"


def _shown(rule: Rule) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else list(values) for name, values in rule.clauses.items()}


def _own(rule: Rule) -> bool:
    return rule.clauses.get("contract_ok") == ("no",)


_OPERATIONS = {
    "media.look_up": "Look-ups of files",
    "media.download": "Downloads of files",
    "media.upload": "Uploads of the probe's file",
}


def summary(incident: Incident) -> str:
    """One line: what fails, how much, since when it is known."""
    if incident.outcome in UNSEEN:
        return incident.why
    what = _OPERATIONS.get(incident.operation, incident.operation)
    how = {
        "contract": "were not sent, as our own request was wrong",
        "client_bug": "are refused as wrong",
        "auth": "are refused for their token",
        "gone": "find no file",
        "local": "fail on our own side",
    }.get(incident.outcome, "fail")
    share = f"{incident.failures} of {incident.outcomes}" if incident.outcomes else "some"
    found = f" {sentence(incident.cause)}" if incident.cause is not None else ""
    if not incident.failures and not incident.workspaces:
        return f"{what} {how}, though no file of a customer's has failed so far: {_in_line(incident.why)}.{found}"
    return f"{what} {how}: {share} first attempts of {incident.workspaces} workspaces.{found}"


def _in_line(why: str) -> str:
    return why[:1].lower() + why[1:].rstrip(".")
