"""Who is served is said by four families of commands; secrets go in by file, and never come out."""

from pathlib import Path
from typing import Any

import pytest

from penstock.cli import session

SECRETS = ("app-secret", "second-secret", "verify-me", "EAAGtokenA", "EAAGtokenB")


def test_a_workspace_is_added_changed_listed_and_removed(penstock: Any) -> None:
    assert penstock.done("workspace", "add", "acme").out == "workspace acme added\n"
    penstock.done("workspace", "add", "trial", "--test")
    penstock.done("workspace", "set", "acme", "--test")
    penstock.done("workspace", "set", "trial", "--no-test")

    listed = penstock.done("workspace", "list", "--json").answer["workspaces"]
    assert [(each["name"], each["test"]) for each in listed] == [("acme", True), ("trial", False)]
    assert all(each["id"].startswith("wsp_") and each["created_at"].endswith("Z") for each in listed)
    columns = "NAME TEST KEEPS_BODIES KEEPS_MESSAGES KEEPS_FILES KEEPS_ATTEMPTS"
    assert penstock.done("workspace", "list").out.splitlines()[0] == columns.replace(" ", "\t").replace("_", " ")
    assert penstock.done("workspace", "remove", "trial").out == "workspace trial removed\n"
    assert "there is no workspace 'trial'" in penstock("workspace", "remove", "trial").refused(1)


def test_a_workspace_says_how_long_it_keeps_things(penstock: Any) -> None:
    added = penstock.done("workspace", "add", "acme", "--keep-attempts", "30", "--json").answer
    assert (added["keep_attempts"], added["keep_files"]) == (30, "forever")
    penstock.done(
        "workspace", "set", "acme", "--keep-messages", "90", "--keep-files", "7", "--keep-attempts", "forever"
    )

    assert penstock.done("workspace", "list").out.splitlines()[1].split("\t")[2:] == [
        "forever",
        "90 days",
        "7 days",
        "forever",
    ]
    (kept,) = penstock.done("changes", "list", "--json").answer["changes"][-1:]
    assert (kept["after"]["keep_files"], kept["before"]["keep_files"]) == (7, "forever")


def test_wishes_that_do_not_go_together_are_refused(penstock: Any) -> None:
    penstock.done("workspace", "add", "acme")

    assert "say --keep-files 30 or less" in penstock("workspace", "set", "acme", "--keep-messages", "30").refused(2)
    assert "kept for 1 to" in penstock("workspace", "set", "acme", "--keep-bodies", "0").refused(2)
    assert "neither a number of days nor forever" in penstock("workspace", "set", "acme", "--keep-bodies", "1w").err
    assert penstock.done("workspace", "list", "--json").answer["workspaces"][0]["keep_messages"] == "forever"


def test_an_added_thing_may_be_answered_as_json(penstock: Any) -> None:
    assert penstock.done("workspace", "add", "acme", "--json").answer["name"] == "acme"


def test_lists_of_nothing_say_how_to_get_something(penstock: Any, acme: Any) -> None:
    penstock.done("number", "remove", acme.number)

    assert penstock.done("number", "list").out == "no numbers yet: add one with `penstock number add`\n"
    assert penstock.done("number", "list", "--json").answer == {"numbers": []}


def test_an_apps_secret_is_rotated_in_two_steps(penstock: Any, acme: Any) -> None:
    Path("new").write_text("second-secret")
    assert penstock.done("app", "set", "main", "--secret-file", "new").out == "app main changed\n"
    assert penstock.done("app", "list").out == "NAME\tSECRETS\tFORWARD TO\nmain\t2\t\n"
    penstock.done("app", "set", "main", "--drop-old-secret")
    assert penstock.done("app", "list", "--json").answer["apps"][0]["secrets"] == 1


def test_an_app_forwards_until_it_is_told_not_to(penstock: Any, acme: Any) -> None:
    penstock.done("app", "set", "main", "--forward-to", "https://example.com/hook")
    assert penstock.done("app", "list", "--json").answer["apps"][0]["forward_to"] == "https://example.com/hook"
    penstock.done("app", "set", "main", "--forward-to", "")
    assert penstock.done("app", "list", "--json").answer["apps"][0]["forward_to"] is None


def test_a_token_is_replaced_for_every_number_that_shares_it(penstock: Any, acme: Any) -> None:
    penstock.done("credential", "set", "token-a", "--token-file", "-", stdin=b"EAAGtokenB\n")

    snapshot = acme.work(lambda ledger: ledger.provisioning.snapshot())
    assert list(snapshot.tokens.values()) == ["EAAGtokenB"]
    assert penstock.done("credential", "list", "--json").answer["credentials"][0]["numbers"] == 1


def test_a_number_may_have_a_token_of_its_own(penstock: Any, acme: Any) -> None:
    penstock.done("number", "add", "7", "--workspace", "acme", "--app", "main", "--token-file", "token", "--no-storage")

    listed = penstock.done("number", "list", "--json").answer["numbers"]
    assert [(each["phone_number_id"], each["credential"], each["no_storage"]) for each in listed] == [
        (acme.number, "token-a", False),
        ("7", "number-7", True),
    ]


def test_a_number_is_changed_and_its_workspace_is_not(penstock: Any, acme: Any) -> None:
    penstock.done("credential", "add", "token-b", "--token-file", "token")
    penstock.done("number", "set", acme.number, "--credential", "token-b", "--no-storage")

    listed = penstock.done("number", "list").out.splitlines()
    assert listed[1].split("\t") == [acme.number, "acme", "main", "token-b", "yes"]


def test_what_came_for_a_number_before_it_was_added_is_read_at_once(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2", number="9")
    assert penstock.done("media", "list", "--json").answer["media"] == []

    ran = penstock.done("number", "add", "9", "--workspace", "acme", "--app", "main", "--credential", "token-a")

    assert ran.out == "number 9 added\nread 1 webhook that came for it before: 2 messages, 2 files\n"
    assert len(penstock.done("media", "list", "--json").answer["media"]) == 2
    assert penstock.done("audit").code == 0


def test_what_is_in_use_is_not_removed(penstock: Any, acme: Any) -> None:
    for family, name in (("workspace", "acme"), ("app", "main"), ("credential", "token-a")):
        assert name in penstock(family, "remove", name).refused(1)


@pytest.mark.parametrize("family", ["workspace", "app", "credential", "number"])
def test_a_family_without_a_verb_shows_its_help(penstock: Any, family: str) -> None:
    ran = penstock(family)

    assert ran.code == 2
    assert "add" in ran.out


def test_no_answer_of_any_family_holds_a_secret(penstock: Any, acme: Any) -> None:
    Path("new").write_text("second-secret")
    said = [
        penstock.done("app", "set", "main", "--secret-file", "new", "--json"),
        penstock.done("credential", "set", "token-a", "--token-file", "-", "--json", stdin=b"EAAGtokenB"),
        penstock.done("number", "set", acme.number, "--no-storage", "--json"),
    ]
    for family in ("workspace", "app", "credential", "number"):
        said += [penstock.done(family, "list"), penstock.done(family, "list", "--json")]

    for ran in said:
        assert not any(secret in ran.out + ran.err for secret in SECRETS)


def test_who_changed_what_and_why_is_kept_and_no_secret(penstock: Any, acme: Any) -> None:
    Path("new").write_text("second-secret")
    penstock.done("app", "set", "main", "--secret-file", "new", "--why", "rotation of May")
    penstock.done("workspace", "add", "trial", "--test", "--why", "a trial")
    penstock.done("workspace", "remove", "trial")
    ran = penstock.done("changes", "list", "--json")
    *_, rotated, added, removed = ran.answer["changes"]

    assert (rotated["action"], rotated["why"]) == ("app.set", "rotation of May")
    assert (added["action"], added["why"], removed["action"], removed["why"]) == (
        "workspace.add",
        "a trial",
        "workspace.remove",
        "",
    )
    assert {each["who"] for each in ran.answer["changes"]} == {session.who()}
    assert not any(secret in ran.out for secret in SECRETS)
