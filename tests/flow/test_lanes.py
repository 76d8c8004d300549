"""Claims come from open lanes in fair turns; a shut gate is noticed before anything behind it is read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from penstock.core.lanes import Lane, Ways
from penstock.core.reading import read
from penstock.core.work import Attached, Claim, Outcome, RetryLater
from penstock.flow.lanes import Lanes
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.flow.sockets import NoGates
from penstock.ledger.book import Ledger
from penstock.ledger.queue import Due

RIVAL = "100000000000003"


class Shut(NoGates):
    """Gates that hold whole workspaces, or let so many items of each through."""

    def __init__(self) -> None:
        self.workspaces: set[str] = set()
        self.left: dict[int, int] = {}  # by workspace
        self.again_at: float | None = None

    def ways(self, lanes: Sequence[Lane], now: float) -> Ways:
        shut = [lane for lane in lanes if lane.workspace in self.workspaces or self.left.get(lane.workspace_id) == 0]
        is_open = [lane for lane in lanes if lane not in shut]
        narrow = {lane: (lane.workspace_id,) for lane in is_open if lane.workspace_id in self.left}
        return Ways(is_open, narrow, self.left, self.again_at if self.again_at and shut else None)

    def claimed(self, claims: Sequence[Claim], now: float) -> None:
        for claim in claims:
            if claim.workspace_id in self.left:
                self.left[claim.workspace_id] -= 1


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

    async def claim(self, lanes: Lanes, limit: int, *, at: float | None = None) -> list[str]:
        now = await self.ledger.now() if at is None else at
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
    await hall.end(RetryLater(now + 300.5, Outcome.UPSTREAM, "It waits."))
    assert await hall.claim(lanes, 10) == []
    assert lanes.idle_s(now + 300.2) == pytest.approx(0.3)
    assert await hall.claim(lanes, 10, at=now + 300.6) == ["rival"]
    assert lanes.idle_s(now) == 1.0


async def test_of_a_narrow_lane_no_more_is_claimed_than_its_gate_lets_through(hall: Hall) -> None:
    await hall.bring("100000000000002", 10)
    await hall.bring(RIVAL, 2)
    lanes = Lanes(hall.ledger, hall.gates)
    hall.gates.left = {1: 3}
    assert await hall.claim(lanes, 10) == ["acme"] * 3 + ["rival"] * 2
    assert await hall.claim(lanes, 10) == []
    hall.gates.left = {1: 2}
    assert await hall.claim(lanes, 10) == ["acme"] * 2
    tallies = {tally.workspace: tally for tally in await hall.ledger.counts.tallies()}
    assert (tallies["acme"].waiting, tallies["acme"].fetching) == (5, 5)


async def test_it_is_known_when_a_gate_lets_the_next_one_through(hall: Hall) -> None:
    await hall.bring("100000000000002", 5)
    lanes = Lanes(hall.ledger, hall.gates)
    hall.gates.left = {1: 0}
    now = await hall.ledger.now()
    assert await hall.claim(lanes, 10) == []
    hall.gates.again_at = now + 0.3
    assert lanes.idle_s(now) <= 0.3
    hall.gates.left = {1: 1}
    assert lanes.idle_s(now) <= 0.1
    hall.gates.left = {}
    assert lanes.idle_s(now) <= 1.0


async def test_what_was_seen_behind_a_gate_is_claimed_at_once_when_it_opens(hall: Hall) -> None:
    await hall.bring("100000000000002", 5)
    lanes = Lanes(hall.ledger, hall.gates)
    hall.gates.workspaces = {"acme"}
    assert await hall.claim(lanes, 10) == []
    looks = 0
    due = hall.ledger.queue.due

    async def counted() -> Due:
        nonlocal looks
        looks += 1
        return await due()

    hall.ledger.queue.due = counted  # type: ignore[method-assign]
    lanes._look_at = float("inf")  # as if looking had taken very long
    assert await hall.claim(lanes, 10) == []
    hall.gates.workspaces = set()
    assert await hall.claim(lanes, 10) == ["acme"] * 5
    assert looks == 0


async def test_while_one_lane_is_shut_what_comes_into_others_is_seen(hall: Hall) -> None:
    await hall.bring("100000000000002", 5)
    lanes = Lanes(hall.ledger, hall.gates)
    hall.gates.workspaces = {"acme"}
    assert await hall.claim(lanes, 10) == []
    await hall.bring(RIVAL, 1)
    claimed: list[str] = []
    async with asyncio.timeout(60):
        while not claimed:
            claimed = await hall.claim(lanes, 10)
            await asyncio.sleep(lanes.idle_s(await hall.ledger.now()))
    assert claimed == ["rival"]


async def test_through_a_gate_that_opens_bit_by_bit_the_live_come_before_the_backlog(
    hall: Hall, webhooks: Any, signed: Callable[..., bytes]
) -> None:
    """One at a time, as a small opening lets them: four that have just come, then one that waits since long ago."""
    lanes = Lanes(hall.ledger, hall.gates)
    snapshot = await hall.ledger.provisioning.snapshot()
    now = await hall.ledger.now()
    for n in range(40):
        name, age_s = ("old", 7_200) if n < 20 else ("new", 0)
        sent = webhooks.file(f"wamid.{n}", f"{name}{n}", timestamp=str(int(now - age_s)))
        body = webhooks.body(sent)
        await hall.ledger.journal.receive(
            app_id=1,
            body=body,
            signature="sha256=00",
            reading=read(body),
            routes={route.phone_number_id: route for route in snapshot.routes},
            version=snapshot.version,
            now=now - age_s,
        )
    came = []
    for _ in range(20):
        hall.gates.left = {1: 1}
        async with asyncio.timeout(60):
            while hall.gates.left[1]:
                await hall.claim(lanes, 10)
        came.append(hall.held[-1].media_id[:3])
    assert came == (["new"] * 4 + ["old"]) * 4
