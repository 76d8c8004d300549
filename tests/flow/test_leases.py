"""A lease is prolonged while its holder lives, and told when it is lost."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from penstock.core.work import Claim
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
    assert alive.held(second)


async def test_a_claim_that_is_dropped_is_not_renewed(provisioned: Ledger, signed: Callable[..., bytes]) -> None:
    await announce(provisioned, signed)
    leases = Leases(provisioned, "ours")
    [claim] = await leases.claim(1)
    leases.drop(claim)
    assert not leases.held(claim)
    leases.drop(claim)
