"""What ``penstock doctor`` asks of recipes: whether the one in use, and the one that is rolled out, can fetch here.

Each is rehearsed on loopback with its own implementation and parameters, as ``serve`` does it; nobody on the network is
asked. The settings' own requests are ``instance_checks``'. Called there, for an open ledger.
"""

from penstock.cli.finding import Finding, fail, ok, warn
from penstock.core.errors import PenstockError
from penstock.core.recipe import STANDARD, Recipe
from penstock.ledger.book import Ledger
from penstock.settings import Settings


async def rehearsed(settings: Settings, ledger: Ledger) -> list[Finding]:
    """Whether the requests of the recipes of this moment leave this machine as they are declared."""
    view = (await ledger.recipes.look()).view
    assert view is not None
    found = []
    if (wrong := await _wrong(settings, view.default)) is None:
        found.append(ok("recipes", f"{view.default.label} is in use, and its requests leave as they are declared"))
    else:
        advice = "mend it and restart, or roll out another recipe"
        found.append(fail("recipes", f"{view.default.label} is in use, and fetches nothing here: {wrong}", advice))
    if view.canary is None:
        return found
    if (wrong := await _wrong(settings, view.canary)) is None:
        found.append(ok("recipes", f"{view.canary.label} is rolled out, and its requests leave as they are declared"))
    else:
        advice = "mend it and restart, or take it back: `penstock rollout rollback --why TEXT`"
        found.append(warn("recipes", f"{view.canary.label} is rolled out, and fetches nothing here: {wrong}", advice))
    return found


async def _wrong(settings: Settings, recipe: Recipe) -> str | None:
    from penstock.wiring.recipes import Engines, graph_for

    if (recipe.implementation, recipe.parameters) == (STANDARD.implementation, STANDARD.parameters):
        return None  # those of the settings, which are rehearsed anyhow
    try:
        await (await Engines(settings, graph_for(settings)).unrehearsed(recipe)).rehearse()
    except PenstockError as error:
        return str(error)
    return None
