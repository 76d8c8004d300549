"""The budgets of a process: each number has its own, and what is under way counts until its answer is there."""

from penstock.core.budget import Limit
from penstock.core.exchange import Exchange
from penstock.flow.budgets import Budgets

NOW = 1_795_000_000.0
FAILED = Exchange(
    operation="media.look_up", declared_method="GET", at=NOW, duration_s=0.0, peer_address="192.0.2.1", status=400
)
FOUND = Exchange(
    operation="media.look_up", declared_method="GET", at=NOW, duration_s=0.0, peer_address="192.0.2.1", status=200
)


def test_without_a_limit_everything_goes_on() -> None:
    budgets = Budgets()
    for _ in range(100):
        assert budgets.take("1", NOW, None) is None
        budgets.settle("1", FAILED, None)


def test_failures_use_a_numbers_budget_up_and_nobody_elses() -> None:
    budgets = Budgets()
    limit = Limit(3, 100.0)
    for _ in range(3):
        assert budgets.take("1", NOW, limit) is None
        budgets.settle("1", FAILED, limit)
    assert budgets.take("1", NOW + 1, limit) == NOW + 100
    assert budgets.take("2", NOW + 1, limit) is None
    assert budgets.take("1", NOW + 100, limit) is None


def test_successes_and_what_was_broken_off_cost_nothing() -> None:
    budgets = Budgets()
    limit = Limit(2, 100.0)
    for exchange in (FOUND, None, FOUND, None):
        assert budgets.take("1", NOW, limit) is None
        budgets.settle("1", exchange, limit)
    assert budgets.take("1", NOW, limit) is None


def test_no_more_are_under_way_than_may_fail() -> None:
    budgets = Budgets()
    limit = Limit(2, 100.0)
    assert [budgets.take("1", NOW, limit) for _ in range(3)] == [None, None, NOW + 1]
    budgets.settle("1", FOUND, limit)
    assert budgets.take("1", NOW, limit) is None


def test_what_failed_before_the_start_is_remembered() -> None:
    budgets = Budgets()
    limit = Limit(2, 100.0)
    budgets.remember([("1", NOW - 150), ("1", NOW - 50), ("1", NOW - 20), ("2", NOW - 10)])
    assert budgets.take("1", NOW, limit) == NOW + 50
    assert budgets.take("2", NOW, limit) is None


def test_a_number_about_which_there_is_nothing_to_remember_takes_no_room() -> None:
    budgets = Budgets()
    limit = Limit(2, 100.0)
    for number in range(1_000):
        budgets.take(str(number), NOW, limit)
        budgets.settle(str(number), FOUND, limit)
    assert not budgets._failed
    assert not budgets._under_way
