"""The e-detector: what it promises, whatever order the outcomes come in."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.mixture import BETS, Mixture, Recovery, quantile


def stepwise(outcomes: list[bool], bound: float) -> float:
    """The same sum, one outcome after the other, as the formula is written."""
    bets = [bet for bet in BETS if bet > 1.5 * bound]
    wealth = [0.0] * len(bets)
    for failed in outcomes:
        for k, bet in enumerate(bets):
            gain = bet / bound if failed else (1 - bet) / (1 - bound)
            wealth[k] = (1 + wealth[k]) * gain
    return sum(wealth) / len(wealth)


@given(st.lists(st.booleans(), max_size=60), st.sampled_from([0.005, 0.01, 0.02, 0.1]))
@settings(deadline=None)
def test_a_run_of_successes_taken_at_once_is_the_same_as_one_after_the_other(
    outcomes: list[bool], bound: float
) -> None:
    mixture = Mixture(bound)
    for at, failed in enumerate(outcomes):
        if failed:
            mixture.failed(at)
        else:
            mixture.passed()
    assert mixture.evidence == pytest.approx(stepwise(outcomes, bound), rel=1e-6, abs=1e-9)


def test_successes_alone_never_ring() -> None:
    mixture = Mixture(0.01)
    mixture.passed(10_000_000)
    assert mixture.evidence < 1_000


def test_the_onset_is_where_the_run_of_failures_began() -> None:
    mixture = Mixture(0.01)
    mixture.failed(1.0)
    mixture.passed(500)
    for at in (100.0, 101.0, 102.0):
        mixture.failed(at)
        mixture.passed()
    assert mixture.onset is not None
    assert 99.5 < mixture.onset <= 100.0


def test_the_rate_is_the_nearest_that_is_betted_on() -> None:
    mixture = Mixture(0.01)
    for at in range(60):
        mixture.failed(at)
        mixture.passed(2)
    assert mixture.rate == 0.3


@pytest.mark.parametrize("bound", [0.0, -1.0, 0.6, 1.0])
def test_a_bound_that_is_none_is_refused(bound: float) -> None:
    with pytest.raises(ValueError, match="bound"):
        Mixture(bound)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.3, 0.6])
@pytest.mark.parametrize("estimated", [0.1, 0.3, 0.8, 0.99])
def test_a_part_that_goes_on_failing_is_not_taken_for_recovered_however_it_was_estimated(
    rate: float, estimated: float
) -> None:
    rng = random.Random(3)
    recovery = Recovery(estimated, 0.01)
    assert not any(recovery.seen(failed=rng.random() < rate) for _ in range(2_000))


def test_a_recovery_takes_evidence_and_a_failure_takes_it_back() -> None:
    recovery = Recovery(0.3, 0.01)
    needed = math.ceil(Recovery.ENOUGH / math.log((1 - 0.01) / (1 - Recovery.MOST)))
    assert not any(recovery.seen(failed=False) for _ in range(needed - 1))
    assert not recovery.seen(failed=True)
    assert not recovery.seen(failed=False)
    assert any(recovery.seen(failed=False) for _ in range(needed))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0, 1))
@settings(deadline=None)
def test_a_quantile_is_one_of_the_values(values: list[float], share: float) -> None:
    assert quantile(values, share) in values
    assert quantile([], share) == 0.0
