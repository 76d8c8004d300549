"""Each file is found by where it stands and what went wrong, and shown with every request made for it."""

import re
from typing import Any

import pytest

from penstock.cli.media import standing
from penstock.core.work import Failed, Outcome, RetryLater
from penstock.ledger.rows import Media

KEYS = {
    "id",
    "media_id",
    "wamid",
    "workspace",
    "number",
    "kind",
    "state",
    "held",
    "class",
    "reason",
    "attempts",
    "received_at",
    "deadline",
    "attached_at",
    "size",
    "sha256",
}


def listed(penstock: Any, *filters: str) -> list[str]:
    """Meta's ids of the files that match."""
    return [each["media_id"] for each in penstock.done("media", "list", "--json", *filters).answer["media"]]


def test_an_attached_file_is_listed_with_its_size_and_hash(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    acme.attach(b"one")
    answer = penstock.done("media", "list", "--json").answer

    (item,) = answer["media"]
    assert answer["next"] is None
    assert item.keys() >= KEYS
    assert re.fullmatch(r"med_[0-9a-z]{13}", item["id"])
    assert item["wamid"].startswith("wamid.HBgL")
    assert (item["workspace"], item["number"], item["kind"]) == ("acme", acme.number, "image")
    assert (item["state"], item["held"], item["class"], item["reason"], item["attempts"]) == (
        "attached",
        False,
        None,
        None,
        1,
    )
    assert (item["size"], len(item["sha256"])) == (3, 64)
    assert all(item[key].endswith("Z") for key in ("received_at", "deadline", "attached_at"))


def test_files_are_filtered_by_where_they_stand(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2", "3", "4")
    (attached,) = acme.attach(b"one")
    (failed,) = acme.settle(lambda _: Failed(Outcome.GONE, "There is no such file."))
    (delayed,) = acme.settle(lambda claim: RetryLater(claim.deadline, Outcome.UPSTREAM, "Graph answered 503."))
    acme.gate({"kind": "image"})
    waiting = sorted({"1", "2", "3", "4"} - {attached.media_id, failed.media_id}, reverse=True)

    assert listed(penstock, "--state", "attached") == [attached.media_id]
    assert listed(penstock, "--state", "failed") == [failed.media_id]
    assert listed(penstock, "--state", "waiting") == waiting
    assert listed(penstock, "--state", "held") == waiting
    assert listed(penstock, "--state", "expired") == []
    assert listed(penstock, "--error", "gone") == [failed.media_id]
    assert listed(penstock, "--error", "upstream") == [delayed.media_id]
    assert listed(penstock, "--error", "gone", "--state", "waiting") == []


def test_files_are_filtered_by_workspace_and_time(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    penstock.done("workspace", "add", "other")

    assert listed(penstock, "--workspace", "acme", "--since", "1h") == ["1"]
    assert listed(penstock, "--workspace", "other") == []
    assert listed(penstock, "--until", "1h") == []
    assert listed(penstock, "--since", "2020-01-01", "--until", "2100-01-01T00:00:00Z") == ["1"]
    assert "there is no workspace 'third'" in penstock("media", "list", "--workspace", "third").refused(1)


def test_a_long_list_goes_on_where_it_ended(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2", "3", "4", "5")
    seen: list[str] = []
    after: list[str] = []
    while True:
        answer = penstock.done("media", "list", "--json", "--limit", "2", *after).answer
        seen += [each["media_id"] for each in answer["media"]]
        if answer["next"] is None:
            break
        after = ["--after", answer["next"]]

    assert seen == ["5", "4", "3", "2", "1"]
    assert "there are more: add --after " in penstock.done("media", "list", "--limit", "2").err
    assert "this cursor is not one" in penstock("media", "list", "--after", "yesterday").refused(2)


def test_held_files_fill_their_pages_although_others_wait_between_them(penstock: Any, acme: Any) -> None:
    for number in range(1, 7):
        acme.receive(str(number), kind="image" if number % 3 else "document")
    acme.gate({"kind": "document"})

    answer = penstock.done("media", "list", "--json", "--state", "held", "--limit", "1").answer
    assert [each["media_id"] for each in answer["media"]] == ["6"]
    answer = penstock.done(
        "media", "list", "--json", "--state", "held", "--limit", "5", "--after", answer["next"]
    ).answer
    assert ([each["media_id"] for each in answer["media"]], answer["next"]) == (["3"], None)


def test_people_get_a_row_a_file_and_no_message_id(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2")
    acme.attach(b"one")
    out = penstock.done("media", "list").out

    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0] == ["ID", "STATE", "KIND", "WORKSPACE", "RECEIVED", "SIZE", ""]
    assert {row[1] for row in rows[1:]} == {"waiting", "attached"}
    assert "wamid" not in out
    assert penstock.done("media", "list", "--state", "failed").out == "no file matches\n"


def test_one_file_is_shown_with_every_request_made_for_it(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    acme.settle(lambda claim: RetryLater(claim.received_at, Outcome.UPSTREAM, "Graph answered 503."))
    acme.attach(b"one")
    answer = penstock.done("media", "show", "1", "--json").answer

    assert answer["media"]["state"] == "attached"
    assert [(each["operation"], each["class"], each["status"]) for each in answer["attempts"]] == [
        ("media.look_up", "upstream", 503),
        ("media.look_up", "delivered", 200),
    ]
    assert answer["attempts"][0]["at"].endswith("Z")
    shown = penstock.done("media", "show", answer["media"]["id"]).out
    assert shown.startswith(f"{answer['media']['id']}  attached · after ")
    assert "sha256" in shown
    assert "media.look_up\tGET\tgraph.facebook.com\t503\tupstream\t250 ms" in shown
    assert "wamid.HBgL" not in shown
    assert "15550001234" not in shown


def test_an_imported_file_has_no_message(penstock: Any, acme: Any) -> None:
    rows = f"media_id,phone_number_id\n77,{acme.number}\n".encode()
    penstock.done("import", "media", "-", "--workspace", "acme", stdin=rows)

    assert penstock.done("media", "show", "77", "--json").answer["media"]["wamid"] is None
    shown = penstock.done("media", "show", "77").out
    assert "none: imported" in shown
    assert "no request has been made for it yet" in shown


def test_an_id_that_nobody_has_is_a_no_and_one_that_several_have_asks_which(penstock: Any, acme: Any) -> None:
    assert "there is no file '404'" in penstock("media", "show", "404").refused(1)
    assert "there is no file" in penstock("media", "show", "med_0000000000001").refused(1)
    penstock.done("number", "add", "7", "--workspace", "acme", "--app", "main", "--credential", "token-a")
    acme.receive("1")
    acme.receive("1", number="7")

    assert re.search(
        r"2 files have Meta's id 1: name one of med_\w+, med_\w+", penstock("media", "show", "1").refused(2)
    )


NOW = 1_000_000.0
WAITING = Media(
    id=1,
    message_id=1,
    conversation_id=1,
    workspace="acme",
    phone_number_id="1",
    wamid="wamid.x",
    media_id="1",
    kind="image",
    state="waiting",
    held=False,
    outcome=None,
    reason=None,
    attempts=0,
    received_at=NOW - 60,
    deadline=NOW + 601_200,
    due_at=NOW - 60,
    attached_at=None,
    size=None,
    sha256=None,
    content_type=None,
    declared_mime_type="image/jpeg",
    declared_size=None,
    filename=None,
    voice=False,
    animated=False,
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "due now"),
        (
            {"attempts": 3, "due_at": NOW + 12, "reason": "Graph answered 503", "outcome": "upstream"},
            "retrying 3 · next in 12 s · Graph answered 503 · 6 d 23 h to live",
        ),
        ({"held": True}, "6 d 23 h to live"),
        ({"deadline": NOW - 1, "attempts": 1}, "retrying 1 · due now · its time is over"),
        ({"state": "attached", "attached_at": NOW - 58.6, "attempts": 1}, "after 1.4 s · 1 attempt"),
        ({"state": "failed", "reason": "too large", "outcome": "gone"}, "too large · gone"),
        ({"state": "fetching"}, ""),
    ],
)
def test_beside_its_state_a_file_says_what_happens_next(changes: dict[str, Any], said: str) -> None:
    from msgspec import structs

    from penstock.cli.words import plain

    assert plain(standing(structs.replace(WAITING, **changes), NOW)) == said
