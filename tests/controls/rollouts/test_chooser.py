"""Which recipe an item gets: by the ledger's last view, within a second of a change, and by what this machine can do."""

import asyncio
import itertools
from collections.abc import Collection
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from penstock.adapters.graph.http import HttpGraph
from penstock.controls.rollouts.chooser import Chooser
from penstock.core.errors import PenstockError
from penstock.core.recipe import Parameters, Recipe
from penstock.core.staging import STAGES, Rollout
from penstock.core.work import Claim
from penstock.flow.sockets import Chosen
from penstock.ledger.book import Ledger

WHO: Any = {"who": "cli:anna", "why": "a test"}
CLAIM = Claim(
    id=1,
    fence=1,
    workspace_id=1,
    workspace="acme",
    number_id=1,
    phone_number_id="100000000000002",
    app="main",
    credential_id=1,
    credential="token-a",
    kind="image",
    media_id="1000000000000101",
    wamid="wamid.X",
    received_at=0.0,
    deadline=604_800.0,
    attempts=0,
    conversation_id=7,
)
LAB = msgspec.structs.replace(CLAIM, workspace="lab")


class Machine:
    """Engines of a machine on which some implementations are installed."""

    def __init__(self) -> None:
        self.graph = HttpGraph(graph_url="https://graph.example.com", version="v26.0", media_hosts=[".example.com"])
        self.installed = {"declared"}
        self.kept: list[str] = []

    async def ready(self, recipe: Recipe) -> Chosen | None:
        return Chosen(recipe.label, self.graph) if recipe.implementation in self.installed else None

    async def keep_only(self, recipes: Collection[Recipe]) -> None:
        self.kept = [recipe.label for recipe in recipes]


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
async def chooser(ledger: Ledger, machine: Machine) -> Any:
    """A chooser that looks when it is told to."""
    return Chooser(ledger, machine, first=Chosen("standard/1", machine.graph))


async def begun(ledger: Ledger, implementation: str = "declared") -> Rollout:
    """A rollout at its test workspace."""
    await ledger.provisioning.add_workspace("lab", test=True, now=5.0)
    await ledger.recipes.add("next", implementation=implementation, parameters=Parameters(head_s=20), **WHO)
    return await ledger.rollouts.start("next", salt="salt", **WHO)


async def test_without_a_rollout_everybody_gets_the_recipe_in_use(chooser: Chooser, machine: Machine) -> None:
    assert chooser.choose(CLAIM, 5.0).label == "standard/1"
    await chooser.refresh()
    assert chooser.choose(CLAIM, 5.0) is chooser.choose(LAB, 5.0) is chooser.default
    assert machine.kept == ["standard/1"]


async def test_a_rollout_reaches_more_with_each_stage_and_nobody_once_it_is_rolled_back(
    ledger: Ledger, chooser: Chooser
) -> None:
    rollout = await begun(ledger)
    claims = [msgspec.structs.replace(CLAIM, id=each, conversation_id=each) for each in range(1, 400)]
    reached = []
    for stage in STAGES:
        if stage != "test":
            rollout = await ledger.rollouts.set_stage(rollout, stage, who="a test", reason="more") or rollout
        await chooser.refresh()
        assert chooser.choose(LAB, 5.0).label == "next/1"
        reached.append({claim.id for claim in claims if chooser.choose(claim, 5.0).label == "next/1"})
    assert reached[0] == set()
    assert all(fewer <= more for fewer, more in itertools.pairwise(reached))
    assert 0 < len(reached[-2]) < len(reached[-1]) == len(claims)

    await ledger.rollouts.roll_back(rollout.id, who="rollout", reason="it fails")
    await chooser.refresh()
    assert chooser.choose(LAB, 5.0).label == chooser.choose(CLAIM, 5.0).label == "standard/1"


async def test_what_is_tried_knows_the_recipe_before_it(ledger: Ledger, chooser: Chooser) -> None:
    await begun(ledger)
    await chooser.refresh()
    canary = chooser.choose(LAB, 5.0)
    assert canary.instead is chooser.choose(CLAIM, 5.0)


async def test_a_finished_one_is_everybodys(ledger: Ledger, chooser: Chooser, machine: Machine) -> None:
    rollout = await begun(ledger)
    whole = await ledger.rollouts.set_stage(rollout, "100", who="a test", reason="at once")
    assert whole is not None
    await ledger.rollouts.finish(whole, who="a test", reason="it held")
    await chooser.refresh()
    assert chooser.choose(CLAIM, 5.0).label == "next/1"
    assert chooser.choose(CLAIM, 5.0).instead is None
    assert machine.kept == ["next/1"]


async def test_what_is_not_installed_here_is_left_to_others(ledger: Ledger, chooser: Chooser, machine: Machine) -> None:
    rollout = await begun(ledger, "acme")
    await chooser.refresh()
    assert chooser.choose(LAB, 5.0).label == "standard/1"
    whole = await ledger.rollouts.set_stage(rollout, "100", who="a test", reason="at once")
    assert whole is not None
    await ledger.rollouts.finish(whole, who="a test", reason="it held")
    await chooser.refresh()
    assert chooser.choose(CLAIM, 5.0).label == "standard/1"
    assert machine.kept == ["standard/1"]  # what goes on being used is not put away
    machine.installed.add("acme")
    await chooser.refresh()  # nothing has changed but the machine
    assert chooser.choose(CLAIM, 5.0).label == "next/1"


async def test_a_change_is_seen_without_being_told(ledger: Ledger, chooser: Chooser) -> None:
    with capture_logs() as logs:
        await chooser.start()
        try:
            await begun(ledger)
            async with asyncio.timeout(60):
                while chooser.choose(LAB, 5.0).label != "next/1":
                    await asyncio.sleep(0.01)
        finally:
            await chooser.stop()
    told = [each for each in logs if each["event"] == "recipes.changed"]
    assert [(each["default"], each["recipe"], each["stage"]) for each in told] == [("standard/1", "next/1", "test")]


async def test_the_last_view_is_kept_while_the_database_is_away(ledger: Ledger, chooser: Chooser) -> None:
    await begun(ledger)
    await chooser.refresh()
    await ledger.stop()
    with pytest.raises(PenstockError):
        await chooser.refresh()
    assert chooser.choose(LAB, 5.0).label == "next/1"
    assert chooser.choose(CLAIM, 5.0).label == "standard/1"
