"""Recipes as rows: versions that are only ever added, each with who and why, and one that is in use."""

import asyncio
from typing import Any

import pytest

from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.core.recipe import STANDARD, Parameters, Recipe
from penstock.ledger.book import Ledger

WHO: Any = {"who": "cli:anna", "why": "a test"}


async def test_an_installation_comes_with_the_recipe_that_its_settings_are(ledger: Ledger) -> None:
    (first,) = await ledger.recipes.versions()

    assert (first.recipe, first.in_use, first.by, first.created_at) == (STANDARD, True, "penstock", 0.0)


async def test_versions_are_added_and_never_changed(ledger: Ledger) -> None:
    given = Parameters(graph_version="v27.0", use_url_hint=False)
    one = await ledger.recipes.add("next", parameters=given, **WHO)
    two = await ledger.recipes.add("next", implementation="acme", parameters=given, **WHO)

    assert (one, two) == (Recipe("next", 1, "declared", given), Recipe("next", 2, "acme", given))
    assert [each.recipe.label for each in await ledger.recipes.versions()] == ["next/1", "next/2", "standard/1"]
    assert (await ledger.recipes.get("next")).recipe == two
    assert (await ledger.recipes.get("next/1")).recipe == one
    with pytest.raises(Conflict, match="next/2 is the same already"):
        await ledger.recipes.add("next", implementation="acme", parameters=given, **WHO)
    for wrong in ("next/3", "none"):
        with pytest.raises(NotFound, match="penstock recipe list"):
            await ledger.recipes.get(wrong)


async def test_what_cannot_be_used_is_not_added(ledger: Ledger) -> None:
    given = Parameters(graph_url="http://127.0.0.1:9")
    with pytest.raises(WrongUse):
        await ledger.recipes.add("local", parameters=given, **WHO)
    await ledger.recipes.add("local", parameters=given, insecure=True, **WHO)
    with pytest.raises(WrongUse):
        await ledger.recipes.add("No Name", **WHO)

    assert [each.recipe.name for each in await ledger.recipes.versions()] == ["local", "standard"]


async def test_who_added_one_and_why_is_in_the_audit_log(ledger: Ledger) -> None:
    await ledger.recipes.add("next", parameters=Parameters(concurrency=4), who="token:ops", why="fewer at once")
    (entry,) = [each.entry for each in await ledger.audit_log.read()]

    assert (entry.who, entry.action, entry.subject, entry.why) == (
        "token:ops",
        "recipe.add",
        {"recipe": "next/1"},
        "fewer at once",
    )
    assert entry.after == {"implementation": "declared", "parameters": {"concurrency": 4}}
    assert (await ledger.audit_log.verify()).ok


async def test_two_who_add_at_once_get_two_versions(ledger: Ledger) -> None:
    made = await asyncio.gather(
        *(ledger.recipes.add("next", parameters=Parameters(concurrency=each), **WHO) for each in range(1, 6))
    )

    assert sorted(each.version for each in made) == [1, 2, 3, 4, 5]


async def test_a_look_brings_a_view_when_something_has_changed(ledger: Ledger) -> None:
    first = await ledger.recipes.look()
    assert first.view is not None
    assert (first.view.default, first.view.rollout, first.view.canary) == (STANDARD, None, None)
    assert (await ledger.recipes.look(first.mark)).view is None

    canary = await ledger.recipes.add("next", parameters=Parameters(concurrency=4), **WHO)
    assert (await ledger.recipes.look(first.mark)).view is None  # nobody uses it
    rollout = await ledger.rollouts.start("next", salt="s", **WHO)
    second = await ledger.recipes.look(first.mark)
    assert second.view is not None
    assert (second.view.default, second.view.rollout, second.view.canary) == (STANDARD, rollout, canary)

    await ledger.rollouts.roll_back(rollout.id, who="rollout", reason="it fails")
    third = await ledger.recipes.look(second.mark)
    assert third.view is not None
    assert (third.view.default, third.view.rollout) == (STANDARD, None)
