"""Scopes as the API takes them, and which of them are a token's own: its workspace, and that one's numbers.

Used by what is steered by scope: gates and traces.
"""

from typing import Annotated

from msgspec import Meta, Struct

from penstock.core.gate import SCOPES
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Access
from penstock.web.api.endpoint import missing
from penstock.web.problems import ProblemError


class Scope(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What it is about: one thing by its name, or everything when nothing is named."""

    host: str | None = None
    operation: str | None = None
    app: str | None = None
    workspace: str | None = None
    credential: str | None = None
    number: Annotated[str | None, Meta(description="Meta's phone number id")] = None
    kind: str | None = None


def named(given: object) -> dict[str, str]:
    """The one thing that was named, or nothing. Raises ProblemError."""
    found = {name: value for name in SCOPES if (value := getattr(given, name)) is not None}
    if len(found) > 1:
        raise ProblemError(400, "a scope is everything, or exactly one thing by its name")
    return found


async def of(ledger: Ledger, access: Access) -> list[dict[str, str]] | None:
    """The scopes that a token with a workspace may see and set; None for one that is for all of them."""
    if access.workspace is None:
        return None
    numbers = await ledger.provisioning.numbers()
    mine = [str(row["phone_number_id"]) for row in numbers if row["workspace"] == access.workspace]
    return [{"workspace": access.workspace}, *({"number": number} for number in mine)]


async def check(ledger: Ledger, access: Access, scope: dict[str, str]) -> None:
    """Raise ProblemError for a scope that is not the token's: 403 for what all share, 404 for what others own."""
    mine = await of(ledger, access)
    if mine is None or scope in mine:
        return
    if scope.keys() & {"workspace", "number"}:
        raise missing()
    raise ProblemError(
        403,
        "this token is for a single workspace, and this would concern others",
        do="name the workspace, or one of its numbers",
    )
