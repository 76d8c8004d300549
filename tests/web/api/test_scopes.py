"""Which scopes are a token's own."""

from typing import Any

import pytest

from penstock.ledger.rows import Access
from penstock.web.api import scopes
from penstock.web.api.scopes import Scope
from penstock.web.problems import ProblemError


async def access_of(site: Any, **more: Any) -> Access:
    found: Access | None = await site.ledger.tokens.access(await site.token("operator", **more))
    assert found is not None
    return found


async def test_a_workspaces_scopes_are_itself_and_its_numbers(site: Any) -> None:
    mine = await access_of(site, workspace="acme")
    assert await scopes.of(site.ledger, mine) == [{"workspace": "acme"}, {"number": site.number}]
    assert await scopes.of(site.ledger, await access_of(site)) is None
    await scopes.check(site.ledger, mine, {"number": site.number})
    for scope, status in (({}, 403), ({"kind": "image"}, 403), ({"workspace": "x"}, 404), ({"number": "1"}, 404)):
        with pytest.raises(ProblemError) as caught:
            await scopes.check(site.ledger, mine, scope)
        assert caught.value.status == status


def test_a_scope_is_one_thing_or_everything() -> None:
    assert scopes.named(Scope(kind="image")) == {"kind": "image"}
    assert scopes.named(Scope()) == {}
    with pytest.raises(ProblemError):
        scopes.named(Scope(kind="image", app="main"))
