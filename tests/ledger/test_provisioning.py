"""Who is served: names that cannot clash, secrets that never come out, numbers that move without losing anything."""

from typing import Any

import pytest

from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.ledger.book import Ledger

NUMBER, OTHER = "100000000000002", "100000000000003"
SECRETS = ("app-secret", "verify-me", "EAAGtokenA", "EAAGown", "second-secret")


async def test_what_is_added_is_listed_without_its_secrets(provisioned: Ledger) -> None:
    p = provisioned.provisioning
    await p.add_number(OTHER, workspace="acme", app="main", token="EAAGown", no_storage=True, now=5.0)
    listed = [await p.workspaces(), await p.apps(), await p.credentials(), await p.numbers()]

    assert [[row["name"] for row in rows] for rows in listed[:3]] == [
        ["acme"],
        ["main"],
        [f"number-{OTHER}", "token-a"],
    ]
    assert [(row["phone_number_id"], row["credential"], row["no_storage"]) for row in listed[3]] == [
        (NUMBER, "token-a", False),
        (OTHER, f"number-{OTHER}", True),
    ]
    assert not [secret for secret in SECRETS if secret in repr(listed)]


async def test_secrets_are_at_rest_only_sealed(provisioned: Ledger, store: Any) -> None:
    await provisioned.provisioning.set_app("main", secret="second-secret")
    await provisioned.stop()
    stored = await store.bytes()

    assert not [secret for secret in SECRETS if secret.encode() in stored]


async def test_the_snapshot_holds_secrets_and_shows_none(provisioned: Ledger) -> None:
    snapshot = await provisioned.provisioning.snapshot()
    (app,), (route,) = snapshot.apps, snapshot.routes

    assert (app.secrets, app.verify_token) == ((b"app-secret",), "verify-me")
    assert snapshot.tokens == {route.credential_id: "EAAGtokenA"}
    assert (route.phone_number_id, route.workspace, route.app, route.no_storage) == (NUMBER, "acme", "main", False)
    shown = repr(snapshot) + repr(app) + repr(snapshot.__rich_repr__()) + repr(app.__rich_repr__()) + repr(route)
    assert not [secret for secret in SECRETS if secret in shown]


async def test_a_wrong_key_is_told_in_one_line(provisioned: Ledger, store: Any) -> None:
    beside = store.ledger("another")
    await beside.start()
    with pytest.raises(WrongUse, match="PENSTOCK_SECRET_KEY"):
        await beside.provisioning.snapshot()
    await beside.stop()


# -- names and secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "A", "a b", "a_b", "ä", "a" * 64, "a\n", "../x"])
async def test_a_name_is_short_and_plain(provisioned: Ledger, name: str) -> None:
    p = provisioned.provisioning
    for adding in (
        p.add_workspace(name, now=1.0),
        p.add_app(name, secret="s", verify_token="v", now=1.0),
        p.add_credential(name, token="t", now=1.0),
    ):
        with pytest.raises(WrongUse) as caught:
            await adding
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "a b", "a\nb", "ü", "x" * 4097, "tab\t", "\x00"])
async def test_a_secret_is_one_line_of_visible_characters_and_is_never_repeated(
    provisioned: Ledger, secret: str
) -> None:
    p = provisioned.provisioning
    for adding in (
        p.add_app("a", secret=secret, verify_token="v", now=1.0),
        p.add_app("a", secret="s", verify_token=secret, now=1.0),
        p.add_credential("c", token=secret, now=1.0),
        p.add_number(OTHER, workspace="acme", app="main", token=secret, now=1.0),
        p.set_app("main", secret=secret),
        p.set_credential("token-a", token=secret, now=1.0),
        p.set_number(NUMBER, token=secret, now=1.0),
    ):
        with pytest.raises(WrongUse) as caught:
            await adding
        assert len(secret) < 3 or secret not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://x", "x", "http://", "http://user:password@host/", "http://a b", "javascript:x"])
async def test_an_address_to_forward_to_is_a_plain_one(provisioned: Ledger, url: str) -> None:
    with pytest.raises(WrongUse):
        await provisioned.provisioning.add_app("b", secret="s", verify_token="v", forward_to=url, now=1.0)


@pytest.mark.parametrize("number", ["", "+15550001234", "1" * 33, "12a", "١٢٣", " 1"])
async def test_a_phone_number_id_is_digits(provisioned: Ledger, number: str) -> None:
    with pytest.raises(WrongUse):
        await provisioned.provisioning.add_number(number, workspace="acme", app="main", token="t", now=1.0)


async def test_a_taken_name_is_a_conflict_and_an_unknown_one_is_not_found(provisioned: Ledger) -> None:
    p = provisioned.provisioning
    for taken in (
        p.add_workspace("acme", now=1.0),
        p.add_app("main", secret="s", verify_token="v", now=1.0),
        p.add_credential("token-a", token="t", now=1.0),
        p.add_number(NUMBER, workspace="acme", app="main", token="t", now=1.0),
    ):
        with pytest.raises(Conflict):
            await taken
    for unknown in (
        p.set_workspace("x"),
        p.set_app("x"),
        p.set_credential("x", token="t", now=1.0),
        p.set_number(OTHER, now=1.0),
        p.remove_workspace("x"),
        p.remove_app("x"),
        p.remove_credential("x"),
        p.remove_number(OTHER, now=1.0),
        p.add_number(OTHER, workspace="x", app="main", token="t", now=1.0),
        p.add_number(OTHER, workspace="acme", app="x", token="t", now=1.0),
        p.add_number(OTHER, workspace="acme", app="main", credential="x", now=1.0),
        p.set_number(NUMBER, app="x", now=1.0),
    ):
        with pytest.raises(NotFound):
            await unknown
    assert len(await p.credentials()) == 1  # nothing is half done


async def test_a_number_has_one_token_from_one_place(provisioned: Ledger) -> None:
    p = provisioned.provisioning
    with pytest.raises(WrongUse):
        await p.add_number(OTHER, workspace="acme", app="main", now=1.0)
    with pytest.raises(WrongUse):
        await p.add_number(OTHER, workspace="acme", app="main", credential="token-a", token="t", now=1.0)
    with pytest.raises(WrongUse):
        await p.set_number(NUMBER, credential="token-a", token="t", now=1.0)


# -- changes -------------------------------------------------------------------------------------------------


async def test_every_change_raises_the_version_and_a_refused_one_does_not(provisioned: Ledger) -> None:
    p = provisioned.provisioning
    before = await p.version()
    await p.set_workspace("acme", test=True)
    await p.set_credential("token-a", token="EAAGnew", now=9.0)
    assert await p.version() == before + 2
    with pytest.raises(NotFound):
        await p.set_workspace("x", test=True)
    assert await p.version() == before + 2
    assert (await p.workspaces())[0]["test"] is True
    assert (await p.credentials())[0]["changed_at"] == 9.0


async def test_a_secret_is_rotated_with_both_valid_until_the_old_one_is_dropped(provisioned: Ledger) -> None:
    p = provisioned.provisioning

    async def secrets() -> tuple[bytes, ...]:
        return (await p.snapshot()).apps[0].secrets

    assert (await p.set_app("main", secret="second-secret"))["secrets"] == 2
    assert await secrets() == (b"second-secret", b"app-secret")
    await p.set_app("main", secret="second-secret")  # said twice
    assert await secrets() == (b"second-secret", b"app-secret")
    assert (await p.set_app("main", drop_old_secret=True))["secrets"] == 1
    assert await secrets() == (b"second-secret",)


async def test_an_app_is_changed_in_parts(provisioned: Ledger) -> None:
    p = provisioned.provisioning
    await p.set_app("main", forward_to="https://example.org/hook")
    await p.set_app("main", verify_token="new-one")
    (app,) = (await p.snapshot()).apps
    assert (app.forward_to, app.verify_token, app.secrets) == ("https://example.org/hook", "new-one", (b"app-secret",))
    await p.set_app("main", forward_to="")
    assert (await p.snapshot()).apps[0].forward_to is None


async def test_a_number_changes_its_app_and_its_token(provisioned: Ledger) -> None:
    p = provisioned.provisioning
    await p.add_app("second", secret="s", verify_token="v", now=1.0)
    await p.set_number(NUMBER, app="second", token="EAAGown", no_storage=True, now=2.0)
    (route,) = (await p.snapshot()).routes

    assert (route.app, route.no_storage) == ("second", True)
    assert (await p.snapshot()).tokens[route.credential_id] == "EAAGown"
    await p.set_number(NUMBER, token="EAAGnewer", now=3.0)
    assert (await p.snapshot()).tokens[route.credential_id] == "EAAGnewer"


# -- removing ------------------------------------------------------------------------------------------------


async def test_what_is_in_use_is_not_removed(provisioned: Ledger) -> None:
    p = provisioned.provisioning
    for removing in (p.remove_workspace("acme"), p.remove_app("main"), p.remove_credential("token-a")):
        with pytest.raises(Conflict):
            await removing
    await p.add_workspace("second", now=1.0)
    await provisioned.tokens.create("bot", role="viewer", workspace="second", now=1.0)
    with pytest.raises(Conflict):
        await p.remove_workspace("second")
    await provisioned.tokens.remove("bot")
    await p.remove_workspace("second")


async def test_what_is_not_in_use_is_removed(ledger: Ledger) -> None:
    p = ledger.provisioning
    await p.add_workspace("w", now=1.0)
    await p.add_app("a", secret="s", verify_token="v", now=1.0)
    await p.add_credential("c", token="t", now=1.0)
    await p.remove_workspace("w")
    await p.remove_app("a")
    await p.remove_credential("c")

    assert [await p.workspaces(), await p.apps(), await p.credentials()] == [[], [], []]


async def test_an_app_that_signed_something_stays(desk: Any, webhooks: Any) -> None:
    p = desk.ledger.provisioning
    await p.add_app("second", secret="s", verify_token="v", now=1.0)
    await desk.receive(webhooks.body(webhooks.text("wamid.A"), number=OTHER), app_id=2)
    with pytest.raises(Conflict, match="journal"):
        await p.remove_app("second")


async def test_a_number_back_in_its_workspace_is_the_same_registration(desk: Any, webhooks: Any) -> None:
    p = desk.ledger.provisioning
    body = webhooks.body(webhooks.file("wamid.A", "m1"))
    await desk.receive(body)
    await p.remove_number(NUMBER, now=5.0)
    assert await p.numbers() == []
    await p.add_number(NUMBER, workspace="acme", app="main", token="EAAGown", no_storage=True, now=6.0)
    again = await desk.receive(body)

    assert (again.messages, again.duplicates) == (0, 1)
    assert (await p.numbers())[0]["no_storage"] is True


async def test_a_number_in_another_workspace_is_another_registration(desk: Any, webhooks: Any, store: Any) -> None:
    p = desk.ledger.provisioning
    await p.add_workspace("second", now=1.0)
    body = webhooks.body(webhooks.file("wamid.A", "m1"))
    await desk.receive(body)
    await p.remove_number(NUMBER, now=5.0)
    await p.add_number(NUMBER, workspace="second", app="main", credential="token-a", now=6.0)
    again = await desk.receive(body)
    await p.remove_number(NUMBER, now=7.0)
    back = await p.add_number(NUMBER, workspace="acme", app="main", credential="token-a", now=8.0)

    assert again.messages == 1
    assert {file.workspace for file in await desk.all_files()} == {"acme", "second"}
    assert back["id"] == 1
    assert await store.rows("SELECT count(*) FROM numbers") == [(2,)]


async def test_every_change_is_in_the_audit_log_without_a_secret(ledger: Ledger, store: Any) -> None:
    by, secret = ledger.provisioning.by("cli:anna", "as agreed"), "S3CRET"
    await by.add_workspace("acme", now=1.0)
    await by.set_workspace("acme", test=True)
    await by.add_app("main", secret=f"{secret}-1", verify_token=f"{secret}-2", forward_to=None, now=1.0)
    await by.set_app("main", secret=f"{secret}-3", forward_to=f"https://x.example/in?key={secret}-4")
    await by.add_credential("token-a", token=f"{secret}-5", now=1.0)
    await by.set_credential("token-a", token=f"{secret}-6", now=2.0)
    await by.add_number("7", workspace="acme", app="main", token=f"{secret}-7", now=1.0)
    await by.set_number("7", credential="token-a", now=2.0)
    await by.remove_number("7", now=3.0)
    with pytest.raises(Conflict):
        await by.remove_workspace("acme")
    rows = await ledger.audit_log.read()
    found = {each.entry.action: each.entry for each in rows}

    assert [each.entry.action for each in rows] == [
        *("workspace.add", "workspace.set", "app.add", "app.set", "credential.add", "credential.set"),
        *("number.add", "number.set", "number.remove"),
    ]
    assert {(each.who, each.why) for each in found.values()} == {("cli:anna", "as agreed")}
    assert found["number.set"].subject == {"number": "7"}
    changed, rotated = found["workspace.set"], found["app.set"]
    assert changed.before is not None and changed.after is not None
    assert (changed.before["test"], changed.after["test"]) == (False, True)
    assert rotated.before is not None and rotated.after is not None
    assert (rotated.before["secrets"], rotated.after["secrets"]) == (1, 2)
    assert (rotated.after["given"], rotated.after["forward_to"]) == (["secret"], "https://x.example/in?…")
    assert (found["workspace.add"].before, found["number.remove"].after) == (None, None)
    entries = b"".join([bytes(row[0]) for row in await store.rows("SELECT entry FROM audit_log")])
    assert secret.encode() not in entries
    assert (await ledger.audit_log.verify()).ok
