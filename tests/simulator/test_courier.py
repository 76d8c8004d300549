"""Redelivery."""

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from penstock.simulator import Platform, Scenario, Webhooks

NUMBER = "100000000000002"

Start = Callable[..., Awaitable[Platform]]


def _tried(meta: Platform, count: int) -> bool:
    return len(meta.record.deliveries[0].attempts) == count


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


async def test_a_webhook_is_sent_again_until_it_is_answered_200(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(retry_delays_s=(0.0,))))
    callback.answers = [503, 500, 301, 204, 401, 0, 200]
    sent = await meta.send(NUMBER, "image")
    await meta.drain(60)
    (delivery,) = meta.record.deliveries

    assert [attempt.status for attempt in delivery.attempts] == [503, 500, 301, 204, 401, None, 200]
    assert delivery.attempts[5].error == "the connection was closed without an answer"
    assert len(set(callback.bodies)) == 1
    assert delivery.sha256 == hashlib.sha256(callback.bodies[0]).hexdigest()
    assert delivery.message_ids == (sent.wamid,)
    assert sent.media is not None
    assert delivery.media_ids == (sent.media.id,)
    assert meta.record.acknowledged() == [sent.wamid]


async def test_delays_rise_in_simulated_time(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(retry_delays_s=(0.0, 60.0, 3_600.0))))
    callback.answers = [500] * 5
    await meta.send(NUMBER)
    await until(partial(_tried, meta, 2))
    await asyncio.sleep(0.02)
    assert len(callback.got) == 2

    for jump_s, count in ((61, 3), (3_601, 4), (3_601, 5), (3_601, 6)):
        meta.clock.advance(jump_s)
        await until(partial(_tried, meta, count))  # only then is it known when it is sent again
    await meta.drain(60)

    times = [attempt.at for attempt in meta.record.deliveries[0].attempts]
    gaps_s = [later - earlier for earlier, later in itertools.pairwise(times[1:])]
    assert gaps_s == pytest.approx([60, 3_600, 3_600, 3_600], abs=30)


async def test_a_webhook_is_given_up_after_seven_days_and_not_forgotten(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(retry_delays_s=(86_400.0,))))
    callback.answers = [500] * 100
    sent = await meta.send(NUMBER)
    for count in range(1, 9):
        await until(partial(_tried, meta, count))
        assert meta.outstanding == (1 if count < 8 else 0)
        meta.clock.advance(86_401)
    await meta.drain(60)

    assert meta.record.deliveries[0].state == "given-up"
    assert meta.record.unacknowledged() == [sent.wamid]


async def test_a_callback_that_hangs_is_not_waited_for_for_ever(start: Start) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(mute, "127.0.0.1", 0)
    meta = await start(Scenario(webhooks=Webhooks(answer_timeout_s=0.05, retry_delays_s=(3_600.0,))))
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    meta.add_number("77", app_secret=b"s", callback=url, token="token-a")
    await meta.send("77")
    await until(lambda: bool(meta.record.deliveries[0].attempts))

    assert meta.record.deliveries[0].attempts[0].error == "no answer within 0.05 s"
    listening.close()


async def test_a_dead_callback_holds_up_no_other(start: Start, callback: Any) -> None:
    meta = await start(Scenario(webhooks=Webhooks(concurrency=1, retry_delays_s=(0.01,))))
    meta.add_number("77", app_secret=b"s", callback="http://127.0.0.1:9/", token="token-a")
    for _ in range(5):
        await meta.send("77")
        await meta.send(NUMBER)
    await until(lambda: meta.outstanding == 5)

    assert len(callback.got) == 5
    with pytest.raises(TimeoutError, match="5 webhook bodies are still not answered"):
        await meta.drain(0.05)


async def test_no_more_connections_are_used_than_the_scenario_says(start: Start) -> None:
    open_now, most, all_there = 0, 0, asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        if open_now == 3:
            all_there.set()
        await reader.readuntil(b"\r\n\r\n")
        await all_there.wait()
        await asyncio.sleep(0.01)  # a fourth one would come meanwhile
        open_now -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(slow, "127.0.0.1", 0)
    meta = await start(Scenario(webhooks=Webhooks(concurrency=3)))
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    meta.add_number("77", app_secret=b"s", callback=url, token="token-a")
    for _ in range(20):
        await meta.send("77")
    await meta.drain(60)

    assert most == 3
    listening.close()
