"""A clock that is wrong is one line, and one when it is right again."""

import asyncio

import pytest
from structlog.testing import capture_logs

from penstock.flow.timekeeping import Timekeeping
from penstock.ledger.book import Ledger


async def test_a_clock_that_differs_from_the_databases_is_told_of_once_and_once_when_it_is_right_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ledger.now

    async def behind() -> float:
        return await right() - 300.0

    keeping = Timekeeping(ledger)
    with capture_logs() as logged:
        await keeping.look()
        monkeypatch.setattr(ledger, "now", behind)
        for _ in range(3):
            await keeping.look()
        monkeypatch.setattr(ledger, "now", right)
        for _ in range(3):
            await keeping.look()
    assert [entry["event"] for entry in logged] == [
        *("clock.jumped", "clock.apart"),
        *("clock.jumped", "clock.together_again"),
    ]
    assert abs(logged[1]["machine_ahead_s"] - 300) < 60
    assert abs(logged[0]["by_s"] + 300) < 60


async def test_it_looks_by_itself_until_it_is_stopped(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()
    right = ledger.now

    async def now() -> float:
        looked.set()
        return await right()

    monkeypatch.setattr(ledger, "now", now)
    keeping = Timekeeping(ledger)
    await keeping.start()
    async with asyncio.timeout(60):
        await looked.wait()
    await keeping.stop()
