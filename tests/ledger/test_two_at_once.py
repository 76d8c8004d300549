"""Two processes on one database: whatever one of them does meanwhile, a message and a file are there once, in one place."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.core.reading import read
from penstock.core.work import Ending
from penstock.flow.auditing import audit
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Receipt

NOW = 1_795_000_100.0
NUMBER = "100000000000002"


@pytest.fixture
async def two(provisioned: Ledger, store: Any) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """The same installation, opened twice."""
    beside = store.ledger()
    await beside.start()
    yield provisioned, beside
    await beside.stop()


async def receive(ledger: Ledger, body: bytes) -> Receipt:
    while True:
        snapshot = await ledger.provisioning.snapshot()
        receipt = await ledger.journal.receive(
            app_id=1,
            body=body,
            signature="",
            reading=read(body),
            routes={route.phone_number_id: route for route in snapshot.routes},
            version=snapshot.version,
            now=NOW,
        )
        if receipt is not None:
            return receipt


async def in_order(ledger: Ledger, store: Any, *, times: int = 1) -> None:
    """What must hold whatever happened."""
    lost = await store.rows("SELECT count(*) FROM messages WHERE conversation_id NOT IN (SELECT id FROM conversations)")
    dangling = await store.rows(
        "SELECT count(*) FROM aliases WHERE conversation_id NOT IN (SELECT id FROM conversations)"
    )
    assert (lost, dangling) == ([(0,)], [(0,)])
    events = await ledger.feed.after(0, workspace_id=None, limit=10_000)
    told = Counter(event.message.wamid for event in events if event.message is not None)
    assert set(told.values()) == {times}
    assert [event.position for event in events] == sorted({event.position for event in events})
    repeated = "SELECT conversation_id, seq FROM events WHERE seq IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1"
    assert times > 1 or await store.rows(repeated) == []
    report = await audit(ledger)
    assert report.ok, report.problems


async def test_the_same_webhook_at_both_is_stored_once(two: Any, webhooks: Any, store: Any) -> None:
    made = [
        webhooks.body(
            webhooks.file(f"wamid.{n}", f"m{n}", sender=f"1555000{n % 3}"), statuses=[webhooks.status(f"s{n}")]
        )
        for n in range(40)
    ]
    receipts = await asyncio.gather(*(receive(ledger, body) for body in made for ledger in two))

    assert sum(receipt.messages for receipt in receipts) == 40
    assert sum(receipt.media for receipt in receipts) == 40
    assert sum(receipt.statuses for receipt in receipts) == 40
    assert await store.rows("SELECT count(*) FROM conversations") == [(3,)]
    await in_order(two[0], store)


async def test_a_new_customer_who_writes_to_both_at_once_has_one_conversation(
    two: Any, webhooks: Any, store: Any
) -> None:
    for n in range(10):
        sender = f"155500{n:04}"
        bodies = [webhooks.body(webhooks.text(f"wamid.{n}.{part}", sender=sender)) for part in range(2)]
        await asyncio.gather(*(receive(ledger, body) for ledger, body in zip(two, bodies, strict=True)))

    assert await store.rows("SELECT count(*) FROM conversations") == [(10,)]
    await in_order(two[0], store)


async def test_messages_that_come_while_conversations_are_merged_end_in_the_one_that_stays(
    two: Any, webhooks: Any, store: Any
) -> None:
    def moved(n: int) -> bytes:
        change = {**webhooks.text(f"wamid.S{n}", sender=f"1555111{n:04}"), "type": "system"}
        del change["text"]
        change["system"] = {"wa_id": f"1555222{n:04}", "type": "user_changed_number", "body": "changed"}
        return bytes(webhooks.body(change))

    for n in range(8):
        for ledger in two:
            await receive(ledger, webhooks.body(webhooks.text(f"wamid.A{n}.{id(ledger)}", sender=f"1555111{n:04}")))
            await receive(ledger, webhooks.body(webhooks.text(f"wamid.B{n}.{id(ledger)}", sender=f"1555222{n:04}")))
        await asyncio.gather(
            receive(two[0], moved(n)),
            *(
                receive(
                    two[1], webhooks.body(webhooks.text(f"wamid.C{n}.{m}", sender=f"1555{111 * (1 + m % 2)}{n:04}"))
                )
                for m in range(6)
            ),
        )

    assert await store.rows("SELECT count(*) FROM conversations") == [(8,)]
    await in_order(two[0], store)


async def test_a_file_that_fills_a_gap_at_both_is_fetched_once(two: Any, webhooks: Any, store: Any) -> None:
    for n in range(10):
        await receive(two[0], webhooks.body(webhooks.refused(f"wamid.{n}")))
        whole = webhooks.body(webhooks.file(f"wamid.{n}", f"m{n}"))
        await asyncio.gather(*(receive(ledger, whole) for ledger in two))

    assert await store.rows("SELECT count(*) FROM media") == [(10,)]
    assert await store.rows("SELECT count(*) FROM fetches") == [(10,)]
    await in_order(two[0], store, times=2)  # as what it was at first, and whole


async def test_a_placeholder_becomes_whole_once(two: Any, webhooks: Any, store: Any) -> None:
    await receive(two[0], webhooks.body(webhooks.text("wamid.first")))
    for n in range(10):
        await receive(two[0], webhooks.body(webhooks.edit(f"wamid.E{n}", f"wamid.O{n}", f"m{n}")))
        original = webhooks.body(webhooks.text(f"wamid.O{n}"))
        receipts = await asyncio.gather(*(receive(ledger, original) for ledger in two))
        assert sum(receipt.messages for receipt in receipts) == 1

    await in_order(two[0], store)


async def test_no_item_is_claimed_by_two(two: Any, webhooks: Any, endings: Callable[[str], Ending]) -> None:
    await receive(two[0], webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(60))))
    claimed = await asyncio.gather(
        *(
            ledger.queue.claim(owner=f"{place}", limit=7, now=NOW, lease_s=60)
            for place, ledger in enumerate(two)
            for _ in range(6)
        )
    )
    ids = [claim.id for claims in claimed for claim in claims]

    assert len(ids) == len(set(ids)) == 60
    settled = await asyncio.gather(
        *(two[n % 2].queue.settle(claim, endings("attached"), (), now=NOW) for n, claim in enumerate(claimed[0] * 2))
    )
    assert settled.count(True) == len(claimed[0])


async def test_positions_are_given_out_once_and_in_the_order_of_becoming_visible(
    two: Any, webhooks: Any, store: Any
) -> None:
    seen: list[tuple[int, str]] = []
    done = asyncio.Event()

    async def follow() -> None:
        position = 0
        while True:
            ended = done.is_set()
            for event in await two[0].feed.after(position, workspace_id=None, limit=7):
                position = event.position
                seen.append((position, event.message.wamid))
            if ended and len(seen) == 120:
                return
            await asyncio.sleep(0.001)

    async def stamp(ledger: Ledger) -> None:
        while not done.is_set() or await ledger.feed.unstamped():
            await ledger.feed.stamp(limit=5)
            await asyncio.sleep(0.001)

    async def send(ledger: Ledger, part: int) -> None:
        for n in range(30):
            await receive(ledger, webhooks.body(webhooks.text(f"wamid.{part}.{n}", sender=f"1555{part}{n % 3}")))

    async with asyncio.timeout(60):
        followers = [asyncio.create_task(follow()), *(asyncio.create_task(stamp(ledger)) for ledger in two)]
        await asyncio.gather(*(send(ledger, part * 2 + which) for which, ledger in enumerate(two) for part in range(2)))
        done.set()
        await asyncio.gather(*followers)
    assert len({wamid for _, wamid in seen}) == len(seen) == 120
    assert [position for position, _ in seen] == sorted({position for position, _ in seen})
    await in_order(two[0], store)


async def test_the_provisioning_is_changed_by_one_at_a_time(two: Any) -> None:
    before = await two[0].provisioning.version()
    await asyncio.gather(
        *(
            ledger.provisioning.add_workspace(f"w{n}-{which}", now=1.0)
            for which, ledger in enumerate(two)
            for n in range(5)
        )
    )
    same = await asyncio.gather(
        *(ledger.provisioning.add_workspace("one", now=1.0) for ledger in two), return_exceptions=True
    )

    assert await two[0].provisioning.version() == before + 11
    assert [type(each).__name__ for each in same if isinstance(each, Exception)] == ["Conflict"]


async def test_a_webhook_that_was_decided_by_an_older_provisioning_is_not_stored(two: Any, webhooks: Any) -> None:
    snapshot = await two[0].provisioning.snapshot()
    body = webhooks.body(webhooks.text("wamid.A"))
    await two[1].provisioning.add_workspace("more", now=1.0)
    receipt = await two[0].journal.receive(
        app_id=1, body=body, signature="", reading=read(body), routes={}, version=snapshot.version, now=NOW
    )

    assert receipt is None
