"""The throttle: additive increase, halving, and upstream's own word on how long."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.seen import Seen
from penstock.core.throttle import HALVE_EVERY_S, LEAST, LONGEST_S, Standing, Throttle
from penstock.core.work import Outcome

NUMBER, APP = ("number", "1"), ("app", "main")


def seen(at: float, outcome: Outcome = Outcome.DELIVERED, *, code: int | None = None, **more: Any) -> Seen:
    known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__)
    known |= {"id": 1, "media_row": 1, "nth": 1, "at": at, "operation": "media.look_up", "declared_method": "GET"}
    known |= {"duration_s": 0.0, "number": "1", "app": "main", "graph_code": code, "outcome": outcome}
    return Seen(**(known | more))


def busy(rate: int = 10) -> Throttle:
    """Ten seconds of traffic."""
    it = Throttle()
    for at in range(rate * 10):
        it.saw(seen(1_000 + at / rate))
    return it


def test_a_request_to_slow_down_halves_what_its_number_did() -> None:
    it = busy()
    it.saw(seen(1_010, Outcome.THROTTLE, code=130429))
    standing = it.tick(1_010)
    assert list(standing) == [NUMBER]
    assert standing[NUMBER].opening == pytest.approx(5, rel=0.1)


def test_code_4_means_the_app() -> None:
    it = busy()
    it.saw(seen(1_010, Outcome.THROTTLE, code=4))
    assert list(it.tick(1_010)) == [APP]


def test_requests_of_one_moment_halve_once() -> None:
    it = busy()
    for nth in range(20):
        it.saw(seen(1_010 + nth / 100, Outcome.THROTTLE))
    assert it.tick(1_010)[NUMBER].opening == pytest.approx(5, rel=0.1)
    it.saw(seen(1_010 + HALVE_EVERY_S, Outcome.THROTTLE))
    assert it.tick(1_010 + HALVE_EVERY_S)[NUMBER].opening < 3.5


def test_it_grows_a_little_each_second_until_there_is_no_gate() -> None:
    it = busy()
    it.saw(seen(1_010, Outcome.THROTTLE))
    openings = []
    for second in range(400):
        standing = it.tick(1_011 + second)
        if not standing:
            break
        openings.append(standing[NUMBER].opening)
    assert openings == sorted(openings)
    assert openings[5] - openings[4] == pytest.approx(0.5, abs=0.1)
    assert it.tick(2_000) == {}


def test_upstreams_own_time_is_waited_for() -> None:
    it = busy()
    it.saw(seen(1_010, Outcome.THROTTLE, after_s=30.0))
    assert it.tick(1_011)[NUMBER].opening == 0
    assert it.tick(1_039)[NUMBER].opening == 0
    assert it.tick(1_041)[NUMBER].opening > 0


def test_nobody_is_believed_who_asks_for_a_week() -> None:
    it = busy()
    it.saw(seen(1_010, Outcome.THROTTLE, after_s=7 * 86_400.0))
    assert it.tick(1_012 + LONGEST_S)[NUMBER].opening > 0


def test_a_limit_that_is_nearly_used_up_stops_the_increase() -> None:
    it = busy()
    it.saw(seen(1_010, Outcome.THROTTLE))
    before = it.tick(1_012)[NUMBER].opening
    it.saw(seen(1_012, usage_percent=97.0))
    assert it.tick(1_015)[NUMBER].opening == before
    assert it.tick(1_030)[NUMBER].opening >= before


def test_the_next_leader_goes_on_from_the_gate_that_stands() -> None:
    it = Throttle()
    it.resume(NUMBER, Standing(3.0, "why"), 1_000)
    assert it.tick(1_000)[NUMBER].opening == 3.0
    assert it.tick(1_010)[NUMBER].opening > 3.0


@given(
    st.lists(
        st.tuples(
            st.floats(0.01, 30),
            st.sampled_from([Outcome.DELIVERED, Outcome.THROTTLE, Outcome.UPSTREAM]),
            st.sampled_from([None, 4, 80007, 130429]),
            st.one_of(st.none(), st.floats(0, 100)),
        ),
        max_size=80,
    )
)
@settings(deadline=None, max_examples=80)
def test_no_sequence_sets_a_gate_without_being_asked_or_leaves_one_for_ever(
    events: list[tuple[float, Outcome, int | None, float | None]],
) -> None:
    it, at, asked = Throttle(), 1_000.0, False
    for gap, outcome, code, usage in events:
        at += gap
        it.saw(seen(at, outcome, code=code, usage_percent=usage))
        asked = asked or outcome is Outcome.THROTTLE
        standing = it.tick(at)
        assert asked or not standing
        assert all(each.opening == 0 or each.opening >= LEAST for each in standing.values())
    for second in range(3_600):
        if not it.tick(at + second):
            break
    assert it.tick(at + 3_600) == {}
