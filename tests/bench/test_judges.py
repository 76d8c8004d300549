"""Usual judges of a rollout: failed checks accumulate, and the last one of so many rolls back."""

import math

from penstock.bench import judges


def test_the_fifth_minute_below_99_percent_rolls_back() -> None:
    judge = judges.flagger()
    for second in range(1, 300):
        judge.saw(outcomes=10, failures=1, at=float(second))
    assert math.isinf(judge.rolled_back_at)
    judge.saw(outcomes=10, failures=1, at=301.0)
    assert judge.rolled_back_at == 300.0


def test_minutes_in_which_enough_succeeds_or_nothing_was_tried_fail_no_check() -> None:
    judge = judges.flagger()
    for minute in range(100):
        judge.saw(outcomes=1_000, failures=10, at=minute * 60.0 + 1)
    judge.saw(outcomes=0, failures=0, at=1e6)
    assert math.isinf(judge.rolled_back_at)


def test_argo_aborts_at_the_fourth_failed_check_of_five_minutes() -> None:
    judge = judges.argo()
    for second in range(0, 1_300, 10):
        judge.saw(outcomes=10, failures=1, at=float(second))
    assert judge.rolled_back_at == 1_200.0
