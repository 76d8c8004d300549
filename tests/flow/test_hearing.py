"""Hearing: what another process tells is looked at soon, and a look that fails is not the last one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import StoreUnavailable
from penstock.flow.hearing import Hearing
from penstock.ledger.book import Ledger
from penstock.ledger.signals import WORK


@pytest.fixture
async def two(postgres_url: str) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """One installation in two processes."""
    both = [Ledger(PostgresDatabase(postgres_url), FernetSealer(["a key of the tests"])) for _ in range(2)]
    for each in both:
        await each.start()
    yield both[0], both[1]
    for each in both:
        await each.stop()


class Looks:
    """Counts looks; the first one fails."""

    def __init__(self) -> None:
        self.count = 0
        self._more = asyncio.Event()

    async def look(self) -> None:
        self.count += 1
        self._more.set()
        if self.count == 1:
            raise StoreUnavailable("not now")
        if self.count == 2:
            raise ZeroDivisionError

    async def until(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.count < count:
                self._more.clear()
                await self._more.wait()


async def test_what_is_told_is_looked_at_whatever_became_of_the_looks_before(two: tuple[Ledger, Ledger]) -> None:
    looks = Looks()
    hearing = Hearing(two[0], WORK, looks.look)
    await hearing.start()
    await looks.until(1)  # it may have missed something
    for count in (2, 3):
        two[1].signals.soon(WORK)
        await looks.until(count)
    await hearing.stop()
    assert looks.count == 3


async def test_on_sqlite_nobody_tells_and_it_starts_and_stops_all_the_same(ledger: Ledger) -> None:
    hearing = Hearing(ledger, WORK, Looks().look)
    await hearing.start()
    ledger.signals.soon(WORK)
    await hearing.stop()
