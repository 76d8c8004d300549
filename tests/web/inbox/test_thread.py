"""A page of a conversation: every kind of message, and what later ones did to earlier ones."""

import json
from typing import Any

import msgspec

from penstock.ledger.rows import Conversation, Message
from penstock.web.inbox import thread

NOON = 1_795_003_200.0

TALK = Conversation(
    id=1,
    workspace="acme",
    phone_number_id="1",
    title="Ada",
    contact="15550001234",
    is_group=False,
    last_at=NOON,
    last_text=None,
    last_kind="text",
    last_direction="in",
    pending=0,
)
GROUP = msgspec.structs.replace(TALK, is_group=True)


def message(id_: int, kind: str = "text", text: str | None = "hello", **changed: Any) -> Message:
    row = Message(
        id=id_,
        workspace="acme",
        phone_number_id="1",
        conversation_id=1,
        wamid=f"wamid.{id_}",
        direction="in",
        kind=kind,
        sent_at=NOON + id_,
        received_at=NOON + id_,
        sender="15550001234",
        sender_name="Ada",
        text=text,
        reply_to=None,
        original_wamid=None,
        history=False,
        error_code=None,
        error_text=None,
        payload=json.dumps(changed.pop("payload", {})).encode(),
        media=(),
    )
    return msgspec.structs.replace(row, **changed)


def drawn(*messages: Message, talk: Conversation = TALK, quoted: tuple[Message, ...] = ()) -> list[thread.Item]:
    return [item for day in thread.days(talk, messages, quoted) for item in day.items]


def test_messages_are_drawn_by_day() -> None:
    days = thread.days(TALK, [message(1), message(2), message(3, sent_at=NOON + 86_400)], ())

    assert [(day.name, len(day.items)) for day in days] == [
        ("Wednesday 18 November 2026", 2),
        ("Thursday 19 November 2026", 1),
    ]
    assert len({day.id for day in days}) == 2
    assert all(" " not in day.id for day in days)


def test_a_reaction_is_seen_on_its_message_and_the_last_of_each_person_counts() -> None:
    items = drawn(
        message(1),
        message(2, "reaction", "👍", reply_to="wamid.1"),
        message(3, "reaction", "❤", reply_to="wamid.1"),
        message(4, "reaction", "😮", reply_to="wamid.1", sender="other"),
        message(5, "reaction", None, reply_to="wamid.1", sender="third"),
    )

    assert [item.reactions for item in items] == [("❤", "😮")]


def test_a_reaction_to_what_is_not_on_the_page_is_a_line() -> None:
    items = drawn(message(1, "reaction", "👍", reply_to="wamid.9"), message(2, "reaction", None, reply_to="wamid.9"))

    assert [(item.side, item.text) for item in items] == [
        ("line", "Reacted 👍 to an earlier message"),
        ("line", "Took a reaction back"),
    ]


def test_an_edit_changes_its_message_and_leaves_a_mark() -> None:
    items = drawn(
        message(1),
        message(2, "edit", "hello again", original_wamid="wamid.1"),
        message(3, "edit", "hello at last", original_wamid="wamid.1"),
    )

    assert [(item.text, item.marks) for item in items] == [("hello at last", ("edited",))]
    assert drawn(message(2, "edit", "new", original_wamid="wamid.9"))[0].text == "Edited an earlier message: new"


def test_a_deleted_message_stays_and_says_so() -> None:
    items = drawn(message(1), message(2, "revoke", None, original_wamid="wamid.1"))

    assert [(item.text, item.revoked) for item in items] == [("hello", True)]
    assert drawn(message(2, "revoke", None, original_wamid="wamid.9"))[0].text == "Deleted an earlier message"


def test_an_answer_shows_what_it_answers() -> None:
    elsewhere = message(8, text="long ago")
    foreign = message(9, text="of another conversation", conversation_id=7)
    items = drawn(
        message(1, direction="out"),
        message(2, reply_to="wamid.1"),
        message(3, reply_to="wamid.8"),
        message(4, reply_to="wamid.9"),
        message(5, reply_to="wamid.7"),
        quoted=(elsewhere, foreign),
    )

    said = [(item.quote.who, item.quote.text, item.quote.id is not None) for item in items if item.quote is not None]
    assert said == [
        ("You", "hello", True),
        ("Ada", "long ago", False),
        (None, "An earlier message", False),
        (None, "An earlier message", False),
    ]


def test_only_what_is_not_on_the_page_has_to_be_looked_for() -> None:
    messages = [message(1), message(2, reply_to="wamid.1"), message(3, reply_to="wamid.8")]

    assert thread.wanted_quotes(messages) == {"wamid.8"}


def test_in_a_group_everybody_is_named() -> None:
    messages = [
        message(1),
        message(2, sender_name=None),
        message(3, direction="out"),
        message(4, sender=None, sender_name=None),
    ]

    assert [item.who for item in drawn(*messages, talk=GROUP)] == ["Ada", "15550001234", None, "Somebody"]
    assert [item.who for item in drawn(*messages)] == [None] * 4


def test_what_whatsapp_does_not_pass_on_says_why() -> None:
    said = [
        item.problem
        for item in drawn(
            message(1, "unsupported", None, error_code=131051, error_text="Message type is not supported: edit."),
            message(2, "unsupported", None),
            message(3, "media_placeholder", None),
            message(4, "interactive", None, error_code=131000, error_text="Something went wrong"),
            message(5),
        )
    ]

    assert said == [
        "WhatsApp does not pass this message on. Message type is not supported: edit (131051)",
        "WhatsApp does not pass this message on.",
        "A file from before Penstock was connected. WhatsApp may send it in the next hours.",
        "Something went wrong (131000)",
        None,
    ]


def test_a_notice_is_a_line() -> None:
    items = drawn(message(1, "system", "Ada changed her number"), message(2, "system", None))

    assert [(item.side, item.text) for item in items] == [("line", "Ada changed her number"), ("line", "Notice")]


def test_a_place_is_not_said_twice() -> None:
    (item,) = drawn(
        message(1, "location", "Cafe", payload={"location": {"latitude": 1, "longitude": 2, "name": "Cafe"}})
    )

    assert item.text is None
    assert item.facts[0].text == "Cafe"


def test_what_is_old_is_marked() -> None:
    assert drawn(message(1, history=True))[0].marks == ("from the phone's history",)


def test_the_version_of_a_view_changes_with_what_is_drawn_only() -> None:
    first, same, other = (drawn(message(1, text=text))[0] for text in ("a", "a", "b"))

    assert thread.version(first) == thread.version(same) != thread.version(other)
