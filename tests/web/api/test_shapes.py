"""Rows as the API shows them."""

from typing import Any

import msgspec

from penstock.core.work import Attempt, Outcome
from penstock.ledger import rows
from penstock.web.api import shapes

BASE = "https://penstock.example"


def media(**changed: Any) -> rows.Media:
    row = rows.Media(
        id=1,
        message_id=2,
        conversation_id=3,
        workspace="acme",
        phone_number_id="1",
        wamid="wamid.x",
        media_id="m1",
        kind="document",
        state="attached",
        held=False,
        outcome=None,
        reason=None,
        attempts=1,
        received_at=0.0,
        deadline=604_800.0,
        due_at=None,
        attached_at=1.5,
        size=3,
        sha256=b"\xab" * 32,
        content_type="application/pdf",
        declared_mime_type="application/pdf",
        declared_size=4,
        filename="../a.pdf",
        voice=False,
        animated=False,
    )
    return msgspec.structs.replace(row, **changed)


def test_a_file_is_shown_with_both_ids_and_an_address() -> None:
    shown = shapes.media(media(), BASE)

    assert shown.media_id == "m1"
    assert shown.content_url == f"{BASE}/api/v1/media/{shown.id}/content"
    assert shown.sha256 == "ab" * 32
    assert shown.filename == "a.pdf"
    assert (shown.received_at, shown.deadline) == ("1970-01-01T00:00:00.000Z", "1970-01-08T00:00:00.000Z")
    assert shown.declared.size == 4


def test_the_class_of_a_failure_is_called_class_in_json() -> None:
    text = msgspec.json.encode(shapes.media(media(outcome="upstream", state="failed"), BASE))

    assert b'"class":"upstream"' in text
    assert b"class_" not in text


def test_a_file_that_is_not_here_has_no_address_and_says_when_it_is_tried_again() -> None:
    waiting = shapes.media(media(state="waiting", due_at=60.0, sha256=None, size=None), BASE)
    held = shapes.media(media(state="waiting", due_at=60.0, held=True), BASE)

    assert waiting.content_url is None
    assert waiting.next_attempt_at == "1970-01-01T00:01:00.000Z"
    assert held.next_attempt_at is None


def test_an_imported_file_belongs_to_no_message() -> None:
    shown = shapes.media(media(message_id=None, conversation_id=None, filename=None), BASE)

    assert shown.message_id is shown.conversation_id is shown.filename is None


def test_an_attempt_is_shown_whole() -> None:
    made = Attempt(
        0, "media.look_up", "GET", None, None, None, None, None, None, None, Outcome.CONTRACT, 0.1, "standard/1"
    )
    shown = msgspec.json.decode(msgspec.json.encode(shapes.attempt(made)))

    assert shown["class"] == "contract"
    assert shown["at"] == "1970-01-01T00:00:00.000Z"
    assert shown["round"] == 1
    unshown = {"outcome", "worker"}  # shown as its class; the name of a machine of ours
    assert shown.keys() == {"class", "round", *msgspec.structs.asdict(made)} - unshown
