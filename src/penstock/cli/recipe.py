"""``penstock recipe``: the ways to fetch that there are, and how a new one is made.

A version is never changed once it is made, and making one changes nothing for anybody: it comes to files by a rollout.
Thin words around ``ledger.recipes``.
"""

from typing import TYPE_CHECKING, Any

import click
import msgspec

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Family
from penstock.core.errors import WrongUse
from penstock.core.recipe import BUILT_IN, Parameters

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger
    from penstock.ledger.recipes import Listed


@click.group(cls=Family)
def recipe() -> None:
    """Recipes: how files are fetched."""


@recipe.command("list")
@arguments.as_json
def list_recipes(json_: bool) -> None:
    """List every version of every recipe, and which one is in use."""

    async def work(ledger: "Ledger") -> "tuple[list[Listed], float]":
        return await ledger.recipes.versions(), await ledger.now()

    rows, now = session.with_ledger(work)
    if json_:
        showing.as_json({"recipes": [answers.recipe(row) for row in rows]})
        return
    cells = [
        [
            row.recipe.label,
            "yes" if row.in_use else "",
            row.recipe.implementation,
            _otherwise(row.recipe.parameters),
            words.ago(row.created_at, now) if row.created_at else "",
            row.by,
            row.why,
        ]
        for row in rows
    ]
    columns = ["RECIPE", "IN USE", "IMPLEMENTATION", "OTHERWISE THAN THE SETTINGS", "ADDED", "BY", "WHY"]
    showing.table(columns, cells, empty="there is no recipe")


@recipe.command("show")
@click.argument("name", metavar="RECIPE")
@arguments.as_json
def show_recipe(name: str, json_: bool) -> None:
    """Show one recipe: a version such as fast/2, or the newest one of a name."""

    async def work(ledger: "Ledger") -> "Listed":
        return await ledger.recipes.get(name)

    row = session.with_ledger(work)
    if json_:
        showing.as_json({"recipe": answers.recipe(row)})
        return
    showing.line(_says(row))
    cells = [[key, _told(value)] for key, value in msgspec.to_builtins(row.recipe.parameters).items()]
    showing.table(["PARAMETER", "VALUE"], cells, empty="everything is as the settings have it")


@recipe.command("add")
@click.argument("name")
@click.option("--why", required=True, metavar="TEXT", help="Why: kept with the recipe and in the audit log.")
@click.option(
    "--implementation",
    default=BUILT_IN,
    show_default=True,
    metavar="NAME",
    help="An entry point of the group penstock.fetch.",
)
@click.option("--graph-version", metavar="VERSION", help="The version of Graph to ask, such as v26.0.")
@click.option("--graph-url", metavar="URL", help="Where Graph is. Tokens go there.")
@click.option("--head-s", type=float, metavar="SECONDS", help="From a request to the end of its answer's headers.")
@click.option("--file-s", type=float, metavar="SECONDS", help="For a file's body, before what its size adds.")
@click.option("--no-url-hint", is_flag=True, help="Look every file up, whatever URL its webhook has.")
@click.option("--concurrency", type=int, metavar="N", help="Requests at once, per process.")
@click.option("--error-budget", type=int, metavar="N", help="Failing look-ups of a number in an hour; 0 is off.")
@click.option("--user-agent", metavar="TEXT", help="How Penstock names itself to Meta.")
@arguments.as_json
def add_recipe(name: str, why: str, implementation: str, no_url_hint: bool, json_: bool, **given: Any) -> None:
    """Make the next version of a recipe. What is not named is as the settings have it."""
    if not why.strip():
        raise WrongUse("--why is empty: say in a few words what is to be better")
    parameters = Parameters(use_url_hint=not no_url_hint, **given)
    insecure = session.settings().allow_insecure_upstream

    async def work(ledger: "Ledger") -> "Listed":
        made = await ledger.recipes.add(
            name,
            implementation=implementation,
            parameters=parameters,
            who=session.who(),
            why=why,
            insecure=insecure,
        )
        return await ledger.recipes.get(made.label)

    row = session.with_ledger(work)
    if json_:
        showing.as_json({"recipe": answers.recipe(row)})
        return
    label = row.recipe.label
    showing.line(f"{label} is there, and nothing is fetched by it yet: penstock rollout start {label} --why …")


def _says(row: "Listed") -> str:
    use = "is in use" if row.in_use else "is not in use"
    return f"{row.recipe.label} {use}. It fetches by {row.recipe.implementation}, made by {row.by}: {row.why}"


def _otherwise(parameters: Parameters) -> str:
    return ", ".join(f"{key} {_told(value)}" for key, value in msgspec.to_builtins(parameters).items())


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
