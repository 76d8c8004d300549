"""The test stage: the rehearsal once, real files one after the other, none behind an operator's gate."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.controls.rollouts.first_stage import PROBE, FirstStage
from penstock.controls.rollouts.kept import Asked, Kept
from penstock.controls.rollouts.trial import Open, Trials
from penstock.core.gate import BREAKER, OPERATOR
from penstock.core.probing import Known
from penstock.core.reading import read
from penstock.core.recipe import Parameters
from penstock.core.rollout import At, Judged, Move
from penstock.core.staging import TEST, Rollout
from penstock.ledger.book import Ledger
from penstock.simulator import FaultRule, Platform, Scenario, Server

NUMBER = "100000000000002"
WHO: Any = {"who": "cli:anna", "why": "a test"}
UNKNOWN = FaultRule(fault="get-405", hop="lookup", versions=("v99.0",))  # the next version


class Lab:
    """A test workspace whose files are at a simulated Meta, and the rollout of a recipe for its next version."""

    def __init__(self, ledger: Ledger, meta: Platform, trials: Trials, rollout: Rollout) -> None:
        self.ledger, self.meta, self.trials, self.rollout = ledger, meta, trials, rollout
        self.first = FirstStage(ledger, trials, token=lambda _number: "EAAGtokenA")

    async def receive(self, webhooks: Any, count: int) -> None:
        """Files come."""
        messages = []
        for number in range(count):
            media = self.meta.upload(b"file %d" % number, "image/jpeg", number=NUMBER)
            messages.append(webhooks.file(f"wamid.{number}", media.id, timestamp=str(int(await self.ledger.now()))))
        snapshot = await self.ledger.provisioning.snapshot()
        body = webhooks.body(*messages)
        receipt = await self.ledger.journal.receive(
            app_id=1,
            body=body,
            signature="sha256=00",
            reading=read(body),
            routes={route.phone_number_id: route for route in snapshot.routes},
            version=snapshot.version,
            now=await self.ledger.now(),
        )
        assert receipt is not None

    async def go(
        self, kept: Kept, *, until: Callable[[], bool] = lambda: False, paused: bool = False, frozen: str | None = None
    ) -> Judged:
        """Look again and again, until something is to be done or a condition holds."""
        async with asyncio.timeout(30):
            while True:
                now = await self.ledger.now()
                place = At(TEST, paused)
                judged = await self.first.judged(place, self.rollout, kept, now, violation=None, frozen=frozen)
                if judged.move is not None or until():
                    return judged
                await asyncio.sleep(0.01)

    def asked(self) -> int:
        """Requests that reached Meta."""
        return len(self.meta.record.requests)


@pytest.fixture
async def lab(provisioned: Ledger, open_graph: Callable[..., Open]) -> AsyncIterator[Callable[..., Any]]:
    """Starts a rollout beside a fleet."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*faults: FaultRule) -> Lab:
            meta = await stack.enter_async_context(Platform(Scenario(servers=(Server(faults=faults),))))
            meta.add_token("token-a", "EAAGtokenA")
            meta.add_number(NUMBER, app_secret=b"s", callback="http://127.0.0.1:9/", token="token-a")
            trials = Trials(open_graph(meta.graph_url, media_hosts=tuple(meta.media_hosts)))
            stack.push_async_callback(trials.stop)
            await provisioned.provisioning.set_workspace("acme", test=True)
            await provisioned.recipes.add("next", parameters=Parameters(graph_version="v99.0"), **WHO)
            return Lab(provisioned, meta, trials, await provisioned.rollouts.start("next", salt="s", **WHO))

        yield start


async def test_files_of_the_test_workspace_are_compared_until_enough_are_the_same(lab: Any, webhooks: Any) -> None:
    it: Lab = await lab()
    await it.receive(webhooks, 6)
    kept = Kept(asked=Asked(files=3))
    judged = await it.go(kept)

    assert judged.move is Move.ADVANCE
    assert (kept.tested.same, kept.tested.unsure, kept.tested.failed) == (3, 0, 0)
    assert len(set(kept.tested.files)) == 3


async def test_a_rehearsal_stays_with_the_test_workspaces_when_the_test_is_passed(lab: Any, webhooks: Any) -> None:
    it: Lab = await lab()
    await it.receive(webhooks, 2)
    kept = Kept(asked=Asked(files=1, only_test=True))
    judged = await it.go(kept, until=lambda: kept.tested.same == 1)
    assert judged.move is None
    assert judged.why.startswith("The test is passed.")


async def test_the_synthetic_probe_goes_first_where_there_is_one(lab: Any, webhooks: Any) -> None:
    it: Lab = await lab()
    await it.receive(webhooks, 2)
    data = b"the file of the probe"
    media = it.meta.upload(data, "text/plain", number=NUMBER, inbound=False)
    standing = await it.ledger.probes.standing()
    assert standing is not None
    known = Known(media.id, hashlib.sha256(data).digest(), len(data), await it.ledger.now())
    await it.ledger.probes.uploaded(standing.number_id, known)
    kept = Kept(asked=Asked(files=1))
    judged = await it.go(kept)
    assert judged.move is Move.ADVANCE
    assert (kept.tested.probe, kept.tested.same, kept.tested.files[0]) == ("same", 1, PROBE)
    assert "The synthetic probe's file came whole." in judged.why


async def test_files_that_come_by_the_recipe_in_use_alone_take_it_back(lab: Any, webhooks: Any) -> None:
    it: Lab = await lab(UNKNOWN)
    await it.receive(webhooks, 6)
    kept = Kept()
    judged = await it.go(kept)
    assert (judged.move, kept.tested.failed, kept.tested.same) == (Move.ROLL_BACK, 2, 0)
    assert "405" in judged.why


async def test_files_that_neither_brings_say_nothing(lab: Any, webhooks: Any) -> None:
    it: Lab = await lab(FaultRule(fault="gone", hop="lookup"))
    await it.receive(webhooks, 3)
    kept = Kept()
    judged = await it.go(kept, until=lambda: kept.tested.unsure == 3)
    assert judged.move is None


async def test_without_files_it_waits_for_some(lab: Any) -> None:
    it: Lab = await lab()
    judged = await it.go(Kept(), until=lambda: True)
    assert judged.move is None
    assert "5 more files of a test workspace are needed" in judged.why
    assert (await it.go(Kept(asked=Asked(files=None)))).move is Move.ADVANCE


async def test_nothing_is_asked_behind_a_gate_that_an_operator_shut(lab: Any, webhooks: Any) -> None:
    it: Lab = await lab()
    await it.receive(webhooks, 2)
    gates, now = it.ledger.gates, await it.ledger.now()
    await gates.shut({"workspace": "acme"}, owner=OPERATOR, by="cli:anna", why="quiet", now=now, opening=0)
    await it.go(Kept(), until=lambda: not it.trials.busy)
    assert it.asked() == 0

    await gates.open({"workspace": "acme"}, owner=OPERATOR, by="cli:anna", why="on", now=now)
    await gates.shut({}, owner=BREAKER, by="breaker", why="they fail", now=now, opening=0, until=now + 99)
    assert (await it.go(Kept(asked=Asked(files=1)))).move is Move.ADVANCE


async def test_it_asks_nothing_while_it_is_paused(lab: Any, webhooks: Any) -> None:
    it: Lab = await lab()
    await it.receive(webhooks, 2)
    judged = await it.go(Kept(), until=lambda: True, paused=True)
    assert (judged.move, it.trials.busy, it.asked()) == (None, False, 0)


async def test_it_asks_nothing_while_an_incident_is_open(lab: Any, webhooks: Any) -> None:
    it: Lab = await lab()
    await it.receive(webhooks, 2)
    kept = Kept(asked=Asked(files=1))
    judged = await it.go(kept, until=lambda: True, frozen="incident 3")
    assert (judged.move, it.trials.busy, it.asked()) == (None, False, 0)
    assert "incident 3" in judged.why
    assert (await it.go(kept)).move is Move.ADVANCE
