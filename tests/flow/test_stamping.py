"""Events get their positions a moment after their commit, from whoever leads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.flow.stamping import Stamping
from penstock.ledger.book import Ledger


@pytest.fixture
async def ledger(postgres_url: str) -> AsyncIterator[Ledger]:
    """An empty ledger on PostgreSQL, which alone needs a stamper."""
    book = Ledger(PostgresDatabase(postgres_url), FernetSealer(["a key of the tests"]))
    await book.start()
    yield book
    await book.stop()


@pytest.fixture
async def receive(provisioned: Ledger, webhooks: Any, signed: Callable[[bytes], bytes]) -> AsyncIterator[Any]:
    """Stores a text."""
    registry = Registry(provisioned)
    await registry.start()
    receiver = Receiver(provisioned, registry)

    async def take(wamid: str) -> None:
        body = webhooks.body(webhooks.text(wamid))
        assert isinstance(await receiver.take(body, signed(body)), Taken)

    yield take
    await registry.stop()


async def test_an_event_has_no_position_until_it_is_stamped(provisioned: Ledger, receive: Any) -> None:
    await receive("wamid.A")
    assert await provisioned.feed.last() == 0
    heard = asyncio.Event()
    stamping = Stamping(provisioned, owner="a", changed=heard.set, every_s=0.01)
    await stamping.start()
    async with asyncio.timeout(60):
        await heard.wait()
        await receive("wamid.B")
        while await provisioned.feed.last() < 2:
            await asyncio.sleep(0.01)
    await stamping.stop()

    events = await provisioned.feed.after(0, workspace_id=None)
    assert [event.message.wamid for event in events if event.message] == ["wamid.A", "wamid.B"]
    assert [event.position for event in events] == [1, 2]
    assert await provisioned.leaders.leader("watcher") is None


async def test_one_of_two_stamps_and_the_other_takes_over(provisioned: Ledger, receive: Any) -> None:
    first, second = (Stamping(provisioned, owner=name, every_s=0.01) for name in ("a", "b"))
    await first.start()
    async with asyncio.timeout(60):
        while (await provisioned.leaders.leader("watcher") or ("", 0.0))[0] != "a":
            await asyncio.sleep(0.01)
        await second.start()
        await first.stop()
        await receive("wamid.A")
        while await provisioned.feed.last() < 1:
            await asyncio.sleep(0.01)
    assert (await provisioned.leaders.leader("watcher") or ("", 0.0))[0] == "b"
    await second.stop()
