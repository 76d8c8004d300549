"""The dead man's heartbeat: given while rounds are made, and not otherwise."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.adapters.notify.heartbeat import HttpBeats
from penstock.adapters.notify.port import Reply
from penstock.controls.watch.heartbeat import Heartbeat


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    """Starts a heartbeat."""
    running: list[Heartbeat] = []

    async def make(beats: Any, **more: float) -> Heartbeat:
        heartbeat = Heartbeat(beats, **{"every_s": 0.05, "fresh_s": 60.0} | more)
        await heartbeat.start()
        running.append(heartbeat)
        return heartbeat

    yield make
    for each in running:
        await each.stop()


async def test_it_beats_while_rounds_are_made(receiver: Any, start: Callable[..., Any]) -> None:
    heartbeat = await start(HttpBeats(receiver.url + "/ping"))
    await heartbeat.look([], 0.0)
    told = await receiver.until(3)
    assert {(each.method, each.target) for each in told} == {("GET", "/ping")}


class Counted:
    """Beats that are counted."""

    def __init__(self) -> None:
        self.count = 0
        self.more = asyncio.Event()

    async def beat(self) -> Reply:
        self.count += 1
        self.more.set()
        if self.count == 2:
            raise RuntimeError("a mistake")
        return Reply(self.count % 2 == 0, "answered 500")


async def test_without_a_round_there_is_no_beat(start: Callable[..., Any]) -> None:
    quiet, stale, beating = Counted(), Counted(), Counted()
    await start(quiet)  # nobody ever made a round
    old = await start(stale, fresh_s=-1.0)  # a round is too old as soon as it was made
    await old.look([], 0.0)
    await (await start(beating)).look([], 0.0)
    async with asyncio.timeout(60):
        while beating.count < 5:  # and neither a refusal nor a mistake ends it
            await beating.more.wait()
            beating.more.clear()
    assert (quiet.count, stale.count) == (0, 0)
