"""Webhooks, batched, doubled, reordered and signed."""

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from penstock.simulator import Platform, Scenario, Webhooks

NUMBER = "100000000000002"

Start = Callable[..., Awaitable[Platform]]


async def test_every_webhook_is_signed_over_its_raw_bytes(meta: Platform, callback: Any) -> None:
    for kind in ("text", "image", "document"):
        await meta.send(NUMBER, kind)
    await meta.drain(60)

    for request in callback.got:
        expected = "sha256=" + hmac.new(b"app-secret", request.body, hashlib.sha256).hexdigest()
        assert request.header("x-hub-signature-256") == expected
        assert request.header("content-type") == "application/json"
        assert request.header("x-hub-signature") is None
        assert (request.method, request.target) == ("POST", "/webhooks/whatsapp/main")
    assert len(callback.got) == 3


async def test_the_old_signature_may_come_as_well(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(legacy_signature=True)))
    await meta.send(NUMBER)
    await meta.drain(60)

    assert callback.got[0].header("x-hub-signature").startswith("sha1=")


async def test_a_duplicate_has_the_same_bytes_and_a_repeat_only_the_same_ids(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(duplicate_rate=1.0, repeat_id_rate=1.0)))
    sent = await meta.send(NUMBER, "image")
    await meta.drain(60)
    counts = Counter(callback.bodies)

    assert sorted(counts.values()) == [1, 2]
    assert [message["id"] for message in callback.messages] == [sent.wamid] * 3


async def test_messages_sent_together_leave_in_one_body_for_each_app(meta: Platform, callback: Any) -> None:
    meta.add_number("77", app_secret=b"app-secret", callback=callback.url, token="token-a", waba="11")
    meta.add_number("78", app_secret=b"another-secret", callback=callback.url, token="token-a", waba="12")
    async with meta.batch():
        for number in (NUMBER, "77", "78", NUMBER):
            await meta.send(number, "image")
    await meta.drain(60)
    entries = sorted(len(json.loads(body)["entry"]) for body in callback.bodies)

    assert entries == [1, 2]
    assert len(callback.messages) == 4


async def test_a_thousand_updates_fit_into_one_body_and_no_more(meta: Platform, callback: Any) -> None:
    async with meta.batch():
        for index in range(1_001):
            await meta.send(NUMBER, "text", customer=index % 50)
    await meta.drain(60)
    sizes = sorted(
        sum(
            len(change["value"].get("messages", []))
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
        )
        for body in callback.bodies
    )

    assert sizes == [1, 1_000]
    assert max(map(len, callback.bodies)) < 3_000_000


async def test_batching_and_reordering_lose_nothing(start: Start, callback: Any) -> None:
    webhooks = Webhooks(batch_rate=0.3, batch_max=7, reorder_rate=0.3, duplicate_rate=0.2, repeat_id_rate=0.2)
    meta = await start(Scenario(webhooks=webhooks), seed=5)
    sent = [(await meta.send(NUMBER, "text")).wamid for _ in range(200)]
    await meta.drain(60)
    got = [message["id"] for message in callback.messages]

    assert set(got) == set(sent)
    assert len(got) > 200
    assert len(callback.got) < 250
    assert meta.outstanding == 0


async def test_what_is_held_for_a_batch_leaves_by_itself(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(batch_rate=1.0, batch_max=1_000)))
    await meta.send(NUMBER)
    async with asyncio.timeout(60):
        while not callback.got:
            await asyncio.sleep(0.005)

    assert len(callback.messages) == 1


async def test_a_redelivery_may_bring_fresh_urls(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(fresh_url=True, retry_delays_s=(600.0,))))
    callback.answers = [500]
    await meta.send(NUMBER, "image")
    async with asyncio.timeout(60):
        while not meta.record.deliveries[0].attempts:
            await asyncio.sleep(0.005)
    meta.clock.advance(601)
    await meta.drain(60)
    urls = [message["image"]["url"] for message in callback.messages]

    assert len(set(urls)) == 2
    assert len({message["id"] for message in callback.messages}) == 1


async def test_hurrying_does_not_wait_for_delays(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(retry_delays_s=(86_400.0,))))
    callback.answers = [500, 500]
    await meta.send(NUMBER)
    await meta.drain(60, hurry=True)

    assert len(callback.got) == 3
