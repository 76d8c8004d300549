"""What one webhook body says, as values.

These are the nouns that the reader (``core.reading``) makes out of Meta's JSON and the ledger stores. They carry no
behaviour beyond small derived facts, and no trace of the JSON's shape except ``Message.payload``, which keeps the
message whole. Used by the reader, the receiver and the ledger.
"""

from enum import StrEnum

import msgspec


class Direction(StrEnum):
    """Who sent a message, seen from the business."""

    INBOUND = "in"
    OUTBOUND = "out"  # an echo of what the business sent from its phone app


class MediaRef(msgspec.Struct, frozen=True, gc=False):
    """A file that a message refers to, as the webhook declares it. The declarations are the sender's claims."""

    media_id: str
    kind: str  # image, audio, video, document, sticker
    mime_type: str | None = None  # with parameters, e.g. "audio/ogg; codecs=opus"
    sha256: bytes | None = None  # 32 bytes, decoded from base64 or hex
    size: int | None = None  # bytes
    filename: str | None = None
    voice: bool = False
    animated: bool = False
    url: str | None = None  # a fast path that dies about 300 s after the message; never the truth
    url_expires_at: float | None = None  # epoch seconds, from the URL's `ext`


class Party(msgspec.Struct, frozen=True, gc=False):
    """The other side of a conversation, by every name that Meta gave for it in this update."""

    phone: str | None = None  # digits, as Meta gives them in `from` and `to`; else the wa_id
    user_id: str | None = None  # business-scoped id (BSUID)
    parent_user_id: str | None = None
    group_id: str | None = None  # when set, the conversation is the group's
    name: str | None = None
    username: str | None = None

    def aliases(self) -> tuple[str, ...]:
        """Every key under which this party's conversation may be found, strongest first.

        A group's conversation is found by the group alone; a person's by the business-scoped id, then the phone
        number, then the parent id (one person under several businesses of one portfolio).
        """
        if self.group_id:
            return ("g:" + self.group_id,)
        found = []
        if self.user_id:
            found.append("u:" + self.user_id)
        if self.phone:
            found.append("p:" + self.phone)
        return tuple(found) if found else (("n:" + self.parent_user_id,) if self.parent_user_id else ())


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message, in either direction, with the files that it brings."""

    phone_number_id: str
    wamid: str
    direction: Direction
    kind: str  # Meta's type, "unsupported" for any that is not known; call_recording, call_transcript
    sent_at: float  # epoch seconds, Meta's timestamp
    party: Party
    sender: str | None  # who wrote it: phone or business-scoped id; in a group one of several
    text: str | None  # what a person reads: body, caption, title of a reply, name of a place
    payload: bytes  # the message object as Meta sent it, JSON
    media: tuple[MediaRef, ...] = ()
    reply_to: str | None = None  # wamid of what it answers, or of what a reaction is put on
    original_wamid: str | None = None  # what an edit or a revoke is about
    sender_name: str | None = None
    history: bool = False  # from a Coexistence history sync: old, not news
    error_code: int | None = None  # e.g. 131052: Meta could not take the file
    error_text: str | None = None


class Status(msgspec.Struct, frozen=True, gc=False):
    """A delivery status of a message that the business sent."""

    phone_number_id: str
    wamid: str
    status: str  # sent, delivered, read, failed, played
    at: float  # epoch seconds
    recipient: str  # phone or business-scoped id (in a group the participant's), group; "" when Meta names none
    error_code: int | None = None
    error_text: str | None = None


class IdentityChange(msgspec.Struct, frozen=True, gc=False):
    """The same person under a new phone number or a new business-scoped id."""

    phone_number_id: str
    previous: tuple[str, ...]  # aliases as in Party.aliases
    current: tuple[str, ...]
    at: float  # epoch seconds


Update = Message | Status | IdentityChange


class Reading(msgspec.Struct, frozen=True, gc=False):
    """Everything that was understood of one body, and a word on what was not."""

    updates: tuple[Update, ...]
    numbers: frozenset[str]  # every phone_number_id that the body names, understood or not
    problems: tuple[str, ...] = ()  # one short sentence for each thing not understood; no personal data
    ignored: int = 0  # updates of fields that Penstock has no use for (template reviews, group settings, …)
