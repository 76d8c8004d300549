"""The database's time, asked for seldom."""

import asyncio
import time

import pytest

from penstock.adapters.db import postgres_clock
from penstock.adapters.db.postgres_clock import Clock
from penstock.core.errors import Unreachable


async def test_it_is_the_databases_time_and_not_this_machines() -> None:
    async def ask() -> float:
        return time.time() + 300.0

    clock = Clock(ask)
    assert abs(await clock.now() - time.time() - 300.0) < 60
    await clock.stop()


async def test_it_is_asked_for_once_however_many_want_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_clock, "_EVERY_S", 3_600.0)
    asked = 0

    async def ask() -> float:
        nonlocal asked
        asked += 1
        return 1_000.0

    clock = Clock(ask)
    times = [await clock.now() for _ in range(500)]
    await clock.stop()

    assert asked == 1
    assert times == sorted(times)


async def test_the_last_answer_is_carried_on_while_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_clock, "_EVERY_S", 0.0)
    answers = [1_000.0]

    async def ask() -> float:
        if not answers:
            raise Unreachable("it is away")
        return answers.pop()

    clock = Clock(ask)
    first = await clock.now()
    for _ in range(5):
        await asyncio.sleep(0)
        assert await clock.now() >= first
    answers.append(5_000.0)
    for _ in range(5):
        await clock.now()
        await asyncio.sleep(0)

    assert await clock.now() >= 5_000.0
    await clock.stop()


async def test_an_answer_that_took_long_moves_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_clock, "_EVERY_S", 0.0)
    monkeypatch.setattr(postgres_clock, "_SAYS_LITTLE_S", -1.0)
    answers = iter(range(1_000, 100_000, 1_000))

    async def ask() -> float:
        return next(answers)

    clock = Clock(ask)
    first = await clock.now()
    for _ in range(5):
        await asyncio.sleep(0)
        assert await clock.now() < first + 900
    await clock.stop()


async def test_who_was_never_answered_does_not_know_the_time() -> None:
    async def ask() -> float:
        raise Unreachable("it is away")

    with pytest.raises(Unreachable):
        await Clock(ask).now()
