"""A clock that can run faster and jump."""

import asyncio

import pytest

from penstock.simulator import SimClock


def test_it_begins_where_it_is_told_and_jumps() -> None:
    clock = SimClock(start=1_000.0)
    clock.advance(3_600)

    assert 4_600 <= clock.now() < 4_700
    assert clock.since_start_s() == pytest.approx(3_600, abs=50)


def test_it_never_runs_backwards() -> None:
    clock = SimClock()

    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="above 0"):
        clock.set_speed(0)
    with pytest.raises(ValueError, match="above 0"):
        SimClock(speed=0)


def test_another_speed_counts_from_the_moment_on() -> None:
    clock = SimClock(start=0.0)
    before = clock.now()
    clock.set_speed(1e6)

    assert before <= clock.now()
    assert clock.speed == 1e6


async def test_a_jump_wakes_whoever_waits_for_that_moment() -> None:
    clock = SimClock(start=0.0)
    waiting = [asyncio.create_task(clock.sleep_until(moment)) for moment in (3_600.0, 9_999.0)]
    await asyncio.sleep(0)

    clock.advance(3_600)
    await asyncio.wait_for(waiting[0], 60)

    assert not waiting[1].done()
    waiting[1].cancel()


async def test_a_fast_clock_makes_waits_short() -> None:
    clock = SimClock(speed=3_600.0)

    await asyncio.wait_for(clock.sleep_until(clock.now() + 3_600), 60)
