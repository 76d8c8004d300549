"""Detection: what is an alarm, what is only suspected, and what says nothing."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.detector import FAMILIES, Detector, First, Key, Signal
from penstock.core.work import Outcome

LOOK_UP = "media.look_up"


def first(at: float, outcome: Outcome = Outcome.DELIVERED, *, workspace: str = "w0", conversation: int = 0) -> First:
    return First(at, LOOK_UP, outcome, workspace, conversation)


def calm(workspaces: int, *, rate: float = 1.0) -> tuple[Detector, float]:
    """A detector that has seen an hour of deliveries from so many workspaces, and when that hour was over."""
    it = Detector()
    for minute in range(60):
        it.passed(LOOK_UP, round(60 * rate), minute * 60.0)
    for number in range(workspaces):
        it.seen(first(3_600.0, workspace=f"w{number}"))
    return it, 3_601.0


def fail(
    it: Detector, began: float, count: int, *, workspaces: int, outcome: Outcome = Outcome.UPSTREAM
) -> list[Signal]:
    said = [
        it.seen(first(began + at, outcome, workspace=f"w{at % workspaces}", conversation=at)) for at in range(count)
    ]
    return [each for each in said if each is not None]


def test_many_workspaces_that_fail_together_are_an_alarm_within_few_outcomes() -> None:
    it, began = calm(50)
    said = fail(it, began, 20, workspaces=50)
    assert [each.kind for each in said] == ["alarm"]
    assert said[0].key == Key(LOOK_UP, "upstream")
    assert said[0].outcomes <= 10
    assert said[0].onset_at == began


def test_one_workspace_that_fails_is_a_suspicion_and_wants_probes() -> None:
    it, began = calm(1)
    said = fail(it, began, 20, workspaces=1)
    assert [each.kind for each in said] == ["suspected"]
    assert it.wants_probes() == {LOOK_UP}


def test_two_failing_probes_make_a_suspicion_an_alarm() -> None:
    it, began = calm(1)
    (suspected,) = fail(it, began, 20, workspaces=1)
    at = suspected.at
    assert it.probed(LOOK_UP, failed=Outcome.UPSTREAM, at=at + 1) is None
    assert it.probed(LOOK_UP, failed=None, at=at + 2) is None
    said = it.probed(LOOK_UP, failed=Outcome.TIMEOUT, at=at + 3)
    assert said is not None
    assert said.kind == "alarm"
    assert said.onset_at == began
    assert "2 of 3 probes" in said.why


def test_probes_that_fail_for_another_reason_confirm_nothing() -> None:
    it, began = calm(1)
    (suspected,) = fail(it, began, 20, workspaces=1)
    said = [it.probed(LOOK_UP, failed=Outcome.LOCAL, at=suspected.at + second) for second in range(1, 30)]
    assert said == [None] * 29
    assert it.wants_probes() == set()


def test_without_probes_a_second_suspicion_a_few_minutes_later_is_an_alarm() -> None:
    it, began = calm(1)
    it.probing = False
    (suspected,) = fail(it, began, 20, workspaces=1)
    said = fail(it, suspected.at + 120, 20, workspaces=1)
    assert [each.kind for each in said] == ["alarm"]
    assert said[0].onset_at == suspected.onset_at == began  # it began before it was suspected


def test_with_probes_only_they_confirm() -> None:
    it, began = calm(1)
    (suspected,) = fail(it, began, 20, workspaces=1)
    for second in range(1, 21):
        it.probed(LOOK_UP, failed=None, at=suspected.at + second)
    again = fail(it, suspected.at + 120, 20, workspaces=1)
    assert [each.kind for each in again] == ["suspected"]


def test_an_album_of_dead_files_in_one_conversation_is_one_failure() -> None:
    it, began = calm(5)
    said = [it.seen(first(began + at, Outcome.GONE, conversation=7)) for at in range(50)]
    assert said == [None] * 50


def test_a_neutral_unit_has_neither_failures_nor_successes() -> None:
    it, began = calm(30)
    it.seen(first(began, Outcome.UPSTREAM, workspace="w1"))
    before = it.evidence()[Key(LOOK_UP, "upstream")]
    for at in range(20):
        it.seen(first(began + 1 + at, Outcome.DELIVERED, workspace="w1"))
        it.seen(first(began + 1 + at, Outcome.UPSTREAM, workspace="w1"))
    assert it.evidence()[Key(LOOK_UP, "upstream")] == before


@pytest.mark.parametrize("outcome", [Outcome.THROTTLE, Outcome.CONTRACT])
def test_what_no_family_counts_says_nothing(outcome: Outcome) -> None:
    assert outcome not in FAMILIES
    it, began = calm(50)
    assert fail(it, began, 200, workspaces=50, outcome=outcome) == []


def test_a_violation_of_the_contract_is_an_alarm_by_itself() -> None:
    said = Detector().violated(LOOK_UP, 5.0)
    assert (said.kind, said.key.family, said.onset_at) == ("alarm", "contract", 5.0)


def test_one_request_that_went_out_other_than_declared_and_failed_is_an_alarm_by_itself_and_once() -> None:
    it, began = calm(2)
    said = it.strayed(LOOK_UP, Outcome.CLIENT_BUG, began)
    assert said is not None
    assert (said.kind, said.key) == ("alarm", Key(LOOK_UP, "client_bug"))
    assert it.strayed(LOOK_UP, Outcome.CLIENT_BUG, began + 1) is None
    healed = [it.seen(first(began + 10 + at)) for at in range(200)]
    assert [each.kind for each in healed if each is not None] == ["recovered"]


@pytest.mark.parametrize("outcome", [Outcome.DELIVERED, Outcome.THROTTLE, Outcome.LOCAL])
def test_one_that_went_astray_and_did_not_fail_says_nothing(outcome: Outcome) -> None:
    assert Detector().strayed(LOOK_UP, outcome, 5.0) is None


def test_an_alarm_is_rung_once_and_recovers_by_evidence() -> None:
    it, began = calm(50)
    (alarm,) = fail(it, began, 40, workspaces=50)
    said = [it.seen(first(began + 100 + at, workspace=f"w{at % 50}")) for at in range(200)]
    assert [each.kind for each in said if each is not None] == ["recovered"]
    assert alarm.kind == "alarm"
    again = fail(it, began + 1_000, 20, workspaces=50)
    assert [each.kind for each in again] == ["alarm"]


def test_a_higher_normal_rate_needs_more_evidence() -> None:
    low, began = calm(50)
    high, _ = calm(50)
    high.set_bound(Key(LOOK_UP, "upstream"), 0.1)
    (soon,) = fail(low, began, 40, workspaces=50)
    (late,) = fail(high, began, 40, workspaces=50)
    assert late.outcomes > soon.outcomes


def test_thirty_quiet_days_with_a_normal_rate_of_failure_are_quiet() -> None:
    it, at = calm(100)
    rng = random.Random(3)
    said = []
    for _ in range(3_000):
        gap = rng.expovariate(0.005)
        it.passed(LOOK_UP, int(gap), at := at + gap)
        said.append(it.seen(first(at, Outcome.UPSTREAM, workspace=f"w{rng.randrange(100)}")))
    assert [each for each in said if each is not None] == []


_EVENTS = st.lists(
    st.tuples(
        st.floats(0, 30),
        st.sampled_from(list(Outcome)),
        st.integers(0, 40),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=200,
)


@given(_EVENTS)
@settings(deadline=None, max_examples=60)
def test_no_sequence_rings_without_a_failure_of_that_family(
    events: list[tuple[float, Outcome, int, int, bool]],
) -> None:
    it, at = Detector(), 0.0
    failed: set[str] = set()
    for gap, outcome, workspace, conversation, probe in events:
        at += gap
        said = it.seen(First(at, LOOK_UP, outcome, f"w{workspace}", conversation))
        failed |= {FAMILIES[outcome]} if outcome in FAMILIES else set()
        if said is None and probe and it.wants_probes():
            said = it.probed(LOOK_UP, failed=None if outcome is Outcome.DELIVERED else outcome, at=at)
        if said is not None:
            assert said.key.family in failed
            assert said.onset_at is None or said.onset_at <= at
    assert it.workspaces <= 41
