"""A lease is prolonged while its holder lives, and told when it is lost."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from penstock.core.work import Attached, Claim
from penstock.flow.leases import LEASE_S, Leases
from penstock.flow.receiver import Receiver
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger


async def announce(ledger: Ledger, signed: Callable[..., bytes]) -> None:
    message = {"from": "1555", "id": "wamid.1", "timestamp": "1", "type": "image", "image": {"id": "101"}}
    value = {"metadata": {"phone_number_id": "100000000000002"}, "messages": [message]}
    entry = [{"id": "1", "changes": [{"field": "messages", "value": value}]}]
    body = json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()
    registry = Registry(ledger)
    await registry.start()
    await Receiver(ledger, registry).take(body, signed(body))
    await registry.stop()


async def test_a_held_lease_is_prolonged_before_it_runs_out(
    provisioned: Ledger, signed: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hours pass by the ledger's clock, which goes on by what a renewal is for and by nothing else."""
    monkeypatch.setattr("penstock.flow.leases._RENEW_S", 0.01)
    await announce(provisioned, signed)
    lost: list[Claim] = []
    ours, others = Leases(provisioned, "ours"), Leases(provisioned, "others")
    [claim] = await ours.claim(10)
    at, renew = await provisioned.now(), provisioned.queue.renew

    async def now() -> float:
        return at

    async def renewed(**rest: Any) -> Any:
        nonlocal at
        found = await renew(**rest)
        at += LEASE_S * 0.9
        await others._sweep()
        return found

    monkeypatch.setattr(provisioned, "now", now)
    monkeypatch.setattr(provisioned.queue, "renew", renewed)
    began = at
    ours.start(lost=lost.append)
    async with asyncio.timeout(60):
        while at < began + 5 * LEASE_S:
            await asyncio.sleep(0.01)
    await ours.stop()
    assert await others.claim(10) == []
    assert ours.held(claim)
    assert lost == []


async def test_a_lease_that_ran_out_is_swept_and_its_holder_is_told(
    provisioned: Ledger, signed: Callable[..., bytes]
) -> None:
    await announce(provisioned, signed)
    lost: list[Claim] = []
    dead, alive = Leases(provisioned, "dead", lease_s=0.2), Leases(provisioned, "alive", lease_s=30.0)
    [first] = await dead.claim(10)
    await asyncio.sleep(0.3)
    await alive._sweep()
    [second] = await alive.claim(10)
    assert (second.id, second.fence) == (first.id, first.fence + 1)
    dead._lost = lost.append
    await dead._renew()
    assert lost == [first]
    assert not dead.held(first)
    assert (dead.claimed, dead.lost, alive.claimed, alive.lost) == (1, 1, 1, 0)
    assert alive.held(second)


async def test_a_claim_that_is_dropped_is_not_renewed(provisioned: Ledger, signed: Callable[..., bytes]) -> None:
    await announce(provisioned, signed)
    leases = Leases(provisioned, "ours")
    [claim] = await leases.claim(1)
    leases.drop(claim)
    assert not leases.held(claim)
    leases.drop(claim)


async def test_what_a_dead_process_had_is_freed_before_its_lease_runs_out(
    provisioned: Ledger, signed: Callable[..., bytes]
) -> None:
    await announce(provisioned, signed)
    dead, alive = Leases(provisioned, "dead", lease_s=3_600.0), Leases(provisioned, "alive", gone_s=0.2)
    [first] = await dead.claim(10)
    await provisioned.processes.beat("dead", role="fetcher", now=await provisioned.now())
    second: list[Claim] = []
    alive.start(lost=lambda _: None)
    async with asyncio.timeout(60):
        while not second:
            second = await alive.claim(10)
            await asyncio.sleep(0.05)
    await alive.stop()
    assert (second[0].id, second[0].fence) == (first.id, first.fence + 1)


async def test_who_goes_on_beating_or_never_beat_keeps_what_it_has(
    provisioned: Ledger, signed: Callable[..., bytes]
) -> None:
    await announce(provisioned, signed)
    held = Leases(provisioned, "held", lease_s=3_600.0)
    assert len(await held.claim(10)) == 1
    watching = Leases(provisioned, "watching", gone_s=0.05)
    for _ in range(5):
        await watching._sweep()  # of "held" there is no beat at all
        await asyncio.sleep(0.02)
    for beat in range(5):
        await provisioned.processes.beat("held", role="fetcher", now=float(beat))
        await watching._sweep()
        await asyncio.sleep(0.02)
    assert await watching.claim(10) == []


async def test_a_process_that_was_only_stopped_for_long_is_told_and_its_result_is_dropped(
    provisioned: Ledger, signed: Callable[..., bytes]
) -> None:
    await announce(provisioned, signed)
    stopped, alive = Leases(provisioned, "stopped", lease_s=3_600.0), Leases(provisioned, "alive", gone_s=0.0)
    [claim] = await stopped.claim(10)
    await provisioned.processes.beat("stopped", role="fetcher", now=await provisioned.now())
    await alive._sweep()
    lost: list[Claim] = []
    stopped._lost = lost.append
    await stopped._renew()
    assert lost == [claim]
    ending = Attached(size=1, sha256=b"", content_type="image/jpeg")
    assert not await provisioned.queue.settle(claim, ending, (), now=await provisioned.now())
