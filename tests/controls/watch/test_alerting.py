"""Alerts out: by one process at a time, each target for itself, and by the next leader where this one stopped."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.adapters.notify.port import Target
from penstock.adapters.notify.webhook import Webhook
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


async def test_a_target_that_is_named_no_longer_is_forgotten_also_when_none_is_left(
    ledger: Ledger, receiver: Any, start: Start
) -> None:
    first = await start(receiver)
    await known(ledger, 1)
    await first.stop()
    await start()
    await known(ledger, 0)
