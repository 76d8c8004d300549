"""What programs get is of the shape that scripts rely on: times in UTC, hashes in hex, ids of our own."""

import json

from penstock.cli import answers
from penstock.core.gate import Gate
from penstock.core.work import Attempt, Outcome
from penstock.ledger.rows import Stray, Tally

AT = 1_795_000_000.0
SAID = "2026-11-18T11:06:40.000Z"


def test_erased_files_are_counted_once_there_are_any() -> None:
    assert "erased" not in answers.tally(Tally("acme", 1, 1, 0, 0, 0, 0, 0))
    assert answers.tally(Tally("acme", 1, 0, 0, 0, 0, 0, 0, 1))["erased"] == 1


def test_a_gate_tells_its_scope_and_what_it_holds() -> None:
    gate = Gate(7, {"kind": "image"}, None, "operator", "ops", "slowly", AT, AT, True)

    assert answers.gate(gate, 3) == {
        "id": 7,
        "scope": {"kind": "image"},
        "opening": None,
        "owner": "operator",
        "by": "ops",
        "why": "slowly",
        "since": SAID,
        "until": SAID,
        "holding": 3,
        "override_automatic": True,
    }


def test_an_attempt_tells_its_class() -> None:
    attempt = Attempt(
        AT, "media.look_up", "GET", None, None, None, None, None, None, None, Outcome.CONTRACT, 0.0, "standard/1", "why"
    )
    facts = json.loads(json.dumps(answers.attempt(attempt)))

    assert (facts["at"], facts["class"], facts["wire_method"], facts["detail"]) == (SAID, "contract", None, "why")
    assert "outcome" not in facts


def test_strays_and_processes_tell_when() -> None:
    assert answers.stray(Stray("9", "main", 2, AT, AT)) == {
        "phone_number_id": "9",
        "app": "main",
        "bodies": 2,
        "first_at": SAID,
        "last_at": SAID,
    }
    assert answers.process({"id": "host-1", "role": "all", "seen_at": AT})["seen_at"] == SAID
