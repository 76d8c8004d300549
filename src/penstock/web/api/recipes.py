"""Recipes through the API: viewers see them, operators make new versions; only for tokens that are for all workspaces.

One that names another address of Graph is for admins: Meta's tokens go there. Making one changes nothing for anybody
yet. Entries of the table in ``routes``.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from penstock.core.recipe import BUILT_IN, Parameters
from penstock.ledger.book import Ledger
from penstock.ledger.recipes import Listed
from penstock.web.access import need
from penstock.web.api.endpoint import Ask, NoQuery
from penstock.web.api.shapes import Time
from penstock.web.words import utc

Label = Annotated[str, Meta(description="name and version, as attempts have it")]


class Recipe(Struct, frozen=True):
    """A version of a recipe: a way to fetch."""

    recipe: Label
    name: str
    version: int
    implementation: Annotated[str, Meta(description="an entry point of the group penstock.fetch, or `declared`")]
    parameters: Annotated[dict[str, Any], Meta(description="what is otherwise than the settings have it")]
    by: str
    why: str
    created_at: Annotated[Time | None, Meta(description="null: it came with the installation")]
    in_use: Annotated[bool, Meta(description="by everybody whom no rollout has reached")]


class RecipeList(Struct, frozen=True):
    """Every version of every recipe, by name and version."""

    recipes: list[Recipe]


class RecipeParameters(Struct, forbid_unknown_fields=True):
    """What a recipe does otherwise than the settings; what is not named is as they have it."""

    graph_version: Annotated[str | None, Meta(description="such as v26.0")] = None
    graph_url: Annotated[str | None, Meta(description="where Graph is, and tokens go: for admins only")] = None
    head_s: Annotated[float | None, Meta(description="seconds until an answer's headers are there")] = None
    file_s: Annotated[float | None, Meta(description="seconds for a file's body, before what its size adds")] = None
    use_url_hint: Annotated[bool, Meta(description="download from the URL of the webhook")] = True
    concurrency: Annotated[int | None, Meta(description="requests at once, per process")] = None
    error_budget: Annotated[int | None, Meta(description="failing look-ups of a number in an hour; 0 is off")] = None
    user_agent: str | None = None


class RecipeNew(Struct, forbid_unknown_fields=True):
    """The next version of a recipe."""

    name: str
    why: Annotated[str, Meta(min_length=1, max_length=500, description="kept with it and in the audit log")]
    implementation: str = BUILT_IN
    parameters: RecipeParameters = msgspec.field(default_factory=RecipeParameters)


class Recipes:
    """The handlers. ``insecure`` permits an upstream without TLS."""

    def __init__(self, ledger: Ledger, *, insecure: bool) -> None:
        self._ledger = ledger
        self._insecure = insecure

    async def recipes(self, _ask: Ask, _query: NoQuery) -> RecipeList:
        """Every version of every recipe."""
        return RecipeList([_recipe(row) for row in await self._ledger.recipes.versions()])

    async def add(self, ask: Ask, _query: NoQuery, new: RecipeNew) -> Recipe:
        """Make the next version of a recipe."""
        if new.parameters.graph_url is not None:
            need(ask.access, "admin")
        made = await self._ledger.recipes.add(
            new.name,
            implementation=new.implementation,
            parameters=msgspec.convert(msgspec.to_builtins(new.parameters), Parameters),
            who=f"token:{ask.access.name}",
            why=new.why,
            insecure=self._insecure,
        )
        return _recipe(await self._ledger.recipes.get(made.label))


def _recipe(row: Listed) -> Recipe:
    recipe = row.recipe
    return Recipe(
        recipe=recipe.label,
        name=recipe.name,
        version=recipe.version,
        implementation=recipe.implementation,
        parameters=msgspec.to_builtins(recipe.parameters),
        by=row.by,
        why=row.why,
        created_at=utc(row.created_at or None),
        in_use=row.in_use,
    )
