"""What programs get is of the shape that scripts rely on: times in UTC, hashes in hex, ids of our own."""

import json

from penstock.cli import answers
from penstock.core.expiry import DAY_S, HOUR_S, Expiring, Share
from penstock.core.gate import Gate
from penstock.core.work import Attempt, Outcome
from penstock.ledger.audit_log import Entry, Recorded
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


def test_what_a_gate_costs_is_told_in_numbers_and_in_a_plain_sentence() -> None:
    found = Expiring(Share(1_500, 2), 3, Share(4, 1), {(HOUR_S, True): Share(2, 1), (DAY_S, False): Share(9, 1)}, AT)
    gate = Gate(7, {"kind": "image"}, 0.0, "operator", "ops", "slowly", AT, None, False)

    assert answers.cost(gate, found, "1\u2009500 files") == {
        "waiting": 1_500,
        "workspaces": 2,
        "expiring": 4,
        "expiring_workspaces": 1,
        "no_storage_within_1h": 2,
        "past": 3,
        "until": None,
        "sentence": "1500 files",
    }
    expiring = answers.expiring(gate, found)
    assert (expiring["gate"], expiring["scope"], expiring["first_at"]) == (7, {"kind": "image"}, SAID)
    assert (expiring["within_1h"], expiring["within_6h"], expiring["within_24h"]) == (2, 2, 11)


def test_a_change_tells_when_and_what_without_epoch_seconds() -> None:
    entry = Entry("cli:anna", "gate.shut", {"scope": {}}, "down", None, {"opening": 0.0, "since": AT, "until": None})
    facts = json.loads(json.dumps(answers.change(Recorded(3, AT, entry, b"\x01" * 32))))

    assert facts == {
        "number": 3,
        "at": SAID,
        "who": "cli:anna",
        "action": "gate.shut",
        "subject": {"scope": {}},
        "why": "down",
        "before": None,
        "after": {"opening": 0.0, "since": SAID, "until": None},
        "digest": "01" * 32,
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
