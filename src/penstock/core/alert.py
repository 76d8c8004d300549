"""An alert as a value, and in words: what every target is told of an incident, the diagnosis in it.

The shapes of the targets' own formats are theirs (``adapters.notify``); when something is told is
``core.announcing``'s. No phone number and no secret is in it. Made by ``controls.watch.delivering`` and by whoever
tries the targets.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from penstock.core.incident import Incident, Kind, Severity, sentence, shown, summary
from penstock.core.postmortem import duration, utc

TEST = "test-alert"  # the kind of an alert that is only tried; "test" is that of a tested diagnosis
REPEATED = "repeated"  # the kind of one that says again what stands, to a target that forgets
_DIGITS = re.compile(r"\+?[0-9](?:[ ()./-]{0,2}[0-9]){8,}")  # nine digits and more may be somebody's number
_CHANGED = {
    Kind.DIAGNOSIS: "the cause is named",
    Kind.TEST: "the cause was tested",
    Kind.GATE: "a gate was changed",
    Kind.ACKNOWLEDGED: "somebody looks after it",
    Kind.SEVERITY: "it is urgent now",
}


class Alert(msgspec.Struct, frozen=True):
    """One thing that a target is told."""

    id: str  # the same whenever this is sent again
    key: str  # of the incident, at every target, unlike that of any other installation
    event: str  # opened, updated or closed
    kind: str  # of the event in the timeline, or TEST, or REPEATED
    at: float  # when it happened
    text: str  # what the timeline says
    incident: Incident
    url: str

    @property
    def test(self) -> bool:
        """Whether it is only tried."""
        return self.kind == TEST

    @property
    def severity(self) -> str:
        """Whom it is for, in the words that receivers share."""
        if self.test:
            return "info"
        return "warning" if self.incident.severity == Severity.TICKET else "critical"


def incident_facts(row: Incident) -> dict[str, Any]:
    """An incident as programs get it, wherever they ask."""
    cause = None
    if row.cause is not None:
        cause = {
            "rule": row.cause.rule,
            "own_request": row.cause.own_request,
            "also": list(row.cause.also),
            "failures": row.cause.failures,
            "outcomes": row.cause.outcomes,
            "tested": row.cause.tested,
            "symptoms": [each._asdict() for each in row.cause.symptoms],
        }
    return {
        "id": row.id,
        "state": row.state,
        "operation": row.operation,
        "class": row.outcome,
        "onset_at": rfc3339(row.onset_at),
        "opened_at": rfc3339(row.opened_at),
        "closed_at": None if row.closed_at is None else rfc3339(row.closed_at),
        "cause": cause,
        "gates": list(row.gates),
        "files": row.files,
        "workspaces": row.workspaces,
        "acknowledged_by": row.acknowledged_by,
        "acknowledged_at": None if row.acknowledged_at is None else rfc3339(row.acknowledged_at),
        "failures": row.failures,
        "outcomes": row.outcomes,
        "severity": row.severity,
        "why": row.why,
        "summary": summary(row),
    }


def body(alert: Alert) -> dict[str, Any]:
    """The JSON body of the webhook form."""
    told = {
        "event": alert.event,
        "incident": incident_facts(alert.incident),
        "summary": title(alert),
        "url": alert.url,
        "kind": alert.kind,
        "at": rfc3339(alert.at),
        "text": unnumbered(alert.text),
    }
    return told | {"test": True} if alert.test else told


def title(alert: Alert) -> str:
    """One line: what happened, and to what."""
    row = alert.incident
    if alert.test:
        return "Test alert of Penstock: nothing is wrong, and nothing has to be done."
    if alert.event == "opened":
        return f"Incident {row.id} is open. {summary(row)}"
    if alert.event == "closed":
        return f"Incident {row.id} is over after {_lasted(row, alert.at)}. {summary(row)}"
    changed = _CHANGED.get(Kind(alert.kind)) if alert.kind in set(Kind) else None
    return f"Incident {row.id}: {changed}. {summary(row)}" if changed else f"Incident {row.id} is open. {summary(row)}"


def facts(alert: Alert) -> dict[str, str]:
    """What stands below the title, each with its name, in the order in which it is read."""
    row = alert.incident
    if alert.test:
        return {"What": unnumbered(alert.text), "Do": "Nothing. The target works when you can read this."}
    told = {
        "Cause": "not known yet" if row.cause is None else sentence(row.cause),
        **({"Shown": shown(row.cause.symptoms)} if row.cause is not None and row.cause.symptoms else {}),
        "Since": f"{utc(row.onset_at)} (computed)",
        "Touched": f"{_many(row.files, 'file')} of {_many(row.workspaces, 'workspace')}",
        "Gates": ", ".join(map(str, row.gates)) if row.gates else "none was set because of it",
        "Latest": unnumbered(alert.text),
    }
    if row.acknowledged_by is not None:
        told["Who"] = f"{row.acknowledged_by} looks after it"
    if alert.event == "closed":
        return told | {"Do": f"Read the report: penstock incident report {row.id}"}
    show = f"penstock incident show {row.id}"
    ack = "" if row.acknowledged_by is not None else f', then penstock incident ack {row.id} --why "…"'
    return told | {"Do": f"{show}{ack}. No file is lost meanwhile: what fails is tried again."}


def text(alert: Alert) -> str:
    """The whole alert as plain text."""
    told = "\n".join(f"{name}: {said}" for name, said in facts(alert).items())
    return f"{title(alert)}\n\n{told}\n\n{alert.url}\n"


def labels(alert: Alert) -> Mapping[str, str]:
    """What identifies the incident for Alertmanager: nothing that changes but the severity, which routes it."""
    return {
        "alertname": "PenstockTest" if alert.test else "PenstockIncident",
        "severity": alert.severity,
        "operation": alert.incident.operation,
        "class": alert.incident.outcome,
        "incident": str(alert.incident.id),
        "key": alert.key,
    }


def rfc3339(at: float) -> str:
    """A time for programs: in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unnumbered(said: str) -> str:
    """A text without what may be a phone number: people write what they like into a reason."""
    return _DIGITS.sub("…", said)


def _lasted(row: Incident, now: float) -> str:
    return duration((now if row.closed_at is None else row.closed_at) - row.onset_at)


def _many(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
