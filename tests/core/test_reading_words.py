"""What a person reads of a message, and what Meta says went wrong with it."""

import pytest

from penstock.core.reading_shapes import Card, CardName, Edit, Failure, FailureData, File, Location, Text, Written
from penstock.core.reading_words import failure, not_supported, said


def test_a_kind_that_says_nothing_says_nothing() -> None:
    assert said("revoke", Written(text=Text("hello"))) is None
    assert said("hologram", Written(text=Text("hello"))) is None


def test_content_that_is_not_there_says_nothing() -> None:
    for kind in (
        "text",
        "image",
        "location",
        "contacts",
        "reaction",
        "interactive",
        "button",
        "order",
        "system",
        "edit",
    ):
        assert said(kind, Written()) is None


def test_a_caption_is_what_a_file_says() -> None:
    assert said("video", Written(video=File(caption="Example clip"))) == "Example clip"


def test_the_words_of_an_unsupported_message_are_not_lost() -> None:
    assert said("unsupported", Written(image=File(id="../x", caption="Look"))) == "Look"


def test_half_a_position_is_none() -> None:
    assert said("location", Written(location=Location(latitude=1.5))) is None


def test_cards_without_names_are_passed_over() -> None:
    assert said("contacts", Written(contacts=[Card(), Card(CardName("Ana"))])) == "Ana"


def test_an_edit_to_a_caption_says_the_caption() -> None:
    assert said("edit", Written(edit=Edit("wamid.OLD", Written(image=File(caption="Better"))))) == "Better"


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        (None, (None, None)),
        ([], (None, None)),
        ([Failure()], (None, None)),
        ([Failure(131052, "Title", "Message", None, FailureData("Details"))], (131052, "Details")),
        ([Failure("400", "Title", "Message", "Old details")], (400, "Old details")),
        ([Failure(1, "Title", "Message")], (1, "Message")),
        ([Failure(1, "Title"), Failure(2, "Second")], (1, "Title")),
        ([Failure("x", "Title")], (None, "Title")),
        ([Failure(-1)], (None, None)),
    ],
)
def test_an_error_is_told_by_its_most_precise_words(
    errors: list[Failure] | None, told: tuple[int | None, str | None]
) -> None:
    assert failure(errors) == told


def test_an_error_is_told_in_one_short_piece() -> None:
    _, told = failure([Failure(1, "x" * 9_000)])

    assert told is not None and len(told) == 500


@pytest.mark.parametrize(
    ("told", "name", "sentence"),
    [
        (None, None, None),
        ("Not supported.", None, "Not supported."),
        ("Not supported.", "gif", "Not supported: gif"),
        (None, "gif", "Message type is currently not supported: gif"),
        ("Not supported.", "a name with spaces", "Not supported."),
        (None, "x" * 65, None),
    ],
)
def test_what_cannot_be_shown_is_called_by_its_name(told: str | None, name: str | None, sentence: str | None) -> None:
    assert not_supported(told, name) == sentence
