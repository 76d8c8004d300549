"""An incident as a value: its cause from a diagnosis, and what is said of it in a line."""

import msgspec
import pytest

from penstock.core.diagnosis import Diagnosis, Rule
from penstock.core.incident import Cause, Incident, cause_of, sentence, summary

CAUSE = Cause({"wire_method": "POST"}, True, ({"contract_ok": "no"},), 40, 100, 31.5)
INCIDENT = Incident(
    id=3,
    operation="media.download",
    outcome="upstream",
    state="open",
    onset_at=10.0,
    opened_at=20.0,
    closed_at=None,
    why="Too many first attempts fail.",
    rate=0.3,
    cause=None,
    gates=(),
    failures=12,
    outcomes=40,
    files=12,
    workspaces=5,
    acknowledged_by=None,
    acknowledged_at=None,
)


def test_a_diagnosis_becomes_a_cause_with_what_cannot_be_told_from_it() -> None:
    found = Diagnosis(
        Rule({"wire_method": ("POST",), "server": ("edge-1", "edge-2")}, 31.5, 40, 60),
        (Rule({"contract_ok": ("no",), "server": ("edge-1", "edge-2")}, 31.0, 40, 60),),
        42,
        100,
    )
    cause = cause_of(found)

    assert cause.rule == {"wire_method": "POST", "server": ["edge-1", "edge-2"]}
    assert (cause.failures, cause.outcomes, cause.evidence) == (42, 100, 31.5)
    assert cause.own_request  # on some servers only, but it is a request of ours
    assert not cause_of(msgspec.structs.replace(found, also=())).own_request


def test_a_request_of_ours_that_is_not_the_declared_one_is_our_own_cause() -> None:
    found = Diagnosis(
        Rule({"contract_ok": ("no",)}, 9.0, 20, 20), (Rule({"wire_method": ("POST",)}, 9.0, 20, 20),), 20, 90
    )
    assert cause_of(found).own_request
    told = msgspec.structs.replace(found, rule=found.also[0], also=(found.rule,))
    assert cause_of(told).own_request


def test_a_cause_is_said_in_words() -> None:
    assert sentence(CAUSE) == "Our own request is the cause: method on the wire POST (40 failures in 100 attempts)."
    many = msgspec.structs.replace(CAUSE, own_request=False, rule={"server": [f"edge-{nth}" for nth in range(8)]})
    assert sentence(many).startswith("What fails has in common: server edge-0, edge-1, ")
    assert "edge-5 and 2 more (" in sentence(many)


@pytest.mark.parametrize(
    ("operation", "outcome", "says"),
    [
        ("media.download", "upstream", "Downloads of files fail: 12 of 40 first attempts of 5 workspaces."),
        ("media.look_up", "auth", "Look-ups of files are refused for their token: 12 of 40"),
        ("media.download", "contract", "were not sent, as our own request was wrong"),
        ("media.delete", "gone", "media.delete find no file"),
    ],
)
def test_an_incident_is_said_in_a_line(operation: str, outcome: str, says: str) -> None:
    told = summary(msgspec.structs.replace(INCIDENT, operation=operation, outcome=outcome))
    assert says in told


def test_the_line_names_the_cause_once_it_is_known() -> None:
    told = summary(msgspec.structs.replace(INCIDENT, cause=CAUSE))
    assert told.endswith("Our own request is the cause: method on the wire POST (40 failures in 100 attempts).")


def test_what_only_probes_have_seen_is_said_as_such() -> None:
    nobody = msgspec.structs.replace(
        INCIDENT, failures=0, outcomes=7, workspaces=0, why="2 of 2 synthetic probes failed, of a file that was there."
    )
    assert summary(nobody) == (
        "Downloads of files fail, though no file of a customer's has failed so far: 2 of 2 synthetic probes failed, of a "
        "file that was there."
    )
