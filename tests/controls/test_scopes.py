"""A scope names something that there is; a reason is one line."""

import pytest

from penstock.controls import scopes
from penstock.core.errors import NotFound, WrongUse
from penstock.ledger.book import Ledger


async def test_a_scope_names_something_that_there_is(provisioned: Ledger) -> None:
    provisioned.hosts = {"media.look_up": ("graph.facebook.com",)}
    for known in (
        {},
        {"workspace": "acme"},
        {"app": "main"},
        {"credential": "token-a"},
        {"number": "100000000000002"},
        {"host": "graph.facebook.com"},
        {"operation": "media.download"},
        {"kind": "image"},
    ):
        await scopes.check(provisioned, known)
    for unknown in ({"workspace": "acne"}, {"host": "example.com"}, {"kind": "smell"}):
        with pytest.raises(NotFound):
            await scopes.check(provisioned, unknown)
    with pytest.raises(WrongUse):
        await scopes.check(provisioned, {"workspace": "acme", "kind": "image"})


def test_a_reason_is_one_line_of_something() -> None:
    assert scopes.reason("  two\nlines\x1b[2J ") == "two lines [2J"
    for nothing in ("", " \n ", "x" * 501):
        with pytest.raises(WrongUse, match="say why"):
            scopes.reason(nothing)
