"""Many messages."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.simulator import Platform, Scenario
from penstock.simulator import scenario as scenarios
from penstock.simulator.traffic import USUAL_MIX, Traffic

NUMBER = "100000000000002"

Start = Callable[..., Awaitable[Platform]]


async def test_as_many_are_sent_as_were_asked_for_in_the_asked_mix(meta: Platform, callback: Any) -> None:
    sent = await meta.traffic(200, 100_000, {"text": 3, "location": 1})
    await meta.drain(60)
    kinds = Counter(message["type"] for message in callback.messages)

    assert len({one.wamid for one in sent}) == 200
    assert {message["id"] for message in callback.messages} == {one.wamid for one in sent}
    assert 110 < kinds["text"] < 180
    assert len({message["from"] for message in callback.messages}) > 20


async def test_the_same_seed_sends_the_same(start: Start) -> None:
    kinds = []
    for seed in (1, 1, 2):
        meta = await start(seed=seed)
        sent = await meta.traffic(30, 1e6, {"text": 1, "location": 1, "contacts": 1})
        kinds.append([one.wamid for one in sent])
        await meta.drain(60)

    assert kinds[0] == kinds[1]
    assert kinds[0] != kinds[2]


async def test_the_rate_is_kept_in_real_time(meta: Platform) -> None:
    started_s = time.monotonic()
    await meta.traffic(11, 100, {"text": 1})

    assert time.monotonic() - started_s >= 0.1


async def test_traffic_may_go_to_some_numbers_only(meta: Platform, callback: Any) -> None:
    meta.add_number("77", app_secret=b"s", callback=callback.url, token="token-a")
    sent = await meta.traffic(10, 1e6, {"text": 1}, numbers=["77"], customers=1)

    assert {one.update.number.phone_number_id for one in sent} == {"77"}


@pytest.mark.parametrize("mix", [{"hologram": 1.0}, {"text": 0.0}])
async def test_a_mix_that_means_nothing_is_refused(meta: Platform, mix: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"mix|kind"):
        await meta.traffic(1, 1, mix)


async def test_there_must_be_somebody_to_write_to_and_a_rate() -> None:
    platform = Platform()

    with pytest.raises(ValueError, match="no number"):
        Traffic(platform, None, numbers=None, customers=1)
    with pytest.raises(ValueError, match="rate_per_s"):
        await Traffic(platform, USUAL_MIX, numbers=[NUMBER], customers=1).run(1, 0)


async def test_the_traffic_of_a_scenario_goes_on_until_it_is_ended(start: Start, callback: Any) -> None:
    meta = await start(Scenario(traffic=scenarios.Traffic(rate_per_s=500, mix={"text": 1})))
    traffic = meta.own_traffic()
    assert traffic is not None
    task = asyncio.create_task(traffic)
    async with asyncio.timeout(60):
        while len(callback.got) < 20:
            await asyncio.sleep(0.005)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
