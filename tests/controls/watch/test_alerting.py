"""Alerts out: by one process at a time, each target for itself, and by the next leader where this one stopped."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.notify.port import Target
from penstock.adapters.notify.webhook import Webhook
from penstock.adapters.seal.fernet import FernetSealer
from penstock.controls.watch.alerting import Alerting
from penstock.core.detector import Key
from penstock.ledger.book import Ledger

Start = Callable[..., Any]


@pytest.fixture
async def start(ledger: Ledger) -> AsyncIterator[Start]:
    """Starts telling of incidents to these receivers."""
    running: list[Alerting] = []

    async def make(*receivers: Any, owner: str = "a") -> Alerting:
        targets = [Target(f"{each.port:016}", f"at {each.port}", Webhook(each.url, [b"k" * 32])) for each in receivers]
        alerting = Alerting(ledger, targets, owner=owner, link=str, rng=random.Random(1), every_s=0.02, lease_s=0.6)
        await alerting.start()
        running.append(alerting)
        return alerting

    yield make
    for each in running:
        await each.stop()


async def known(ledger: Ledger, count: int) -> None:
    """The rows of so many targets are there."""
    async with asyncio.timeout(60):
        while len(await ledger.alerts.targets()) != count:
            await asyncio.sleep(0.02)


async def opened(ledger: Ledger, operation: str = "media.download") -> int:
    now = await ledger.now()
    id_, _ = await ledger.incidents.open(
        Key(operation, "upstream"), suspected=False, onset_at=now, why="w", rate=0.3, now=now, isolation="i"
    )
    return id_


async def test_one_target_that_hangs_keeps_no_other_one_waiting(ledger: Ledger, receivers: Any, start: Start) -> None:
    hanging, well = await receivers(), await receivers()
    hanging.hangs = True
    await start(hanging, well)
    await known(ledger, 2)
    ids = [await opened(ledger, f"op{nth}") for nth in range(5)]
    told = await well.until(5)
    assert [each.json["incident"]["id"] for each in told] == ids
    assert hanging.told == []  # all of it while the other one still hangs
    hanging.hangs = False
    told = await hanging.until(5)
    assert [each.json["incident"]["id"] for each in told] == ids


async def test_another_process_goes_on_where_the_leader_stopped(ledger: Ledger, receiver: Any, start: Start) -> None:
    first = await start(receiver, owner="a")
    await known(ledger, 1)
    await opened(ledger, "one")
    await receiver.until(1)
    async with asyncio.timeout(60):
        while (await ledger.alerts.targets())[0].told < 1:
            await asyncio.sleep(0.02)
    await start(receiver, owner="b")
    await first.stop()
    await opened(ledger, "two")
    told = await receiver.until(2)
    assert [each.json["incident"]["operation"] for each in told] == ["one", "two"]


async def test_what_is_being_told_when_it_stops_is_told_to_its_end(ledger: Ledger, receiver: Any, start: Start) -> None:
    first = await start(receiver)
    await known(ledger, 1)
    receiver.hangs = True
    await opened(ledger)
    await receiver.until(1, asked=True)
    stopping = asyncio.create_task(first.stop())
    await asyncio.sleep(0)
    receiver.hangs = False
    await stopping
    ids = {told.headers["webhook-id"] for told in receiver.told}
    await start(receiver, owner="b")
    await opened(ledger, "another")
    async with asyncio.timeout(60):
        while (await ledger.alerts.targets())[0].told < 2:
            await asyncio.sleep(0.02)
    assert len(ids) == 1
    assert len({told.headers["webhook-id"] for told in receiver.told}) == 2


async def test_on_postgresql_the_next_process_goes_on_when_the_leader_dies(postgres_url: str, receiver: Any) -> None:
    books = [Ledger(PostgresDatabase(postgres_url), FernetSealer(["a key of the tests"])) for _ in range(2)]
    target = Target("a" * 16, "ops", Webhook(receiver.url, [b"k" * 32]))
    made = [
        Alerting(book, [target], owner=str(nth), link=str, rng=random.Random(1), every_s=0.05, lease_s=1.0)
        for nth, book in enumerate(books)
    ]
    for book, alerting in zip(books, made, strict=True):
        await book.start()
        await alerting.start()
        await known(books[0], 1)
    await opened(books[1], "one")
    await receiver.until(1)
    task = made[0]._task
    assert task is not None
    task.cancel()  # it takes no leave: its lease has to run out
    await asyncio.gather(task, return_exceptions=True)
    await opened(books[1], "two")
    await opened(books[1], "three")
    async with asyncio.timeout(120):
        while (await books[1].alerts.targets())[0].told < 3:
            await asyncio.sleep(0.05)
    await made[1].stop()
    for book in books:
        await book.stop()
    told = list({each.headers["webhook-id"]: each.json["incident"]["operation"] for each in receiver.told}.values())
    assert told == ["one", "two", "three"]


async def test_a_target_that_is_named_no_longer_is_forgotten_also_when_none_is_left(
    ledger: Ledger, receiver: Any, start: Start
) -> None:
    first = await start(receiver)
    await known(ledger, 1)
    await first.stop()
    await start()
    await known(ledger, 0)
