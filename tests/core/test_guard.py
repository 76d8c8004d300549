"""The guard: what is evidence against a candidate, what is none, and that it rarely speaks for nothing."""

import json
import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.guard import ALPHA, ENOUGH, Guard, Tally
from penstock.core.work import Outcome


def failed(guard: Guard, *, candidate: bool, nth: int = 0, outcome: Outcome = Outcome.UPSTREAM) -> None:
    guard.saw(outcome, candidate=candidate, unit=f"u{nth}", at=float(nth))


def test_a_few_failures_of_a_small_share_suffice() -> None:
    guard = Guard.of(0.01)
    for nth in range(4):
        guard.passed(candidate=3, control=300)
        failed(guard, candidate=True, nth=nth)
    assert guard.enough
    assert guard.evidence > ENOUGH


def test_an_outage_that_meets_both_sides_is_no_evidence() -> None:
    guard = Guard.of(0.2)
    for nth in range(500):
        guard.passed(candidate=1, control=4)
        failed(guard, candidate=nth % 5 == 0, nth=nth)
    assert guard.evidence < 1


def test_where_the_candidate_has_more_of_the_traffic_than_its_nominal_share_it_may_fail_more() -> None:
    nominal, counted = Guard.of(0.01), Guard.of(0.01, candidates=300, attempts=1_000)
    for nth in range(6):
        failed(nominal, candidate=True, nth=nth)
        failed(counted, candidate=True, nth=nth)
    assert nominal.enough
    assert not counted.enough


def test_the_share_is_learned_from_the_attempts() -> None:
    guard = Guard.of(0.01)
    for _ in range(200):
        guard.passed(candidate=3, control=7)
    assert math.isclose(guard.share, 0.3, rel_tol=0.1)


def test_a_unit_that_failed_is_left_out_for_a_minute() -> None:
    guard = Guard.of(0.01)
    for second in range(60):
        guard.saw(Outcome.UPSTREAM, candidate=True, unit="album", at=float(second))
    assert guard.tally.candidate.failures == 1
    guard.saw(Outcome.UPSTREAM, candidate=True, unit="album", at=60.0)
    assert guard.tally.candidate.failures == 2


@pytest.mark.parametrize("outcome", [Outcome.AUTH, Outcome.GONE])
def test_a_customers_own_trouble_counts_once(outcome: Outcome) -> None:
    guard = Guard.of(0.01)
    for minute in range(100):
        guard.saw(outcome, candidate=True, unit="dead token", at=minute * 100.0)
    assert guard.tally.candidate.failures == 1
    assert not guard.enough


@pytest.mark.parametrize("outcome", [Outcome.THROTTLE, Outcome.LOCAL])
def test_what_is_about_neither_side_is_not_counted(outcome: Outcome) -> None:
    guard = Guard.of(0.01)
    guard.saw(outcome, candidate=True, unit="u", at=0.0)
    assert guard.tally == Guard.of(0.01).tally


def test_what_happens_while_promotion_is_frozen_is_evidence_of_harm_only() -> None:
    guard = Guard.of(0.01)
    guard.passed(candidate=10, control=1_000, proves=False)
    for nth in range(4):
        guard.saw(Outcome.UPSTREAM, candidate=True, unit=f"u{nth}", at=0.0, proves=False)
    assert guard.enough
    assert guard.tally.candidate.outcomes == 0


def test_with_everything_the_candidates_there_is_nothing_to_compare() -> None:
    guard = Guard.of(1.0)
    for nth in range(1_000):
        failed(guard, candidate=True, nth=nth)
    assert guard.evidence == pytest.approx(1.0)


def test_what_is_kept_of_units_does_not_grow() -> None:
    guard = Guard.of(0.5)
    for nth in range(5_000):
        guard.saw(Outcome.UPSTREAM, candidate=False, unit=f"u{nth}", at=0.0)
        guard.saw(Outcome.GONE, candidate=False, unit=f"g{nth}", at=0.0)
    assert len(guard.tally.neutral) <= 1_100
    assert len(guard.tally.own) == 1_000
    assert Guard(guard.tally)._own == guard._own == set(guard.tally.own)


def test_a_workspace_that_was_quiet_before_is_not_blamed_for_an_outage_that_meets_everybody() -> None:
    """Nothing of the traffic before was the candidate's; then its one workspace wakes up, in the outage of all."""
    rng = random.Random(3)
    for _ in range(5):
        guard, most = Guard.of(0.01, candidates=0, attempts=3_000), 0.0
        for nth in range(4_000):
            workspace = rng.randrange(20)
            outcome = Outcome.UPSTREAM if rng.random() < 0.3 else Outcome.DELIVERED
            guard.saw(outcome, candidate=not workspace, unit=str(workspace), at=nth / 10)
            most = max(most, guard.log_evidence)
        assert most < math.log(ENOUGH)


outcomes = st.lists(
    st.tuples(st.sampled_from(list(Outcome)), st.booleans(), st.integers(0, 5), st.floats(0, 100)), max_size=60
)


@given(outcomes=outcomes, cut=st.integers(0, 60))
@settings(deadline=None, max_examples=50)
def test_a_guard_that_was_kept_goes_on_as_if_nothing_had_happened(
    outcomes: list[tuple[Outcome, bool, int, float]], cut: int
) -> None:
    whole, first = Guard.of(0.05), Guard.of(0.05)
    for outcome, candidate, unit, at in outcomes[:cut]:
        first.saw(outcome, candidate=candidate, unit=str(unit), at=at)
    kept = json.loads(json.dumps(msgspec.to_builtins(first.tally)))
    resumed = Guard(msgspec.convert(kept, Tally))
    for outcome, candidate, unit, at in outcomes[cut:]:
        resumed.saw(outcome, candidate=candidate, unit=str(unit), at=at)
    for outcome, candidate, unit, at in outcomes:
        whole.saw(outcome, candidate=candidate, unit=str(unit), at=at)
    assert resumed.tally == whole.tally


@given(share=st.floats(0.001, 0.999), failures=st.lists(st.booleans(), max_size=30))
@settings(deadline=None, max_examples=60)
def test_a_bet_is_fair_where_the_share_is_known(share: float, failures: list[bool]) -> None:
    guard = Guard.of(share)
    guard.tally.slack = 1e12  # as if an endless past had shown the share
    for nth, candidate in enumerate(failures):
        failed(guard, candidate=candidate, nth=nth)
    before = guard.evidence
    ways = []
    for candidate in (True, False):
        copy = Guard(msgspec.convert(msgspec.to_builtins(guard.tally), Tally))
        failed(copy, candidate=candidate, nth=99)
        ways.append(copy.evidence)
    assert share * ways[0] + (1 - share) * ways[1] == pytest.approx(before, rel=1e-6)


def test_it_speaks_for_nothing_as_rarely_as_it_promises() -> None:
    """At a hundredth of the evidence it would speak in less than two of a hundred runs, so at all of it in far less."""
    rng, spoke, runs = random.Random(11), 0, 200
    for _ in range(runs):
        share = rng.choice((0.01, 0.05, 0.3))
        guard, most = Guard.of(0.01 if share == 0.01 else 0.05), 0.0
        for nth in range(200):
            ours = sum(rng.random() < share for _ in range(20))
            guard.passed(candidate=ours, control=20 - ours)
            failed(guard, candidate=rng.random() < share, nth=nth)
            most = max(most, guard.log_evidence)
        spoke += most >= math.log(ENOUGH / 100)
    assert spoke / runs <= 2 * 100 * ALPHA
