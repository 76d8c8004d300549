"""An alert in words and as facts: the diagnosis in it, no phone number, and what a target needs to tell it from others."""

from typing import Any

import msgspec
import pytest

from penstock.cli import answers
from penstock.core.alert import REPEATED, TEST, Alert, body, facts, incident_facts, labels, text, title, unnumbered
from penstock.core.diagnosis import Symptom
from penstock.core.incident import Cause, Incident, Kind, Severity

NOW = 1_795_000_000.0
CAUSE = Cause({"wire_method": "POST"}, True, ({"contract_ok": "no"},), 8, 20, 12.5)
ROW = Incident(
    id=7, operation="media.download", outcome="upstream", state="open", onset_at=NOW - 60, opened_at=NOW - 50,
    closed_at=None, why="Too many fail.", rate=0.3, cause=CAUSE, gates=(4,), failures=12, outcomes=40, files=1,
    workspaces=3, acknowledged_by=None, acknowledged_at=None,
)  # fmt: skip


def alert(**more: Any) -> Alert:
    known: dict[str, Any] = {
        "id": "ab12-t-9", "key": "penstock-ab12-7", "event": "opened", "kind": Kind.ALARM, "at": NOW,
        "text": "Too many fail.", "incident": ROW, "url": "https://media.example.com/api/v1/incidents/7",
    }  # fmt: skip
    return Alert(**known | more)


def test_the_diagnosis_and_what_to_do_stand_in_the_text() -> None:
    said = text(alert())
    assert said.startswith("Incident 7 is open. Downloads of files fail: 12 of 40 first attempts of 3 workspaces.")
    assert "Cause: Our own request is the cause: method on the wire POST (8 failures in 20 attempts)." in said
    assert "Touched: 1 file of 3 workspaces" in said
    assert "penstock incident show 7, then penstock incident ack 7" in said
    assert said.endswith("https://media.example.com/api/v1/incidents/7\n")
    assert "!" not in said


def test_without_a_diagnosis_it_says_so() -> None:
    assert facts(alert(incident=msgspec.structs.replace(ROW, cause=None, gates=())))["Cause"] == "not known yet"


def test_a_ticket_is_a_warning_and_a_page_is_critical() -> None:
    ticket = msgspec.structs.replace(ROW, severity=Severity.TICKET)
    assert [alert().severity, alert(incident=ticket).severity, alert(kind=TEST).severity] == [
        "critical", "warning", "info",
    ]  # fmt: skip


def test_what_changed_is_named() -> None:
    assert title(alert(event="updated", kind=Kind.DIAGNOSIS)).startswith("Incident 7: the cause is named. ")
    assert title(alert(event="updated", kind=REPEATED)).startswith("Incident 7 is open. ")
    acked = msgspec.structs.replace(ROW, acknowledged_by="cli:anna")
    told = facts(alert(event="updated", kind=Kind.ACKNOWLEDGED, incident=acked))
    assert told["Who"] == "cli:anna looks after it"
    assert "incident ack" not in told["Do"]


def test_the_test_of_a_cause_is_news_and_no_test_of_the_target() -> None:
    told = alert(event="updated", kind=Kind.TEST, text="Answers differ for identical requests: 3 of 10 failed.")
    assert title(told).startswith("Incident 7: the cause was tested. Downloads of files fail")
    assert "test" not in body(told)
    assert labels(told)["alertname"] == "PenstockIncident"
    assert told.severity == "critical"
    assert TEST not in set(Kind)


def test_what_the_failing_attempts_show_stands_beside_the_cause() -> None:
    shows = msgspec.structs.replace(CAUSE, symptoms=(Symptom("status", "405", 8, 8),))
    told = alert(incident=msgspec.structs.replace(ROW, cause=shows))
    assert facts(told)["Shown"] == "What failing attempts show: status 405 (8 of 8 with it failed)."
    assert incident_facts(told.incident)["cause"]["symptoms"] == [
        {"name": "status", "value": "405", "failures": 8, "outcomes": 8}
    ]
    assert "Shown" not in facts(alert())


def test_the_end_says_how_long_it_lasted_and_where_the_report_is() -> None:
    over = msgspec.structs.replace(ROW, state="closed", closed_at=NOW + 7_980)
    assert title(alert(event="closed", kind=Kind.CLOSED, incident=over)).startswith(
        "Incident 7 is over after 2 h 14 m. "
    )
    assert facts(alert(event="closed", incident=over))["Do"] == "Read the report: penstock incident report 7"


def test_the_body_of_a_webhook_has_the_incident_as_every_list_has_it() -> None:
    told = body(alert())
    assert {"event", "incident", "summary", "url"} <= told.keys()
    assert told["event"] == "opened"
    assert told["incident"] == answers.incident(ROW) == incident_facts(ROW)
    assert told["incident"]["class"] == "upstream"
    assert told["incident"]["onset_at"] == "2026-11-18T11:05:40.000Z"
    assert "test" not in told


def test_a_test_is_marked_as_one_everywhere() -> None:
    trial = alert(kind=TEST, text="A test by cli:anna: new on call")
    assert body(trial)["test"] is True
    assert "Test alert" in title(trial)
    assert labels(trial)["alertname"] == "PenstockTest"
    assert "nothing has to be done" in text(trial)
    assert "new on call" in text(trial)


def test_labels_are_the_same_as_long_as_it_lasts() -> None:
    later = msgspec.structs.replace(ROW, cause=None, gates=(), files=9, acknowledged_by="cli:anna", state="closed")
    assert labels(alert()) == labels(alert(event="closed", incident=later, at=NOW + 9))


@pytest.mark.parametrize("number", ["+15550001234", "491701234567", "+49 170 123 45 67", "(0170) 1234567 8"])
def test_a_phone_number_in_a_reason_is_left_out(number: str) -> None:
    said = unnumbered(f"customer {number} waits")
    assert not any(each.isdigit() for each in said)
    assert said.endswith("waits")


def test_times_and_counts_stay_in_a_reason() -> None:
    assert (
        unnumbered("since 2026-11-25, 412 files of 3 workspaces, HTTP 503")
        == "since 2026-11-25, 412 files of 3 workspaces, HTTP 503"
    )
