"""Claims come from open lanes in fair turns; a shut gate is noticed before anything behind it is read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from penstock.core.lanes import Lane
from penstock.core.work import Attached, Claim, Outcome, RetryLater
from penstock.flow.lanes import Lanes
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger

RIVAL = "100000000000003"


class Shut:
    """Gates that hold whole workspaces."""

    def __init__(self) -> None:
        self.workspaces: set[str] = set()

    def open_lanes(self, lanes: Sequence[Lane], now: float) -> Sequence[Lane]:
        return [lane for lane in lanes if lane.workspace not in self.workspaces]

    def admit(self, claim: Claim, operation: str, now: float) -> float | None:
        return None


class Hall:
    """Two workspaces, a receiver, and lanes that a test claims from."""

    def __init__(self, ledger: Ledger, webhooks: Any, signed: Callable[..., bytes]) -> None:
        self.ledger, self.webhooks, self.signed = ledger, webhooks, signed
        self.gates = Shut()
        self.registry = Registry(ledger)
        self.receiver = Receiver(ledger, self.registry)
        self.count = 0
        self.held: list[Claim] = []

    async def bring(self, number: str, files: int) -> None:
        for _ in range(files):
            self.count += 1
            body = self.webhooks.body(self.webhooks.file(f"wamid.{self.count}", f"m{self.count}"), number=number)
            assert isinstance(await self.receiver.take(body, self.signed(body)), Taken)

    async def claim(self, lanes: Lanes, limit: int) -> list[str]:
        now = await self.ledger.now()
        claims = await lanes.claim(owner="me", limit=limit, held=self.held, now=now, lease_s=60)
        self.held += claims
        return sorted(claim.workspace for claim in claims)

    async def end(self, ending: Any) -> None:
        for claim in self.held:
            await self.ledger.queue.settle(claim, ending, (), now=await self.ledger.now())
        self.held = []


@pytest.fixture
async def hall(provisioned: Ledger, webhooks: Any, signed: Callable[..., bytes]) -> AsyncIterator[Hall]:
    now = await provisioned.now()
    await provisioned.provisioning.add_workspace("rival", now=now)
    await provisioned.provisioning.add_number(RIVAL, workspace="rival", app="main", credential="token-a", now=now)
    made = Hall(provisioned, webhooks, signed)
    await made.registry.start()
    yield made
    await made.registry.stop()


async def test_two_workspaces_have_their_turns(hall: Hall) -> None:
    await hall.bring("100000000000002", 20)
    await hall.bring(RIVAL, 2)
    lanes = Lanes(hall.ledger, hall.gates)
    assert await hall.claim(lanes, 6) == ["acme"] * 4 + ["rival"] * 2
    assert await hall.claim(lanes, 6) == ["acme"] * 6


async def test_nothing_is_claimed_from_behind_a_shut_gate(hall: Hall) -> None:
    await hall.bring("100000000000002", 5)
    await hall.bring(RIVAL, 2)
    lanes = Lanes(hall.ledger, hall.gates)
    hall.gates.workspaces = {"acme"}
    assert await hall.claim(lanes, 10) == ["rival"] * 2
    assert await hall.claim(lanes, 10) == []
    tallies = {tally.workspace: tally for tally in await hall.ledger.counts.tallies()}
    assert (tallies["acme"].waiting, tallies["acme"].fetching) == (5, 0)
    hall.gates.workspaces = set()
    assert await hall.claim(lanes, 10) == ["acme"] * 5


async def test_what_comes_in_after_everything_was_taken_is_seen_at_the_next_claim(hall: Hall) -> None:
    lanes = Lanes(hall.ledger, hall.gates)
    assert await hall.claim(lanes, 10) == []
    await hall.bring(RIVAL, 1)
    assert await hall.claim(lanes, 10) == ["rival"]


async def test_one_workspace_has_no_more_than_it_may_have_at_once(hall: Hall) -> None:
    await hall.bring("100000000000002", 10)
    lanes = Lanes(hall.ledger, hall.gates, most_of_one=lambda: 3)
    assert await hall.claim(lanes, 10) == ["acme"] * 3
    assert lanes.limited
    assert await hall.claim(lanes, 10) == []
    assert lanes.limited
    await hall.bring(RIVAL, 1)
    await asyncio.sleep(0.3)
    assert await hall.claim(lanes, 10) == ["rival"]
    await hall.end(Attached(size=3, sha256=b"\x01" * 32, content_type="image/jpeg"))
    assert await hall.claim(lanes, 2) == ["acme"] * 2
    assert not lanes.limited


async def test_what_is_due_again_is_claimed_when_it_is_and_the_time_until_then_is_known(hall: Hall) -> None:
    await hall.bring(RIVAL, 1)
    lanes = Lanes(hall.ledger, hall.gates)
    await hall.claim(lanes, 10)
    now = await hall.ledger.now()
    await hall.end(RetryLater(now + 0.3, Outcome.UPSTREAM, "It waits."))
    assert await hall.claim(lanes, 10) == []
    assert 0 <= lanes.idle_s(now) <= 0.3
    await asyncio.sleep(0.4)
    assert await hall.claim(lanes, 10) == ["rival"]
    assert lanes.idle_s(now) == 1.0
