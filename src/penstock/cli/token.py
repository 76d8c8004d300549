"""``penstock token``: API tokens, by which people and programs look and steer.

A token is shown once, when it is made; only its hash is kept. Withdrawing one takes effect at once. Thin words around
``ledger.tokens``.
"""

from typing import TYPE_CHECKING

import click

from penstock.cli import arguments, session, showing, words
from penstock.cli.commands import Family
from penstock.core import ids
from penstock.ledger.tokens import ROLES

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger


@click.group(cls=Family)
def token() -> None:
    """API tokens: who may look and steer."""


@token.command("create")
@click.argument("name")
@click.option(
    "--role", required=True, type=click.Choice(ROLES), help="What it may do; each role may do what those before it may."
)
@click.option("--workspace", metavar="NAME", help="The only workspace that it sees; without it all of them.")
@arguments.why
def create_token(name: str, role: str, workspace: str | None, why: str) -> None:
    """Make an API token called NAME and print it, once."""

    async def work(ledger: "Ledger") -> str:
        tokens = ledger.tokens.by(session.who(), why)
        return await tokens.create(name, role=role, workspace=workspace, now=await ledger.now())

    made = session.with_ledger(work, create=True)
    click.echo(made)
    scope = f"workspace {workspace}" if workspace else "every workspace"
    showing.note(f"This is the token {name}: {role} of {scope}. Keep it now; it is not shown again.")


@token.command("list")
@arguments.as_json
def list_tokens(json_: bool) -> None:
    """List the tokens' names and roles; never the tokens."""

    async def work(ledger: "Ledger") -> tuple[list[dict[str, object]], float]:
        return await ledger.tokens.list(), await ledger.now()

    rows, now = session.with_ledger(work)
    if json_:
        showing.as_json({"tokens": [_facts(row) for row in rows]})
        return
    cells = [
        [str(row["name"]), str(row["role"]), str(row["workspace"] or "all"), words.ago(_at(row), now)] for row in rows
    ]
    showing.table(
        ["NAME", "ROLE", "WORKSPACE", "CREATED"], cells, empty="no tokens yet: make one with `penstock token create`"
    )


@token.command("remove")
@click.argument("name")
@arguments.why
def remove_token(name: str, why: str) -> None:
    """Withdraw the token NAME. Whoever uses it is refused from now on."""
    session.with_ledger(lambda ledger: ledger.tokens.by(session.who(), why).remove(name))
    click.echo(f"token {name} removed")


def _facts(row: dict[str, object]) -> dict[str, object]:
    row_id = row["id"]
    assert isinstance(row_id, int)
    return {**row, "id": ids.encode(ids.Kind.TOKEN, row_id), "created_at": words.utc(_at(row))}


def _at(row: dict[str, object]) -> float:
    at = row["created_at"]
    assert isinstance(at, float)
    return at
