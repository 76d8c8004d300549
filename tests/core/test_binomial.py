"""The exact bound on a share, beside what is known of it."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import binomial


def test_a_hundred_clean_outcomes_bound_the_rate_at_three_percent() -> None:
    assert math.isclose(binomial.upper(0, 100), 1 - 0.05 ** (1 / 100), rel_tol=1e-9)
    assert binomial.upper(0, 100) <= 0.03


def test_the_bounds_are_those_of_the_tables() -> None:
    assert math.isclose(binomial.upper(1, 10), 0.394163, rel_tol=1e-5)
    assert math.isclose(binomial.upper(5, 100), 0.102253, rel_tol=1e-4)


def test_of_nothing_or_of_only_failures_nothing_is_known() -> None:
    assert binomial.upper(0, 0) == 1.0
    assert binomial.upper(7, 7) == 1.0
    assert not binomial.is_below(0.99, 7, 7)


@given(of=st.integers(1, 400), seen=st.integers(0, 400), share=st.floats(0.001, 0.999))
@settings(deadline=None, max_examples=60)
def test_the_probability_is_the_sum_of_its_terms(of: int, seen: int, share: float) -> None:
    seen = min(seen, of)
    terms = (
        math.exp(
            math.lgamma(of + 1)
            - math.lgamma(k + 1)
            - math.lgamma(of - k + 1)
            + k * math.log(share)
            + (of - k) * math.log1p(-share)
        )
        for k in range(seen + 1)
    )
    assert math.isclose(binomial.at_most(seen, of, share), sum(terms), rel_tol=1e-7, abs_tol=1e-12)


@given(of=st.integers(1, 5_000), seen=st.integers(0, 5_000), share=st.floats(0.0001, 0.9999))
@settings(deadline=None, max_examples=60)
def test_a_bound_is_below_a_share_when_it_is(of: int, seen: int, share: float) -> None:
    seen = min(seen, of)
    upper = binomial.upper(seen, of)
    assert upper >= seen / of
    if abs(upper - share) > 1e-6:
        assert binomial.is_below(share, seen, of) == (upper <= share)
