"""The computed onset is near the truth."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.detector import Detector, First
from penstock.core.mixture import quantile
from penstock.core.onset import Onset
from penstock.core.work import Outcome

BETS = (0.05, 0.3, 0.8)


def off_by_s(seed: int, *, rate: float, workspaces: int, failing: float = 0.3, normal: float = 0.005) -> float:
    """A fleet that turns bad at a random moment; how far the first word on it is off."""
    rng, detector = random.Random(seed), Detector()
    for minute in range(60):
        detector.passed("media.download", round(60 * rate), minute * 60.0)
    for number in range(workspaces):
        detector.seen(First(3_600.0, "media.download", Outcome.DELIVERED, f"w{number}", number))
    at, truth, count = 3_600.0, 3_600.0 + rng.uniform(60, 120), 0
    while True:
        at += rng.expovariate(rate)
        count += 1
        failed = rng.random() < (failing if at >= truth else normal)
        outcome = Outcome.UPSTREAM if failed else Outcome.DELIVERED
        said = detector.seen(First(at, "media.download", outcome, f"w{rng.randrange(workspaces)}", count))
        if said is not None and at >= truth:
            assert said.onset_at is not None
            return said.onset_at - truth


# At one outcome in a second no estimate can do better in the worst case: in one of forty runs the first ten all succeed.
@pytest.mark.parametrize(("rate", "median_s", "share"), [(1.0, 3.5, 0.85), (3.0, 1.5, 0.95), (10.0, 0.5, 1.0)])
@pytest.mark.parametrize("workspaces", [1, 40])
def test_the_onset_is_within_ten_seconds_of_the_truth(
    rate: float, median_s: float, share: float, workspaces: int
) -> None:
    off = [abs(off_by_s(seed, rate=rate, workspaces=workspaces)) for seed in range(60)]
    assert quantile(off, 0.5) <= median_s
    assert sum(each <= 10 for each in off) / len(off) >= share


def test_all_failures_in_a_row_began_with_the_first() -> None:
    onset = Onset(0.01, BETS)
    assert onset.at() is None
    for at in (50.0, 51.0, 52.0):
        onset.failed(at, 0)
    assert onset.at() == 50.0
    onset.restart()
    assert onset.at() is None


def test_it_began_somewhat_before_the_first_failure_where_not_everything_fails() -> None:
    onset = Onset(0.01, BETS)
    onset.failed(0.0, 0)
    onset.failed(500.0, 499)
    for at in range(503, 560, 3):
        onset.failed(float(at), 2)
    found = onset.at()
    assert found is not None
    assert 494 < found < 500


def test_a_single_failure_long_before_is_not_where_it_began() -> None:
    onset = Onset(0.01, BETS)
    onset.failed(0.0, 0)
    onset.failed(1_000.0, 1_000)
    for at in range(1_001, 1_020):
        onset.failed(float(at), 1)
    assert (onset.at() or 0) > 990


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 100), st.integers(0, 5_000)), min_size=1, max_size=80))
def test_it_is_never_outside_of_what_was_seen(failures: list[tuple[float, int]]) -> None:
    onset, at = Onset(0.01, BETS), 0.0
    for gap_s, passed in failures:
        at += gap_s
        onset.failed(at, passed)
        found = onset.at()
        assert found is not None
        assert 0.0 <= found <= at
