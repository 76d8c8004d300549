"""Rollouts of recipes from end to end: a wrong one is refused before a request is sent, one that a part of the fleet
rejects is taken back, a good one reaches everybody, and a leader that is killed at any stage loses nothing.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from penstock.controls.rollouts.kept import kept_of
from penstock.controls.rollouts.operating import Operating, Order
from penstock.core.recipe import Parameters
from penstock.core.rollout import Move
from penstock.core.staging import DONE, ROLLED_BACK, Rollout
from penstock.demo.legacy import send_legacy
from penstock.flow.auditing import audit
from penstock.settings import Bind, FolderUrl, Settings, SqliteUrl
from penstock.simulator import FaultRule, Platform, Scenario, Server, Webhooks
from penstock.wiring.instance import Instance

NUMBERS = {"acme": "100000000000002", "lab": "100000000000003"}
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo " * 40
QUIET = Webhooks(url=False)  # each file has to be looked up
NEXT_VERSION = "v99.0"
# Three of ten servers do not know the next version yet.
PARTLY = Scenario(
    servers=(
        Server(name="new", count=7),
        Server(name="old", count=3, faults=(FaultRule(fault="get-405", hop="lookup", versions=(NEXT_VERSION,)),)),
    ),
    webhooks=QUIET,
)


class Site:
    """An instance, its simulated Meta, and two workspaces, of which "lab" is for tests."""

    def __init__(self, instance: Instance, meta: Platform, signed: Callable[..., bytes]) -> None:
        self.instance, self.meta, self.signed = instance, meta, signed
        self.ledger = instance.ledger
        self.received = 0

    async def receive(self, workspace: str, count: int = 1) -> None:
        """Files come, each from a customer of its own."""
        at = str(int(await self.ledger.now()))
        messages = []
        for _ in range(count):
            self.received += 1
            media = self.meta.upload(JPEG + b"%d" % self.received, "image/jpeg", number=NUMBERS[workspace])
            image = {"id": media.id, "mime_type": "image/jpeg"}
            sender, wamid = f"1555{self.received:07d}", f"wamid.TEST{self.received}"
            messages.append({"from": sender, "id": wamid, "timestamp": at, "type": "image", "image": image})
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"phone_number_id": NUMBERS[workspace]},
            "messages": messages,
        }
        body = json.dumps(
            {
                "object": "whatsapp_business_account",
                "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
            }
        ).encode()
        await self.instance.receiver.take(body, self.signed(body))

    async def start(self, *, implementation: str = "declared", **asked: Any) -> Rollout:
        """Begin to roll out a recipe for the next version of Graph."""
        told = Parameters(graph_version=NEXT_VERSION) if implementation == "declared" else Parameters()
        await self.ledger.recipes.add(
            "next", implementation=implementation, parameters=told, who="cli:anna", why="the next version"
        )
        return await Operating(self.ledger).start(Order(recipe="next", by="cli:anna", why="a test", **asked))

    async def until(self, *stages: str, feed: int = 0) -> Rollout:
        """Wait for one of these stages, while so many files a round go on arriving."""
        async with asyncio.timeout(300):
            while (rollout := await Operating(self.ledger).latest()).stage not in stages:
                if feed and not await self.waiting():
                    await self.receive("acme", feed)
                await asyncio.sleep(0.1)
        return rollout

    async def waiting(self) -> int:
        """Files that are on their way."""
        return sum(tally.waiting + tally.fetching for tally in await self.ledger.counts.tallies())

    async def all_attached(self) -> None:
        """Wait until nothing is on its way; everything is attached then, and adds up."""
        async with asyncio.timeout(300):
            while await self.waiting():
                await asyncio.sleep(0.1)
        assert sum(tally.attached for tally in await self.ledger.counts.tallies()) == self.received
        found = await audit(self.ledger)
        assert found.ok, found.problems

    async def recipes_used(self, wamids: Collection[str]) -> set[str]:
        """By which recipes these messages' files were fetched."""
        used = set()
        for wamid in wamids:
            message = await self.ledger.shelf.message(wamid=wamid, workspace_id=None)
            assert message is not None
            used |= {attempt.recipe for attempt in await self.ledger.shelf.attempts(message.media[0].id)}
        return used


@pytest.fixture
async def site(tmp_path: Path, signed: Callable[..., bytes]) -> AsyncIterator[Callable[..., Any]]:
    """Starts an instance before a simulated Meta."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(scenario: Scenario) -> Site:
            meta = await stack.enter_async_context(Platform(scenario, seed=5))
            told = Settings(
                database_url=SqliteUrl(tmp_path / "penstock.db"),
                blobs_url=FolderUrl(tmp_path / "blobs"),
                bind=Bind("127.0.0.1", 0),
                graph_url=meta.graph_url,
                media_hosts=tuple(meta.media_hosts),
                allow_insecure_upstream=True,
            )
            instance = Instance(told, implementations={"legacy": lambda: send_legacy})
            await instance.start()
            stack.push_async_callback(instance.stop)
            meta.add_token("token-a", "EAAGtokenA")
            tables, now = instance.ledger.provisioning, await instance.ledger.now()
            await tables.add_app("main", secret="app-secret", verify_token="verify-me", now=now)
            await tables.add_credential("token-a", token="EAAGtokenA", now=now)
            for name, number in NUMBERS.items():
                await tables.add_workspace(name, test=name == "lab", now=now)
                await tables.add_number(number, workspace=name, app="main", credential="token-a", now=now)
                meta.add_number(number, app_secret=b"app-secret", callback="http://127.0.0.1:9/", token="token-a")
            await instance.registry.refresh()
            return Site(instance, meta, signed)

        yield start


async def test_the_legacy_form_is_refused_in_the_test_stage_with_no_request_on_the_wire(site: Any) -> None:
    it: Site = await site(Scenario(webhooks=QUIET))
    await it.receive("lab", 5)
    await it.all_attached()
    before = len(it.meta.record.requests)

    await it.start(implementation="legacy")
    rollout = await it.until(ROLLED_BACK)

    assert rollout.reason.startswith("Refused before a request was sent: media.look_up would not leave this machine")
    assert len(it.meta.record.requests) == before
    await it.receive("lab", 3)
    await it.all_attached()
    assert {request.method for request in it.meta.record.requests} == {"GET"}
    assert (await it.ledger.recipes.get("standard")).in_use


async def test_what_comes_to_the_test_workspace_while_it_is_refused_is_not_lost(site: Any) -> None:
    it: Site = await site(Scenario(webhooks=QUIET))
    await it.start(implementation="legacy")
    await it.receive("lab", 20)
    await it.receive("acme", 5)
    await it.until(ROLLED_BACK)
    await it.all_attached()
    assert {request.method for request in it.meta.record.requests} == {"GET"}


async def test_one_that_a_part_of_the_fleet_rejects_is_taken_back_and_nothing_is_lost(site: Any) -> None:
    it: Site = await site(PARTLY)
    await it.start(without_test=True)
    operating = Operating(it.ledger)
    await it.until("1")
    for _ in range(2):
        await operating.move(Move.ADVANCE, by="cli:anna", why="in a hurry")
    rollout = await it.until(ROLLED_BACK, feed=40)

    assert rollout.reason.startswith("The candidate fails more often than the others. With the candidate")
    assert it.received < 1_000
    entries = [one.entry for one in await it.ledger.audit_log.read() if one.entry.action.startswith("rollout.")]
    assert [entry.who for entry in entries] == ["cli:anna", "rollout", "cli:anna", "cli:anna", "rollout"]
    await it.instance.recipes.refresh()
    await it.all_attached()
    first = it.received + 1
    await it.receive("acme", 5)
    await it.all_attached()
    assert await it.recipes_used([f"wamid.TEST{number}" for number in range(first, first + 5)]) == {"standard/1"}


async def test_a_test_workspace_for_which_it_fails_alone_keeps_it_from_everybody(site: Any) -> None:
    none = FaultRule(fault="get-405", hop="lookup", versions=(NEXT_VERSION,))
    it: Site = await site(Scenario(servers=(Server(faults=(none,)),), webhooks=QUIET))
    await it.receive("lab", 5)
    await it.all_attached()
    await it.start(files=3)
    rollout = await it.until(ROLLED_BACK)
    assert rollout.reason.startswith("Files of the test workspaces fail with it alone.")
    assert "405" in rollout.reason


async def test_a_good_one_is_tried_on_test_workspaces_first_and_reaches_everybody(site: Any) -> None:
    it: Site = await site(Scenario(webhooks=QUIET))
    await it.receive("lab", 5)
    await it.all_attached()
    attempts_before = [await it.ledger.shelf.attempts(media.id) for media in await lab_files(it)]
    await it.start(files=3, outcomes=4)
    rollout = await it.until("1")
    assert kept_of(rollout).tested.same == 3
    assert "are the same byte for byte" in rollout.reason
    assert [await it.ledger.shelf.attempts(media.id) for media in await lab_files(it)] == attempts_before

    rollout = await it.until(DONE, ROLLED_BACK, feed=60)
    assert rollout.stage == DONE, rollout.reason
    assert (await it.ledger.recipes.get("next/1")).in_use
    actions = [one.entry.action for one in await it.ledger.audit_log.read() if one.entry.action.startswith("rollout.")]
    assert actions == ["rollout.start", *["rollout.advance"] * 4, "rollout.done"]
    await it.instance.recipes.refresh()
    await it.all_attached()
    first = it.received + 1
    await it.receive("acme", 3)
    await it.all_attached()
    assert await it.recipes_used([f"wamid.TEST{number}" for number in range(first, first + 3)]) == {"next/1"}


async def lab_files(it: Site) -> list[Any]:
    """The files of the test workspace."""
    return list((await it.ledger.shelf.media_list(workspace="lab")).items)
