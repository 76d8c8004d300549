"""API tokens: shown once, kept as a hash, withdrawn at once."""

from typing import Any

import pytest

from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.ledger.book import Ledger


async def test_a_token_allows_what_it_was_made_for(provisioned: Ledger) -> None:
    token = await provisioned.tokens.create("bot", role="agent", workspace="acme", now=1.0)
    everywhere = await provisioned.tokens.create("ops", role="admin", workspace=None, now=1.0)
    access = await provisioned.tokens.access(token)

    assert access is not None
    assert (access.name, access.role, access.workspace) == ("bot", "agent", "acme")
    assert await provisioned.tokens.access_by_id(access.token_id) == access
    unbound = await provisioned.tokens.access(everywhere)
    assert unbound is not None
    assert (unbound.workspace_id, unbound.workspace) == (None, None)


@pytest.mark.parametrize("token", ["", "pst_", "pst_nothing", "\udcff", "x" * 10_000])
async def test_any_other_text_allows_nothing(provisioned: Ledger, token: str) -> None:
    assert await provisioned.tokens.access(token) is None


async def test_a_token_is_kept_as_a_hash_only(provisioned: Ledger, store: Any) -> None:
    token = await provisioned.tokens.create("bot", role="viewer", workspace=None, now=1.0)
    listed = await provisioned.tokens.list()
    await provisioned.stop()
    stored = await store.bytes()

    assert token.startswith("pst_")
    assert token.encode() not in stored
    assert token not in repr(listed)
    assert [(row["name"], row["role"], row["workspace"]) for row in listed] == [("bot", "viewer", None)]


async def test_a_withdrawn_token_allows_nothing(provisioned: Ledger) -> None:
    token = await provisioned.tokens.create("bot", role="viewer", workspace=None, now=1.0)
    access = await provisioned.tokens.access(token)
    assert access is not None
    await provisioned.tokens.remove("bot")

    assert await provisioned.tokens.access(token) is None
    assert await provisioned.tokens.access_by_id(access.token_id) is None
    with pytest.raises(NotFound):
        await provisioned.tokens.remove("bot")


async def test_wrong_words_are_refused(provisioned: Ledger) -> None:
    create = provisioned.tokens.create
    for name in ("", "A", "-a", "a b", "x" * 64):
        with pytest.raises(WrongUse):
            await create(name, role="viewer", workspace=None, now=1.0)
    with pytest.raises(WrongUse, match="role"):
        await create("bot", role="king", workspace=None, now=1.0)
    with pytest.raises(NotFound):
        await create("bot", role="viewer", workspace="nowhere", now=1.0)
    await create("bot", role="viewer", workspace=None, now=1.0)
    with pytest.raises(Conflict):
        await create("bot", role="viewer", workspace=None, now=1.0)


async def test_who_makes_and_removes_tokens_is_in_the_audit_log(provisioned: Ledger) -> None:
    before = await provisioned.audit_log.head()
    tokens = provisioned.tokens.by("cli:anna", "for the bot")
    token = await tokens.create("bot", role="agent", workspace="acme", now=1.0)
    await tokens.remove("bot")
    with pytest.raises(NotFound):
        await tokens.remove("bot")
    made, removed = [each.entry for each in await provisioned.audit_log.read(after=before.entries)]

    assert (made.who, made.action, made.why, made.subject) == (
        "cli:anna",
        "token.create",
        "for the bot",
        {"token": "bot"},
    )
    assert (made.before, made.after) == (None, {"role": "agent", "workspace": "acme"})
    assert (removed.action, removed.before, removed.after) == ("token.remove", made.after, None)
    assert token not in repr((made, removed))
