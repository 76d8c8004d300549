"""Recipes as rows: versions that are only ever added, which one is in use, and the view by which fetchers choose.

Adding one is an entry of the audit log in the same transaction; which one is in use changes only when a rollout of it
is finished (``ledger.rollouts``). Called by ``controls.rollouts``, ``cli`` and ``web.api``.
"""

import json
from typing import Any, NamedTuple

import msgspec

from penstock.adapters.db.port import Database, Row, Script
from penstock.core import recipe as recipes
from penstock.core.errors import Conflict, NotFound, PenstockError
from penstock.core.recipe import Parameters, Recipe
from penstock.core.staging import View
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.rollouts import running
from penstock.ledger.statements import Statements

Mark = tuple[Any, ...]


class Listed(msgspec.Struct, frozen=True):
    """A version of a recipe, and where it came from."""

    recipe: Recipe
    by: str
    why: str
    created_at: float  # epoch seconds; 0: it came with the installation
    in_use: bool


class Look(NamedTuple):
    """What was seen at one look."""

    mark: Mark  # to be handed in at the next one
    view: View | None  # None: as it was at the look before


class Recipes:
    """The recipes of an installation."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def add(
        self,
        name: str,
        *,
        implementation: str = recipes.BUILT_IN,
        parameters: Parameters | None = None,
        who: str,
        why: str,
        insecure: bool = False,
    ) -> Recipe:
        """Make the next version of a recipe. Raises WrongUse, or Conflict when the newest one is the same."""
        given = Parameters() if parameters is None else parameters
        recipes.check(Recipe(name, 1, implementation, given), insecure=insecure)
        now = await self._db.now()

        def script() -> Script[Recipe]:
            yield self._sql("lock_audit_head")
            rows = yield self._sql("list_versions", name=name)
            newest = _recipe(rows[-1]) if rows else None
            if newest is not None and (newest.implementation, newest.parameters) == (implementation, given):
                raise Conflict(f"{newest.label} is the same already: nothing was added")
            made = Recipe(name, 1 if newest is None else newest.version + 1, implementation, given)
            yield self._sql(
                "insert_recipe",
                name=name,
                version=made.version,
                implementation=implementation,
                parameters=msgspec.json.encode(given).decode(),
                by_whom=who,
                why=why,
                now=now,
            )
            after = {"implementation": implementation, "parameters": msgspec.to_builtins(given)}
            yield from entered(self._sql, Entry(who, "recipe.add", {"recipe": made.label}, why, None, after), now)
            return made

        return await self._db.write(script)

    async def versions(self) -> list[Listed]:
        """Every version of every recipe, by name and version."""

        def script() -> Script[list[Listed]]:
            in_use = yield from _in_use(self._sql)
            rows = yield self._sql("list_recipes")
            return [_listed(row, in_use) for row in rows]

        return await self._db.read(script)

    async def get(self, text: str) -> Listed:
        """A version by its label, or the newest one of a name. Raises WrongUse or NotFound."""
        name, version = recipes.read_label(text)

        def script() -> Script[Listed]:
            in_use = yield from _in_use(self._sql)
            row = yield from _row(self._sql, name, version)
            return _listed(row, in_use)

        return await self._db.read(script)

    async def look(self, mark: Mark | None = None) -> Look:
        """Which recipes are in use, if that is not what it was at ``mark``."""

        def script() -> Script[Look]:
            seen = tuple((yield self._sql("mark_recipes"))[0])
            if seen == mark:
                return Look(seen, None)
            default = yield from labelled(self._sql, seen[0])
            rollout = yield from running(self._sql)
            canary = None if rollout is None else (yield from labelled(self._sql, rollout.recipe))
            return Look(seen, View(default, rollout, canary))

        return await self._db.read(script)


def labelled(sql: Statements, text: str) -> Script[Recipe]:
    """The part of a script that reads a recipe by its label. Raises WrongUse or NotFound."""
    name, version = recipes.read_label(text)
    return _recipe((yield from _row(sql, name, version)))


def _in_use(sql: Statements) -> Script[str]:
    rows = yield sql("get_recipe_in_use")
    if not rows:
        raise PenstockError("no recipe is in use in this database: restore a backup, somebody removed the row")
    return str(rows[0][0])


def _row(sql: Statements, name: str, version: int | None) -> Script[Row]:
    rows = yield sql("list_versions", name=name)
    found = [row for row in rows if version is None or row[1] == version]
    if not found:
        wanted = name if version is None else f"{name}/{version}"
        raise NotFound(f"there is no recipe {wanted}: penstock recipe list shows those there are")
    return found[-1]


def _recipe(row: Row) -> Recipe:
    name, version, implementation, parameters, *_ = row
    return Recipe(str(name), int(version), str(implementation), msgspec.convert(json.loads(parameters), Parameters))


def _listed(row: Row, in_use: str) -> Listed:
    found = _recipe(row)
    return Listed(found, str(row[4]), str(row[5]), float(row[6]), found.label == in_use)
