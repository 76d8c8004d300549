"""When our own requests are as declared again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.mending import FEWEST, Mending

OLD, NEW = ("worker-1", "legacy/3"), ("worker-2", "standard/1")


def seen(*each: tuple[tuple[str, str], bool], every_s: float = 1.0) -> Mending:
    machine = Mending(0.0)
    for nth, (maker, violated) in enumerate(each):
        machine.seen(maker, nth * every_s, violated=violated)
    return machine


def test_twenty_requests_as_declared_are_evidence_where_all_were_wrong() -> None:
    wrong = [(OLD, True)] * 5
    assert seen(*wrong, *[(OLD, False)] * (FEWEST - 1)).why(100.0) is None
    assert "20 requests in a row" in (seen(*wrong, *[(OLD, False)] * FEWEST).why(100.0) or "")
    assert seen(*wrong, *[(OLD, False)] * FEWEST, (OLD, True)).why(100.0) is None


def test_where_few_were_wrong_it_takes_more_to_be_sure() -> None:
    some = ([(OLD, False)] * 19 + [(OLD, True)]) * 3  # one in twenty
    assert seen(*some).needed == 135
    assert seen(*some, *[(OLD, False)] * 134).why(1_000.0) is None
    assert seen(*some, *[(OLD, False)] * 135).why(1_000.0) is not None


def test_a_mended_implementation_needs_three() -> None:
    wrong = [(OLD, True)] * 2
    assert seen(*wrong, (NEW, False), (NEW, False)).why(100.0) is None
    assert "mended implementation" in (seen(*wrong, *[(NEW, False)] * 3).why(100.0) or "")
    assert seen(*wrong, *[(NEW, False)] * 3, (OLD, False)).why(100.0) is None  # who was wrong is still at it
    assert seen(*wrong, *[(NEW, False)] * 3, (NEW, True)).why(100.0) is None


def test_several_processes_are_not_seen_in_order() -> None:
    machine = seen((OLD, True), *[(NEW, False)] * 30, every_s=0.1)
    assert machine.why(3.0) is None
    assert machine.why(10.0) is not None


def test_a_leader_that_goes_on_with_an_incident_asks_for_twenty() -> None:
    machine = Mending(0.0)
    for _ in range(FEWEST - 1):
        machine.seen(NEW, 20.0, violated=False)
    assert machine.why(30.0) is None
    machine.seen(NEW, 21.0, violated=False)
    assert machine.why(30.0) is not None


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([OLD, NEW]), st.booleans()), max_size=60))
def test_it_never_ends_right_after_a_violation_and_always_ends_at_last(
    each: list[tuple[tuple[str, str], bool]],
) -> None:
    machine = seen(*each, (OLD, True))
    assert machine.why(10_000.0) is None
    for _ in range(machine.needed):
        machine.seen(OLD, 1_000.0, violated=False)
    assert machine.why(10_000.0) is not None
