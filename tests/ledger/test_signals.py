"""Signals: on PostgreSQL another process hears of it, on SQLite nobody does, and nothing depends on either."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from penstock.adapters.db.port import Script
from penstock.ledger.book import Ledger
from penstock.ledger.signals import GATES, WORK


@pytest.fixture
async def beside(ledger: Ledger, store: Any) -> AsyncIterator[Ledger]:
    """The same installation in another process."""
    del ledger
    other = store.ledger()
    await other.start()
    yield other
    await other.stop()


async def listening(ledger: Ledger, store: Any, channel: str) -> asyncio.Event:
    """An event that is set by what is told from now on."""
    heard = asyncio.Event()
    ledger.signals.subscribe(channel, heard.set)
    if store.dialect == "postgres":
        async with asyncio.timeout(60):
            await heard.wait()  # it listens, and something may have been missed before that
        heard.clear()
    return heard


async def until_told(ledger: Ledger) -> None:
    """Wait until nothing is left to tell."""
    task = ledger.signals._task
    assert task is not None
    await task


async def test_a_gate_is_told_with_its_commit_to_everybody(ledger: Ledger, beside: Ledger, store: Any) -> None:
    ears = [await listening(each, store, GATES) for each in (ledger, beside)]
    await ledger.gates.shut({}, owner="operator", by="me", why="test", now=1.0)
    if store.dialect == "postgres":
        async with asyncio.timeout(60):
            for heard in ears:
                await heard.wait()
                heard.clear()
    await beside.gates.open({}, owner="operator")
    if store.dialect == "postgres":
        async with asyncio.timeout(60):
            for heard in ears:
                await heard.wait()


async def test_new_work_is_told_to_the_others_and_not_to_oneself(ledger: Ledger, beside: Ledger, store: Any) -> None:
    mine, theirs = await listening(ledger, store, WORK), await listening(beside, store, WORK)
    ledger.signals.soon(WORK)
    if store.dialect == "sqlite":
        assert ledger.signals._task is None  # nobody would hear it, so nothing is written for it
        return
    later = await listening(ledger, store, GATES)
    async with asyncio.timeout(60):
        await theirs.wait()
    await beside.gates.shut({}, owner="operator", by="me", why="test", now=1.0)
    async with asyncio.timeout(60):
        await later.wait()  # told after it and heard by the same connection, so our own word has been passed over
    assert not mine.is_set()


async def test_what_happens_by_the_hundred_is_told_a_few_times(ledger: Ledger, store: Any) -> None:
    if store.dialect == "sqlite":
        return
    told: list[set[str]] = []
    script = ledger.signals._script

    def counted(channels: set[str]) -> Script[None]:
        told.append(channels)
        return script(channels)

    ledger.signals._script = counted  # type: ignore[method-assign]
    for _ in range(200):
        ledger.signals.soon(WORK)
    await until_told(ledger)
    assert told == [{WORK}]
    ledger.signals.soon(WORK)  # and then at once again
    await until_told(ledger)
    assert told == [{WORK}, {WORK}]


async def test_a_store_that_is_away_is_no_trouble(ledger: Ledger, store: Any) -> None:
    await ledger._db.stop()
    ledger.signals.soon(WORK)
    if store.dialect == "postgres":
        await until_told(ledger)
