"""An API token is shown once, when it is made; afterwards only its name and what it may do are known."""

from typing import Any

from penstock.cli import session


def test_a_new_token_alone_is_on_stdout_and_works(penstock: Any, acme: Any) -> None:
    ran = penstock.done("token", "create", "bob", "--role", "agent", "--workspace", "acme")

    token = ran.out.strip()
    access = acme.work(lambda ledger: ledger.tokens.access(token))
    assert (access.name, access.role, access.workspace) == ("bob", "agent", "acme")
    assert token not in ran.err
    assert "not shown again" in ran.err


def test_tokens_are_listed_without_themselves(penstock: Any, acme: Any) -> None:
    token = penstock.done("token", "create", "bob", "--role", "admin").out.strip()
    penstock.done("token", "create", "ann", "--role", "viewer", "--workspace", "acme")

    listed = penstock.done("token", "list", "--json")
    assert [(each["name"], each["role"], each["workspace"]) for each in listed.answer["tokens"]] == [
        ("ann", "viewer", "acme"),
        ("bob", "admin", None),
    ]
    assert all(each["id"].startswith("tok_") for each in listed.answer["tokens"])
    shown = penstock.done("token", "list")
    assert [line.split("\t")[:3] for line in shown.out.splitlines()[1:]] == [
        ["ann", "viewer", "acme"],
        ["bob", "admin", "all"],
    ]
    assert token not in listed.out + shown.out


def test_a_removed_token_is_worth_nothing(penstock: Any, acme: Any) -> None:
    token = penstock.done("token", "create", "bob", "--role", "admin").out.strip()

    assert penstock.done("token", "remove", "bob").out == "token bob removed\n"
    assert acme.work(lambda ledger: ledger.tokens.access(token)) is None
    assert "there is no token 'bob'" in penstock("token", "remove", "bob").refused(1)


def test_a_name_is_given_once_and_a_workspace_must_be_there(penstock: Any, acme: Any) -> None:
    penstock.done("token", "create", "bob", "--role", "admin")

    assert "a token named bob exists already" in penstock("token", "create", "bob", "--role", "viewer").refused(1)
    assert "there is no workspace 'other'" in penstock(
        "token", "create", "ann", "--role", "viewer", "--workspace", "other"
    ).refused(1)


def test_without_tokens_the_list_says_how_to_make_one(penstock: Any, acme: Any) -> None:
    assert penstock.done("token", "list").out == "no tokens yet: make one with `penstock token create`\n"
    assert penstock.done("token", "list", "--json").answer == {"tokens": []}


def test_who_makes_and_removes_tokens_is_kept(penstock: Any, acme: Any) -> None:
    token = penstock.done("token", "create", "bot", "--role", "viewer", "--why", "for the bot").out.strip()
    penstock.done("token", "remove", "bot", "--why", "it is gone")
    ran = penstock.done("changes", "list", "--json")
    made, removed = ran.answer["changes"][-2:]

    assert (made["action"], made["why"], made["subject"]) == ("token.create", "for the bot", {"token": "bot"})
    assert (removed["action"], removed["why"]) == ("token.remove", "it is gone")
    assert made["who"] == session.who()
    assert token not in ran.out
