"""How a file is drawn: itself, or how it stands in an agent's words."""

from typing import Any

import msgspec
import pytest

from penstock.core.gate import Gate
from penstock.ledger.rows import Media
from penstock.web.inbox.attachment import attachment


def media(**changed: Any) -> Media:
    row = Media(
        id=1,
        message_id=2,
        conversation_id=3,
        workspace="acme",
        phone_number_id="1",
        wamid="wamid.x",
        media_id="m1",
        kind="image",
        state="waiting",
        held=False,
        outcome=None,
        reason=None,
        attempts=0,
        received_at=1_795_003_200.0,
        deadline=1_795_604_800.0,
        due_at=1_795_003_200.0,
        attached_at=None,
        size=None,
        sha256=None,
        content_type=None,
        declared_mime_type="image/jpeg",
        declared_size=4_800_000,
        filename=None,
        voice=False,
        animated=False,
    )
    return msgspec.structs.replace(row, **changed)


def attached(content_type: str, kind: str = "image", **changed: Any) -> Media:
    return media(
        state="attached", due_at=None, content_type=content_type, kind=kind, size=10, sha256=b"\0" * 32, **changed
    )


@pytest.mark.parametrize(
    ("changed", "tone", "sentence"),
    [
        ({}, "waiting", "Arriving…"),
        ({"state": "fetching"}, "waiting", "Arriving…"),
        ({"state": "fetching", "attempts": 3}, "waiting", "Arriving…"),
        ({"attempts": 1}, "waiting", "Still arriving"),
        ({"held": True, "attempts": 1}, "held", "Held for the moment — it will come by itself"),
        ({"state": "expired"}, "lost", "This file is no longer available from WhatsApp. Ask for it again?"),
        ({"state": "failed", "reason": "It is larger than 100 MB."}, "lost", "It is larger than 100 MB."),
        ({"state": "failed"}, "lost", "This file could not be accepted."),
        ({"state": "erased"}, "waiting", "This file was erased."),
    ],
)
def test_a_file_that_is_not_there_says_how_it_stands(changed: dict[str, Any], tone: str, sentence: str) -> None:
    drawn = attachment(media(**changed))

    assert (drawn.look, drawn.tone, drawn.sentence, drawn.url) == ("absent", tone, sentence, None)
    assert drawn.icon
    assert (drawn.due_at is not None) == (sentence == "Still arriving")


def test_a_lost_file_comes_with_a_text_by_which_it_is_asked_for_again() -> None:
    drawn = attachment(media(state="expired"))

    assert drawn.request == (
        "Hello, the photo that you sent on 18 Nov 2026 did not reach us. Could you please send it once more? Thank you."
    )
    assert attachment(media()).request is None


@pytest.mark.parametrize(
    ("row", "look"),
    [
        (attached("image/jpeg"), "picture"),
        (attached("image/webp", "sticker"), "sticker"),
        (attached("audio/ogg", "audio", voice=True), "voice"),
        (attached("audio/mpeg", "audio"), "audio"),
        (attached("video/mp4", "video"), "video"),
        (attached("video/mp4", "audio"), "audio"),
        (attached("application/pdf", "document"), "link"),
        (attached("image/jpeg", "document"), "link"),
        (attached("image/jpeg", "video"), "picture"),
        (attached("text/html"), "link"),
        (attached("image/svg+xml"), "link"),
        (attached("application/octet-stream", "video"), "link"),
    ],
)
def test_a_file_is_shown_by_the_type_of_its_bytes(row: Media, look: str) -> None:
    drawn = attachment(row)

    assert (drawn.look, drawn.tone) == (look, "attached")
    assert drawn.url is not None


def test_a_page_that_came_as_a_photo_is_a_download_and_says_why() -> None:
    drawn = attachment(attached("text/html"))

    assert drawn.type == "Web page"
    assert drawn.remark is not None
    assert "Sent as a photo" in drawn.remark
    assert attachment(attached("image/jpeg")).remark is None
    assert attachment(attached("text/html", "document")).remark is None


def test_a_document_has_a_name_a_type_and_a_size() -> None:
    drawn = attachment(attached("application/pdf", "document", filename="../Plan \u202efdp.pdf"))

    assert (drawn.name, drawn.type, drawn.size) == ("Plan fdp.pdf", "PDF", 10)
    assert attachment(attached("application/x-tar", "document")).type == "TAR"


def test_what_is_drawn_does_not_change_until_something_happens() -> None:
    assert attachment(media()) == attachment(media())
    assert attachment(media()) == attachment(media(due_at=1.0))  # when it is due matters after a failure only


@pytest.mark.parametrize(
    ("scope", "sees_all", "told"),
    [
        ({"workspace": "acme"}, False, True),
        ({"number": "1"}, False, True),
        ({"credential": "shared"}, False, False),
        ({}, False, False),
        ({}, True, True),
    ],
)
def test_why_a_file_is_held_is_told_to_whom_it_concerns(scope: dict[str, str], sees_all: bool, told: bool) -> None:
    gate = Gate(1, scope, 0.0, "operator", "cli:anna", "Meta is down.", 1_795_003_200.0, None, False)
    view = attachment(media(held=True, gate=gate), sees_all=sees_all)

    assert view.remark == ("\u201cMeta is down\u201d, since 18 November 2026, 12:00:00 UTC" if told else None)
    assert attachment(media(state="fetching", gate=gate), sees_all=True).remark is None
