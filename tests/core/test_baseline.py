"""What is normal: the same hour of the week, four weeks back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.baseline import HOUR_S, KEPT_HOURS, WEEK_HOURS, Hour, bound

NOW = 100_000 * HOUR_S + 120.0
CURRENT = 100_000


def test_without_history_the_lowest_bound_counts() -> None:
    assert bound([], NOW) == 0.01


def test_twice_the_rate_of_the_same_hour_of_the_week() -> None:
    hours = [Hour(CURRENT - WEEK_HOURS * week, 1_000, 20) for week in range(1, 5)]
    hours += [Hour(CURRENT - 5 - WEEK_HOURS * week, 1_000, 100) for week in range(5)]
    assert bound(hours, NOW) == 0.04


def test_in_the_first_weeks_all_hours_are_looked_at() -> None:
    assert bound([Hour(CURRENT - back, 1_000, 30) for back in range(1, 30)], NOW) == 0.06


def test_an_hour_with_few_outcomes_says_nothing() -> None:
    assert bound([Hour(CURRENT - 1, 10, 5)], NOW) == 0.01


def test_what_fails_nearly_always_is_never_normal() -> None:
    assert bound([Hour(CURRENT - back, 1_000, 900) for back in range(1, 30)], NOW) == 0.25


@given(
    st.lists(
        st.builds(
            Hour, st.integers(CURRENT - KEPT_HOURS - 10, CURRENT + 10), st.integers(0, 5_000), st.integers(0, 5_000)
        )
    )
)
@settings(deadline=None)
def test_the_bound_stays_within_its_limits(hours: list[Hour]) -> None:
    assert 0.01 <= bound(hours, NOW) <= 0.25
