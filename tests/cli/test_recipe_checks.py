"""What the doctor finds of the recipe in use, and of the one that is rolled out."""

from typing import Any

import pytest

from penstock.core.recipe import Parameters
from penstock.ledger.book import Ledger

WHO: Any = {"who": "cli:anna", "why": "a test"}


def found(penstock: Any) -> list[tuple[str, str]]:
    """What it says about recipes: state and sentence."""
    checks = penstock("doctor", "--json").answer["checks"]
    return [(each["state"], each["found"]) for each in checks if each["name"] == "recipes"]


async def _rolled_out(ledger: Ledger, implementation: str) -> None:
    parameters = Parameters(graph_version="v27.0")
    await ledger.recipes.add("next", implementation=implementation, parameters=parameters, **WHO)
    await ledger.rollouts.start("next", salt="s", **WHO)


async def _in_use(ledger: Ledger) -> None:
    rollout = await ledger.rollouts.current()
    assert rollout is not None
    whole = await ledger.rollouts.set_stage(rollout, "100", who="cli:anna", reason="a test")
    assert whole is not None
    await ledger.rollouts.finish(whole, who="cli:anna", reason="a test")


def test_what_everybody_has_and_what_is_tried_are_rehearsed_with_their_own_parameters(penstock: Any, acme: Any) -> None:
    acme.work(lambda ledger: _rolled_out(ledger, "declared"))
    assert found(penstock) == [
        ("ok", "standard/1 is in use, and its requests leave as they are declared"),
        ("ok", "next/1 is rolled out, and its requests leave as they are declared"),
    ]


@pytest.mark.parametrize("in_use", [False, True])
def test_one_that_is_not_installed_here_is_named(penstock: Any, acme: Any, in_use: bool) -> None:
    acme.work(lambda ledger: _rolled_out(ledger, "elsewhere"))
    if in_use:
        acme.work(_in_use)
    state, said = found(penstock)[-1]
    assert state == ("fail" if in_use else "warn")
    assert said.startswith(f"next/1 is {'in use' if in_use else 'rolled out'}, and fetches nothing here: ")
    assert "'elsewhere' is not installed on " in said
