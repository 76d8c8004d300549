"""A number's look-ups may fail so often, and then wait until enough failures have grown old."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.budget import STANDARD, UNDER_WAY_AGAIN_S, Limit, again_at, counts, limit
from penstock.core.exchange import Exchange, Trouble

NOW = 1_795_000_000.0
FIVE = Limit(5, 100.0)


@pytest.mark.parametrize(
    ("setting", "host", "insecure", "most"),
    [
        (None, "graph.facebook.com", False, None),
        (None, "facebook.com", False, None),
        (None, "waba.provider.example", False, STANDARD),
        (None, "notfacebook.com", False, STANDARD),
        (None, "127.0.0.1", True, None),  # a simulator or a test
        (0, "waba.provider.example", False, None),
        (7, "waba.provider.example", False, 7),
        (7, "graph.facebook.com", False, 7),
        (7, "127.0.0.1", True, 7),
    ],
)
def test_without_a_setting_the_host_decides(setting: int | None, host: str, insecure: bool, most: int | None) -> None:
    found = limit(setting, host=host, insecure=insecure)
    assert (found.most if found else None) == most
    assert found is None or found.window_s == 3_600.0


def exchange(**facts: Any) -> Exchange:
    known: dict[str, Any] = {"operation": "media.look_up", "declared_method": "GET", "at": NOW, "duration_s": 0.1}
    return Exchange(**(known | facts))


@pytest.mark.parametrize(
    ("facts", "counted"),
    [
        ({"peer_address": "192.0.2.1", "status": 200}, False),
        ({"peer_address": "192.0.2.1", "status": 200, "trouble": Trouble.WRONG_SHAPE}, False),  # a success to them
        ({"peer_address": "192.0.2.1", "status": 400, "graph_code": 100}, True),
        ({"peer_address": "192.0.2.1", "status": 200, "graph_code": 131000}, True),
        ({"peer_address": "192.0.2.1", "status": 503}, True),
        ({"peer_address": "192.0.2.1", "trouble": Trouble.READ_TIMEOUT}, True),  # who knows what they noted
        ({"trouble": Trouble.CONNECT}, False),
        ({"trouble": Trouble.CONTRACT, "wire_method": "POST"}, False),
    ],
    ids=str,
)
def test_what_upstream_may_have_counted_counts(facts: dict[str, Any], counted: bool) -> None:
    assert counts(exchange(**facts)) is counted


def test_while_there_is_budget_left_nothing_waits() -> None:
    assert again_at([], under_way=0, limit=FIVE, now=NOW) is None
    assert again_at([NOW] * 4, under_way=0, limit=FIVE, now=NOW) is None


def test_when_it_is_used_up_the_next_waits_until_the_oldest_failure_is_out_of_the_window() -> None:
    failed = [NOW - 90, NOW - 40, NOW - 30, NOW - 20, NOW - 10]
    assert again_at(failed, under_way=0, limit=FIVE, now=NOW) == NOW + 10
    assert again_at(failed, under_way=0, limit=FIVE, now=NOW + 10) is None


def test_what_is_under_way_may_fail_so_it_counts_for_a_moment() -> None:
    assert again_at([NOW] * 3, under_way=1, limit=FIVE, now=NOW) is None
    assert again_at([NOW] * 3, under_way=2, limit=FIVE, now=NOW) == NOW + UNDER_WAY_AGAIN_S


def test_after_more_failures_than_there_should_be_it_waits_for_enough_of_them() -> None:
    """A restart, or a smaller setting, may find more than the budget."""
    failed = [NOW - 50 + n for n in range(8)]
    wait_until = again_at(failed, under_way=0, limit=FIVE, now=NOW)
    assert wait_until == NOW - 50 + 3 + 100
    assert again_at(failed, under_way=0, limit=FIVE, now=wait_until) is None


@given(
    st.lists(st.tuples(st.floats(0, 50), st.booleans()), max_size=150),
    st.integers(1, 6),
)
@settings(deadline=None, max_examples=150)
def test_no_window_ever_holds_more_failures_than_the_limit(asked: list[tuple[float, bool]], most: int) -> None:
    bound, now = Limit(most, 100.0), NOW
    failed: list[float] = []
    for wait_s, fails in asked:
        now += wait_s
        if again_at(failed, under_way=0, limit=bound, now=now) is None and fails:
            failed.append(now)
    for at in failed:
        assert sum(at - bound.window_s < other <= at for other in failed) <= most


@given(st.lists(st.floats(-200, 0), max_size=12).map(sorted), st.integers(1, 6))
@settings(deadline=None, max_examples=150)
def test_whoever_waits_as_long_as_told_may_go_on(ages: list[float], most: int) -> None:
    bound, failed = Limit(most, 100.0), [NOW + age for age in ages]
    until = again_at(failed, under_way=0, limit=bound, now=NOW)
    assert until is None or (until > NOW and again_at(failed, under_way=0, limit=bound, now=until + 0.001) is None)
