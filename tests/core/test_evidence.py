"""What the watch remembers for a diagnosis: all of now, a fair sample of before, never more than that."""

import random
from typing import Any

from penstock.core.evidence import BEFORE, RECENT, ROWS, Evidence, counts, fails
from penstock.core.seen import Seen
from penstock.core.work import Outcome


def seen(at: float, outcome: Outcome = Outcome.DELIVERED, **facts: Any) -> Seen:
    known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__)
    return Seen(**known | {"at": at, "outcome": outcome, "declared_method": "GET", "workspace": "acme"} | facts)


def test_an_attempt_counts_for_the_families_it_says_something_about() -> None:
    late = seen(0.0, Outcome.TIMEOUT)
    assert (fails(late, "upstream"), fails(late, "auth")) == (True, False)
    assert (counts(late, "upstream"), counts(late, "auth")) == (True, False)
    assert counts(seen(0.0), "auth")
    assert fails(seen(0.0, Outcome.CONTRACT), "contract")
    assert not counts(seen(0.0, Outcome.THROTTLE), "upstream")


def test_what_came_since_a_moment_is_told_in_order() -> None:
    evidence = Evidence(random.Random(1))
    for at in range(10):
        evidence.add(seen(float(at)))

    assert [each.at for each in evidence.since(7.0)] == [7.0, 8.0, 9.0]


def test_a_diagnosis_gets_the_incident_and_what_was_before_it() -> None:
    evidence = Evidence(random.Random(1))
    for at in range(200):
        evidence.add(seen(float(at)))
    for at in range(200, 230):
        evidence.add(seen(float(at), Outcome.UPSTREAM, wire_method="POST"))
    evidence.add(seen(230.0, Outcome.AUTH))  # another family's affair

    rows = evidence.rows("upstream", 200.0)
    assert (len(rows), sum(row.failed for row in rows)) == (230, 30)
    assert rows[0].dimensions["wire_method"] == "POST"


def test_what_was_long_before_is_a_sample_of_all_of_it_and_memory_is_bounded() -> None:
    evidence = Evidence(random.Random(1))
    long_before = 6 * RECENT
    for at in range(long_before):
        evidence.add(seen(float(at), kind="image" if at < long_before // 2 else "video"))
    for at in range(long_before, long_before + 2 * RECENT):
        evidence.add(seen(float(at), Outcome.UPSTREAM))

    rows = evidence.rows("upstream", float(long_before))
    before = [row for row in rows if not row.failed]
    assert sum(row.failed for row in rows) == ROWS
    assert 0 < len(before) <= BEFORE
    early = sum(row.dimensions["kind"] == "image" for row in before)
    assert 0.35 < early / len(before) < 0.65  # it is not the newest ones only
