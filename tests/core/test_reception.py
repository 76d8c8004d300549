"""Which files a message brings: the rule by which they are stored and counted again."""

import pytest

from penstock.core.reception import TOO_LARGE_FOR_META, home, items
from penstock.core.updates import Direction, MediaRef, Message, Party


def message(
    kind: str = "image",
    *media: MediaRef,
    original: str | None = None,
    error: int | None = None,
    history: bool = False,
) -> Message:
    return Message(
        phone_number_id="100000000000002",
        wamid="wamid.ONE",
        direction=Direction.INBOUND,
        kind=kind,
        sent_at=1_795_000_000.0,
        party=Party(phone="15550001234"),
        sender="15550001234",
        text=None,
        payload=b"{}",
        media=media,
        original_wamid=original,
        history=history,
        error_code=error,
    )


PHOTO = MediaRef("101", "image", "image/jpeg")


def test_a_photo_brings_one_file_under_its_message() -> None:
    (item,) = items(message("image", PHOTO))

    assert (item.wamid, item.ref, item.failed_because) == ("wamid.ONE", PHOTO, None)


@pytest.mark.parametrize(
    "kind", ["text", "location", "reaction", "system", "unsupported", "revoke", "media_placeholder"]
)
def test_a_message_without_a_file_brings_none(kind: str) -> None:
    assert items(message(kind)) == ()


def test_the_same_file_named_twice_is_one() -> None:
    assert len(items(message("image", PHOTO, PHOTO))) == 1


def test_a_call_may_bring_two_files() -> None:
    assert len(items(message("call_recording", PHOTO, MediaRef("102", "document")))) == 2


def test_an_edits_file_belongs_to_the_message_that_was_edited() -> None:
    edit = message("edit", PHOTO, original="wamid.OLD")

    assert home(edit) == "wamid.OLD"
    assert [item.wamid for item in items(edit)] == ["wamid.OLD"]


def test_an_edit_of_nothing_keeps_its_file_itself() -> None:
    assert home(message("edit", PHOTO)) == "wamid.ONE"


def test_a_revoke_has_no_claim_on_the_message_it_is_about() -> None:
    assert home(message("revoke", original="wamid.OLD")) == "wamid.ONE"


@pytest.mark.parametrize(("kind", "counted_as"), [("video", "video"), ("unsupported", "document")])
def test_a_file_that_meta_refused_is_counted_as_failed(kind: str, counted_as: str) -> None:
    (item,) = items(message(kind, error=TOO_LARGE_FOR_META))

    assert (item.ref.media_id, item.ref.kind) == ("", counted_as)
    assert item.failed_because is not None and "100 MB" in item.failed_because


@pytest.mark.parametrize("error", [None, 400, 131000])
def test_a_photo_that_comes_without_its_file_is_a_gap_that_is_seen(error: int | None) -> None:
    (item,) = items(message("image", error=error))

    assert item.ref.media_id == ""
    assert item.failed_because is not None


def test_a_photo_of_the_history_gets_its_file_later() -> None:
    assert items(message("image", history=True)) == ()


def test_a_refused_file_that_still_has_an_id_is_tried() -> None:
    (item,) = items(message("image", PHOTO, error=TOO_LARGE_FOR_META))

    assert item.failed_because is None
