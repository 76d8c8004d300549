"""What all fetchers let through adds up to the opening, whatever they are told and whenever they look."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import slots
from penstock.core.slots import ALONE, BURST_S, NOWHERE, TURN_S, Flow, Place

NOW = 1_795_000_000.0

openings = st.sampled_from([0.2, 0.5, 1.0, 2.0, 3.3, 10.0, 60.0, 250.0]) | st.floats(0.05, 300.0)
fleets = st.integers(1, 9)


class Fetcher:
    """One that takes whatever it may have, each time it looks."""

    def __init__(self, place: Place, opening: float, now: float) -> None:
        self.place = place
        self.flow = slots.begin(opening, now)
        self.taken: list[float] = []

    def look(self, now: float) -> int:
        self.flow = slots.until(self.flow, now, self.place)
        items = max(0, self.flow.hand)
        self.flow = slots.used(self.flow, items)
        self.taken += [now] * items
        return items

    def told(self, opening: float, now: float) -> None:
        self.flow = slots.changed(slots.until(self.flow, now, self.place), opening, self.place)

    def moved(self, place: Place, now: float) -> None:
        self.flow = slots.until(self.flow, now, self.place)
        self.place = place


def fleet(of: int, opening: float, *, at: float = NOW) -> list[Fetcher]:
    return [Fetcher(Place(number, of), opening, at) for number in range(of)]


def run(fetchers: Sequence[Fetcher], start: float, seconds: float, steps: Sequence[float]) -> None:
    """Everybody looks again and again, each after its own pauses."""
    for fetcher, first in zip(fetchers, steps, strict=False):
        now, turn = start + first, 0
        while now < start + seconds:
            fetcher.look(now)
            turn += 1
            now += steps[(turn + fetcher.place.number) % len(steps)]
        fetcher.look(start + seconds)


pauses = st.lists(st.floats(0.02, 0.9), min_size=9, max_size=12)


@settings(deadline=None, max_examples=50)
@given(opening=openings, of=fleets, steps=pauses)
def test_all_fetchers_together_let_the_opening_through_within_a_fifth(
    opening: float, of: int, steps: list[float]
) -> None:
    fetchers = fleet(of, opening)
    seconds = max(60.0, 60.0 / opening)
    run(fetchers, NOW, seconds, steps)
    through = sum(len(fetcher.taken) for fetcher in fetchers)

    assert 0.8 * opening * seconds <= through <= 1.2 * opening * seconds


@settings(deadline=None, max_examples=50)
@given(opening=openings, of=fleets, steps=pauses, second=st.integers(0, 50))
def test_in_no_stretch_of_time_more_passes_than_the_opening_and_one_second_kept(
    opening: float, of: int, steps: list[float], second: int
) -> None:
    """Also after a time in which nothing was there to pass."""
    fetchers = fleet(of, opening, at=NOW - 500)
    for fetcher in fetchers:
        fetcher.flow = slots.until(fetcher.flow, NOW, fetcher.place)
    run(fetchers, NOW, 61.0, steps)
    times = [at for fetcher in fetchers for at in fetcher.taken]
    for length in (1.0, 10.0):
        begun = NOW + second
        inside = sum(begun <= at < begun + length for at in times)
        kept = 2 * max(1.0, opening) * BURST_S
        # A pause before the stretch may bring what came in it.
        assert inside <= opening * (length + max(steps)) + kept + 1


@settings(deadline=None, max_examples=60)
@given(
    opening=openings,
    of=fleets,
    steps=pauses,
    changes=st.lists(st.tuples(st.floats(0.05, 3.0), openings), min_size=1, max_size=30),
)
def test_no_sequence_of_openings_lets_more_through_than_they_add_up_to_or_lets_anybody_starve(
    opening: float, of: int, steps: list[float], changes: list[tuple[float, float]]
) -> None:
    fetchers, now, due = fleet(of, opening), NOW, 0.0
    for seconds, after in changes:
        run(fetchers, now, seconds, steps)
        now += seconds
        due += opening * seconds
        opening = after
        for fetcher in fetchers:
            fetcher.told(opening, now)
    through = sum(len(fetcher.taken) for fetcher in fetchers)
    # A turn's end, and a change to a smaller opening, may cost what was kept for less than a second.
    highest = max([opening, *(after for _, after in changes)])

    assert through <= due + 1
    assert through >= due * 0.8 - 2 * max(1.0, highest) * BURST_S - 2


@settings(deadline=None, max_examples=25)
@given(
    openings=st.lists(st.sampled_from([0.05, 0.2]) | st.floats(0.05, 5.0), min_size=2, max_size=2),
    of=st.integers(1, 4),
    step=st.floats(0.2, 0.9),
)
def test_what_needs_slots_of_two_gates_gets_them(openings: list[float], of: int, step: float) -> None:
    """Both are in one place for much of the time, also where the turns of the two are not equally long."""
    passed, now = 0, NOW
    pairs = [[slots.begin(opening, NOW) for opening in openings] for _ in range(of)]
    seconds = 16 * TURN_S
    while now < NOW + seconds:
        now += step
        for number, flows in enumerate(pairs):
            flows[:] = [slots.until(flow, now, Place(number, of)) for flow in flows]
            if all(flow.hand > 0 for flow in flows):
                flows[:] = [slots.used(flow) for flow in flows]
                passed += 1

    assert 0.25 * seconds * min(openings) - 2 <= passed <= seconds * min(openings) + 2 * of


def test_a_small_opening_lets_one_through_at_its_time_and_one_fetcher_has_them_for_a_while() -> None:
    fetchers = fleet(3, 0.2)
    run(fetchers, NOW, 600.0, [0.1] * 9)
    times = sorted(at for fetcher in fetchers for at in fetcher.taken)
    gaps = [after - before for before, after in pairwise(times)]

    assert len(times) == 120
    assert all(4.7 < gap < 5.3 for gap in gaps)
    assert [len(fetcher.taken) for fetcher in fetchers] == [40, 40, 40]
    assert all(
        math.floor((at - 1) / TURN_S) % 3 == fetcher.place.number for fetcher in fetchers for at in fetcher.taken
    )


def test_who_sees_a_gate_at_another_moment_counts_the_same_slots() -> None:
    early, late = fleet(2, 0.5)[0], Fetcher(Place(1, 2), 0.5, NOW + 7.3)
    run([early, late], NOW + 8, 200.0, [0.1] * 9)
    times = sorted(early.taken + late.taken)

    assert 99 <= len(times) <= 101
    assert all(after - before > 1.7 for before, after in pairwise(times))


def test_who_is_not_among_the_live_lets_nothing_through() -> None:
    gone = Fetcher(NOWHERE, 50.0, NOW)

    assert gone.look(NOW + 100) == 0
    gone.moved(ALONE, NOW + 100)
    assert gone.look(NOW + 100.5) in range(24, 27)


@settings(deadline=None, max_examples=40)
@given(opening=st.floats(1.0, 100.0), of=st.integers(2, 6), steps=pauses, dies=st.floats(1.0, 19.0))
def test_the_share_of_one_that_died_goes_over_to_the_others(
    opening: float, of: int, steps: list[float], dies: float
) -> None:
    fetchers = fleet(of, opening)
    run(fetchers, NOW, dies, steps)
    living = fetchers[:-1]
    for number, fetcher in enumerate(living):
        fetcher.moved(Place(number, of - 1), NOW + dies)
    before = sum(len(fetcher.taken) for fetcher in living)
    run(living, NOW + dies, 60.0, steps)
    after = sum(len(fetcher.taken) for fetcher in living) - before

    assert 0.8 * opening * 60 - 2 <= after <= 1.2 * opening * 60 + 2


@settings(deadline=None, max_examples=50)
@given(opening=openings, of=fleets, after=st.floats(100.0, 5_000.0))
def test_when_nobody_has_asked_for_long_no_more_may_pass_at_once_than_may_be_kept(
    opening: float, of: int, after: float
) -> None:
    # Each of them keeps whole slots, of this turn and of the one before.
    kept = max(1.0, opening) * BURST_S + of
    assert sum(fetcher.look(NOW + after) for fetcher in fleet(of, opening)) <= 2 * kept
    assert Fetcher(ALONE, opening, NOW).look(NOW + after) >= 1


def test_what_was_not_used_is_given_back_and_never_more_than_may_be_kept() -> None:
    flow = slots.until(slots.begin(3.0, NOW), NOW + 10, ALONE)
    assert flow.hand == 3
    flow = slots.used(flow)
    assert slots.given_back(flow, ALONE).hand == 3
    assert slots.given_back(slots.given_back(flow, ALONE), ALONE).hand == 3


def test_more_than_there_was_is_made_up_for() -> None:
    flow = slots.used(slots.until(slots.begin(1.0, NOW), NOW + 5, ALONE), 3)
    assert flow.hand == -2
    assert slots.until(flow, NOW + 8, ALONE).hand == 1


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    flow = slots.begin(1000.0, NOW)
    assert slots.until(flow, NOW, ALONE) == flow
    assert slots.until(flow, NOW - 60, ALONE) == flow


@pytest.mark.parametrize("opening", [1e-9, 1e12, float("inf")])
def test_the_smallest_and_the_largest_openings_are_openings(opening: float) -> None:
    flow = slots.until(slots.begin(opening, NOW), NOW + 1, ALONE)
    assert flow.hand == (0 if opening < 1 else 1_000_000)


@settings(deadline=None, max_examples=100)
@given(opening=openings, of=fleets, number=st.integers(0, 8), later=st.floats(0, 100))
def test_the_next_slot_comes_when_it_was_said_to(opening: float, of: int, number: int, later: float) -> None:
    place = Place(number % of, of)
    flow = slots.until(slots.begin(opening, NOW), NOW + later, place)
    flow = slots.used(flow, flow.hand)
    at = slots.next_at(flow, place)
    turn_s = TURN_S * max(1.0, 2.0 ** math.ceil(math.log2(2 / opening / TURN_S)))

    assert flow.at < at <= flow.at + turn_s + 1
    assert slots.until(flow, (flow.at + at) / 2, place).hand == 0
    # At the end of a turn in which there was nothing for it there may still be nothing.
    after: Flow = slots.until(flow, at + 1e-3, place)
    assert after.hand > 0 or math.isclose(at % turn_s, 0, abs_tol=1e-3) or math.isclose(at % turn_s, turn_s)
