"""A page of a conversation as it is drawn: messages with what became of them.

Reactions, edits and deletions are put on the message that they are about when it is on the page, and are lines of
their own when it is not. Pure. Called by ``pages``; drawn by ``_thread.html``.
"""

import zlib
from collections.abc import Sequence

import msgspec

from penstock.core import ids
from penstock.ledger.rows import Conversation, Message
from penstock.web.inbox import kinds
from penstock.web.inbox.attachment import Attachment, attachment
from penstock.web.inbox.kinds import Fact
from penstock.web.words import day

_TOLD_BY_FACTS = frozenset({"location", "contacts"})  # their text says the same again
_LINES = frozenset({"system", "reaction", "edit", "revoke"})  # nobody's speech: one line in the middle


class Quote(msgspec.Struct, frozen=True):
    """What a message answers."""

    who: str | None
    text: str
    id: str | None  # where it is on this page


class Item(msgspec.Struct, frozen=True):
    """One message as it is drawn."""

    id: str
    side: str  # in, out, line
    sent_at: float
    text: str | None
    kind: str
    who: str | None = None
    quote: Quote | None = None
    facts: tuple[Fact, ...] = ()
    files: tuple[Attachment, ...] = ()
    reactions: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    problem: str | None = None
    revoked: bool = False


class Day(msgspec.Struct, frozen=True):
    """The messages of one day."""

    id: str
    name: str
    items: tuple[Item, ...]


class About:
    """What later messages of a page did to earlier ones."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.there = {message.wamid: message for message in messages if message.kind not in _LINES}
        self.reactions: dict[str, dict[str, str]] = {}
        self.edits: dict[str, Message] = {}
        self.revoked: set[str] = set()
        for message in messages:
            if message.kind == "reaction":
                who = message.sender or message.direction
                self.reactions.setdefault(message.reply_to or "", {})[who] = message.text or ""
            elif message.kind == "edit" and message.original_wamid:
                self.edits[message.original_wamid] = message
            elif message.kind == "revoke" and message.original_wamid:
                self.revoked.add(message.original_wamid)

    def shows_elsewhere(self, message: Message) -> bool:
        """Whether the message is seen on the one that it is about."""
        return _target(message) in self.there


def wanted_quotes(messages: Sequence[Message]) -> set[str]:
    """The messages that are answered on this page and are not on it."""
    there = {message.wamid for message in messages}
    return {message.reply_to for message in messages if message.reply_to} - there


def days(
    conversation: Conversation, messages: Sequence[Message], quoted: Sequence[Message], *, sees_all: bool = False
) -> tuple[Day, ...]:
    """A page, by day. ``quoted`` are messages from elsewhere that are answered on it.

    ``sees_all``: the reader may know what is held in other workspaces, and why.
    """
    about = About(messages)
    elsewhere = {message.wamid: message for message in quoted if message.conversation_id == conversation.id}
    found: dict[str, list[Item]] = {}
    for message in messages:
        if not about.shows_elsewhere(message):
            item = _item(conversation, message, about, elsewhere)
            files = tuple(attachment(file, sees_all=sees_all) for file in message.media)
            found.setdefault(day(message.sent_at), []).append(msgspec.structs.replace(item, files=files))
    return tuple(Day(f"day-{name.replace(' ', '-').lower()}", name, tuple(items)) for name, items in found.items())


def version(view: object) -> str:
    """Changes when what is drawn changes, and only then."""
    return f"{zlib.crc32(msgspec.json.encode(view)):08x}"


def _item(conversation: Conversation, message: Message, about: About, elsewhere: dict[str, Message]) -> Item:
    payload = kinds.payload_of(message.payload)
    edit = about.edits.get(message.wamid)
    text = message.text if edit is None or edit.text is None else edit.text
    line = message.kind in _LINES
    facts = kinds.facts(message.kind, payload)
    return Item(
        id=ids.encode(ids.Kind.MESSAGE, message.id),
        side="line" if line else message.direction,
        sent_at=message.sent_at,
        text=_line(message) if line else None if message.kind in _TOLD_BY_FACTS and facts else text,
        kind=message.kind,
        who=_who(message) if conversation.is_group and message.direction == "in" and not line else None,
        quote=None if line else _quote(message, about, elsewhere),
        facts=facts,
        reactions=tuple(emoji for emoji in about.reactions.get(message.wamid, {}).values() if emoji),
        marks=_marks(message, payload, edited=edit is not None),
        problem=_problem(message),
        revoked=message.wamid in about.revoked,
    )


def _who(message: Message) -> str:
    return message.sender_name or message.sender or "Somebody"


def _line(message: Message) -> str:
    """A message that is not speech, in one line."""
    match message.kind:
        case "reaction":
            return f"Reacted {message.text} to an earlier message" if message.text else "Took a reaction back"
        case "edit":
            return f"Edited an earlier message: {message.text}" if message.text else "Edited an earlier message"
        case "revoke":
            return "Deleted an earlier message"
        case _:
            return message.text or kinds.word(message.kind)


def _quote(message: Message, about: About, elsewhere: dict[str, Message]) -> Quote | None:
    if not message.reply_to:
        return None
    on_page = about.there.get(message.reply_to)
    found = on_page or elsewhere.get(message.reply_to)
    if found is None:
        return Quote(None, "An earlier message", None)
    who = "You" if found.direction == "out" else _who(found)
    voice = bool(found.media) and found.media[0].voice
    text = kinds.preview("voice" if voice else found.kind, found.text)
    return Quote(who, text, ids.encode(ids.Kind.MESSAGE, found.id) if on_page else None)


def _marks(message: Message, payload: kinds.Payload, *, edited: bool) -> tuple[str, ...]:
    found = list(kinds.marks(payload))
    if edited:
        found.append("edited")
    if message.history:
        found.append("from the phone's history")
    return tuple(found)


def _problem(message: Message) -> str | None:
    """Why a message is not whole, in a sentence."""
    if message.media or message.kind in _LINES:
        return None  # the file says it, in its own words
    code = f" ({message.error_code})" if message.error_code is not None else ""
    if message.kind == "media_placeholder":
        return "A file from before Penstock was connected. WhatsApp may send it in the next hours."
    if message.kind == "unsupported":
        said = f" {message.error_text.rstrip('.')}" if message.error_text else ""
        return f"WhatsApp does not pass this message on.{said}{code}"
    return f"{message.error_text}{code}" if message.error_text else None


def _target(message: Message) -> str | None:
    """The message that this one is about; None for one that stands for itself."""
    if message.kind == "reaction":
        return message.reply_to
    return message.original_wamid if message.kind in ("edit", "revoke") else None
