"""Burn rates: both windows of a pair must be over their limit, and single files are no trend."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.burn import BURN_RATE, KEPT_MINUTES, Count, Minutes, rings, ticket
from penstock.core.detector import Key
from penstock.core.incident import Severity

NOW = 1_795_000_020.0
KEY = Key("media.download", BURN_RATE)


def minutes(*stretches: tuple[int, int, int]) -> Minutes:
    """(minutes, outcomes, failures) of each minute, the last of them now."""
    found = Minutes()
    total = sum(length for length, _, _ in stretches)
    at = NOW - 60 * (total - 1)
    for length, outcomes, failures in stretches:
        for _ in range(length):
            for nth in range(outcomes):
                found.add(at, failed=nth < failures)
            at += 60
    return found


def test_the_long_window_says_that_it_matters_and_the_short_one_that_it_goes_on() -> None:
    rates = {3_600: 0.08, 300: 0.08, 21_600: 0.0, 1_800: 0.0}
    assert rings(rates.__getitem__, 0.005) == (3_600, 300, 14.4)
    assert rings((rates | {300: 0.01}).__getitem__, 0.005) is None
    slow = {3_600: 0.04, 300: 0.04, 21_600: 0.04, 1_800: 0.04}
    assert rings(slow.__getitem__, 0.005) == (21_600, 1_800, 6.0)
    assert rings(slow.__getitem__, 0.01) is None
    assert rings(slow.__getitem__, 0.01, share=0.5) == (21_600, 1_800, 6.0)


def test_a_budget_that_burns_fast_rings_within_the_hour_and_a_slow_one_within_six() -> None:
    fast = minutes((300, 20, 0), (15, 20, 8)).burn(NOW)
    assert fast is not None
    assert (fast.long_s, fast.failures, fast.outcomes) == (3_600, 120, 1_200)
    assert round(fast.times, 6) == 20.0
    slow = minutes((150, 50, 0), (210, 50, 3)).burn(NOW)
    assert slow is not None
    assert slow.long_s == 21_600
    assert minutes((360, 100, 0), (1, 100, 0)).burn(NOW) is None


def test_the_normal_rate_of_failure_and_single_files_ring_nothing() -> None:
    assert minutes((360, 100, 1)).burn(NOW) is None
    assert minutes((60, 1, 0), (5, 1, 1)).burn(NOW) is None  # five files
    assert minutes((10, 100, 90)).burn(NOW) is None  # it has only begun: an hour is not known
    assert minutes((16, 100, 90)).burn(NOW) is not None
    assert Minutes().burn(NOW) is None
    assert Minutes().calm(NOW)


def test_what_is_over_does_not_ring_although_the_long_window_is_full_of_it() -> None:
    over = minutes((300, 20, 0), (30, 20, 10), (31, 20, 0))
    assert over.within(3_600, NOW).rate > 0.2
    assert over.burn(NOW) is None
    assert over.calm(NOW)


def test_a_ticket_says_how_fast_and_is_silent_where_somebody_was_paged() -> None:
    burning = minutes((60, 20, 4))
    sign = ticket(KEY, burning, NOW, covered=False)
    assert sign.severity is Severity.TICKET
    assert sign.text.startswith(
        "media.download spends its budget of failures 40 times as fast as it may, over 1 h: 240 "
    )
    assert sign.onset_at == NOW - 3_600
    covered = ticket(KEY, burning, NOW, covered=True)
    assert (covered.severity, covered.well) == (None, False)
    assert ticket(KEY, Minutes(), NOW, covered=False).well


def test_minutes_are_counted_kept_and_forgotten() -> None:
    found = minutes((2, 3, 1))
    minute = int(NOW // 60)
    assert found.minute(minute) == found.minute(minute - 1) == Count(3, 1)
    assert found.minute(minute - 2) == Count()
    assert Minutes({minute: Count(5, 2)}).within(300, NOW) == Count(5, 2)
    found.forget(NOW + 60 * KEPT_MINUTES)
    assert found.within(21_600, NOW + 60 * KEPT_MINUTES) == Count()
    assert found.minute(minute) == Count(3, 1)
    found.forget(NOW + 60 * (KEPT_MINUTES + 1))
    assert found.minute(minute) == Count()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 5), st.integers(0, 5)), max_size=8))
def test_it_rings_only_for_what_burns_and_is_calm_when_that_is_six_hours_ago(
    stretches: list[tuple[int, int, int]],
) -> None:
    found = minutes(*[(length, outcomes, min(outcomes, failures)) for length, outcomes, failures in stretches])
    burn = found.burn(NOW)
    if burn is not None:
        assert burn.failures >= 10
        assert burn.times >= 6
        assert not found.calm(NOW)
    assert found.burn(NOW + 21_660) is None
    assert found.calm(NOW + 21_660)
