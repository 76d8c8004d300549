"""A nudge wakes whoever listens, once however often it came, and never for ever."""

import asyncio

from penstock.flow.nudge import Nudge


async def test_a_change_wakes_every_listener() -> None:
    nudge = Nudge()
    with nudge.subscribe() as one, nudge.subscribe() as other:
        nudge.changed()
        assert await one.wait(5)
        assert await other.wait(5)


async def test_changes_while_a_listener_is_busy_are_one_nudge() -> None:
    nudge = Nudge()
    with nudge.subscribe() as listener:
        nudge.changed()
        nudge.changed()
        assert await listener.wait(5)
        assert not await listener.wait(0.01)


async def test_without_a_change_waiting_ends_by_itself() -> None:
    with Nudge().subscribe() as listener:
        assert not await listener.wait(0.01)
        assert not listener.ended


async def test_stopping_ends_a_wait_and_every_later_one_at_once() -> None:
    nudge = Nudge()
    with nudge.subscribe() as listener:
        waiting = asyncio.create_task(listener.wait(60))
        await asyncio.sleep(0)
        nudge.stop()
        assert not await waiting
        assert listener.ended
        assert not await listener.wait(60)
    with nudge.subscribe() as late:
        assert late.ended
        assert not await late.wait(60)


async def test_a_listener_that_left_is_forgotten() -> None:
    nudge = Nudge()
    with nudge.subscribe():
        pass
    assert not nudge._listeners
