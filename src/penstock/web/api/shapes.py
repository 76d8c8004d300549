"""The JSON that the API answers with, as typed structs, and how rows become it.

The OpenAPI document is made from these very types. Times are RFC 3339 in UTC, hashes hex, ids Penstock's own opaque
ones beside Meta's. Used by the handlers beside it.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from penstock.core import filename, ids, work
from penstock.core.ids import Kind
from penstock.ledger import rows
from penstock.web.words import rfc3339, utc

Time = Annotated[str, Meta(description="RFC 3339, UTC", extra_json_schema={"format": "date-time"})]
Hex = Annotated[str, Meta(description="sha256 in hex", pattern="^[0-9a-f]{64}$")]


class Problem(Struct, frozen=True):
    """What is wrong, in one sentence."""

    what: str
    fault: Annotated[str, Meta(description="yours, ours or theirs")]
    do: str | None = None


class ProblemAnswer(Struct, frozen=True):
    """The body of every answer from 400 on."""

    error: Problem


class Declared(Struct, frozen=True):
    """What the sender's side claimed about a file."""

    mime_type: str | None
    size: int | None


class Media(Struct, frozen=True):
    """One file of one message."""

    id: str
    media_id: Annotated[str, Meta(description="Meta's id; empty when Meta never gave one")]
    message_id: str | None
    conversation_id: str | None
    wamid: str
    workspace: str
    number: Annotated[str, Meta(description="Meta's phone number id")]
    kind: str
    state: Annotated[str, Meta(description="waiting, fetching, attached, expired, failed or erased")]
    held: Annotated[bool, Meta(description="waiting behind a shut gate")]
    class_: Annotated[str | None, Meta(description="the class of the last failure")] = field(name="class")
    reason: str | None
    attempts: int
    received_at: Time
    deadline: Time
    next_attempt_at: Time | None
    attached_at: Time | None
    size: Annotated[int | None, Meta(description="bytes, once attached")]
    sha256: Hex | None
    content_type: Annotated[str | None, Meta(description="found in the bytes, once attached")]
    filename: Annotated[str | None, Meta(description="as sent, made harmless")]
    voice: bool
    animated: bool
    declared: Declared
    content_url: Annotated[str | None, Meta(description="where the bytes are, once attached")]


class MessageError(Struct, frozen=True):
    """Why Meta did not pass a message on whole."""

    code: int | None
    text: str | None


class Message(Struct, frozen=True):
    """One message with its files."""

    id: str
    wamid: str
    workspace: str
    number: str
    conversation_id: str | None
    direction: Annotated[str, Meta(description="in, or out for an echo of the business's own phone")]
    kind: str
    sent_at: Time
    received_at: Time
    sender: str | None
    sender_name: str | None
    text: str | None
    reply_to: Annotated[str | None, Meta(description="wamid")]
    original_wamid: Annotated[str | None, Meta(description="what an edit or a revoke is about")]
    history: bool
    error: MessageError | None
    media: list[Media]
    payload: Annotated[msgspec.Raw, Meta(description="the message as Meta sent it")]


class Conversation(Struct, frozen=True):
    """One customer, or one group, at one business number."""

    id: str
    workspace: str
    number: str
    title: str
    contact: str
    group: bool
    last_at: Time
    last_text: str | None
    last_kind: str
    last_direction: str
    pending: Annotated[int, Meta(description="files of its newest messages that are not here yet")]


class Attempt(Struct, frozen=True):
    """One request that was made for a file, or refused before it was sent."""

    at: Time
    operation: str
    declared_method: str
    wire_method: str | None
    host: str | None
    peer_address: str | None
    status: int | None
    graph_code: int | None
    graph_subcode: int | None
    trace_id: str | None
    class_: str = field(name="class")
    duration_s: float
    recipe: str
    detail: str | None
    server: str | None
    api_version: str | None
    fresh: bool | None
    after_s: Annotated[float | None, Meta(description="upstream asked to wait so long")]
    usage_percent: Annotated[float | None, Meta(description="of the fullest limit that upstream named")]
    round: Annotated[int, Meta(description="1, and one more for each time that the file was put back to work")] = 1


class Event(Struct, frozen=True):
    """One entry of the feed."""

    id: Annotated[str, Meta(description="also the cursor of the place just after it")]
    type: Annotated[
        str, Meta(description="message.received, media.attached, media.delayed, media.expired, media.failed")
    ]
    at: Time
    workspace: str
    conversation_id: str | None
    seq: Annotated[int | None, Meta(description="orders the events of one conversation")]
    message: Message | None
    media: Media | None


Next = Annotated[str | None, Meta(description="`after` of the next page; null on the last one")]


class MediaPage(Struct, frozen=True):
    """Files, newest first."""

    media: list[Media]
    next: Next


class ConversationPage(Struct, frozen=True):
    """Conversations, the one with the newest message first."""

    conversations: list[Conversation]
    next: Next


class MessagePage(Struct, frozen=True):
    """Messages, oldest first within the page; `next` leads to older ones."""

    messages: list[Message]
    next: Next


class AttemptList(Struct, frozen=True):
    """Every request made for a file, oldest first."""

    attempts: list[Attempt]


class EventPage(Struct, frozen=True):
    """Events, oldest first; `next` is where to go on, always."""

    events: list[Event]
    next: Annotated[str | None, Meta(description="`after` of the next question; null while nothing ever happened")]


def media(row: rows.Media, base: str) -> Media:
    """A file as the API shows it."""
    id_ = ids.encode(Kind.MEDIA, row.id)
    there = row.state == "attached"
    return Media(
        id=id_,
        media_id=row.media_id,
        message_id=_id(Kind.MESSAGE, row.message_id),
        conversation_id=_id(Kind.CONVERSATION, row.conversation_id),
        wamid=row.wamid,
        workspace=row.workspace,
        number=row.phone_number_id,
        kind=row.kind,
        state=row.state,
        held=row.held,
        class_=row.outcome,
        reason=row.reason,
        attempts=row.attempts,
        received_at=rfc3339(row.received_at),
        deadline=rfc3339(row.deadline),
        next_attempt_at=utc(row.due_at) if row.state == "waiting" and not row.held else None,
        attached_at=utc(row.attached_at),
        size=row.size,
        sha256=row.sha256.hex() if row.sha256 else None,
        content_type=row.content_type,
        filename=_name(row, id_),
        voice=row.voice,
        animated=row.animated,
        declared=Declared(row.declared_mime_type, row.declared_size),
        content_url=f"{base}/api/v1/media/{id_}/content" if there else None,
    )


def message(row: rows.Message, base: str) -> Message:
    """A message as the API shows it."""
    refused = row.error_code is not None or row.error_text is not None
    return Message(
        id=ids.encode(Kind.MESSAGE, row.id),
        wamid=row.wamid,
        workspace=row.workspace,
        number=row.phone_number_id,
        conversation_id=_id(Kind.CONVERSATION, row.conversation_id or None),
        direction=row.direction,
        kind=row.kind,
        sent_at=rfc3339(row.sent_at),
        received_at=rfc3339(row.received_at),
        sender=row.sender,
        sender_name=row.sender_name,
        text=row.text,
        reply_to=row.reply_to,
        original_wamid=row.original_wamid,
        history=row.history,
        error=MessageError(row.error_code, row.error_text) if refused else None,
        media=[media(file, base) for file in row.media],
        payload=msgspec.Raw(row.payload),
    )


def conversation(row: rows.Conversation) -> Conversation:
    """A conversation as the API shows it."""
    return Conversation(
        id=ids.encode(Kind.CONVERSATION, row.id),
        workspace=row.workspace,
        number=row.phone_number_id,
        title=row.title,
        contact=row.contact,
        group=row.is_group,
        last_at=rfc3339(row.last_at),
        last_text=row.last_text,
        last_kind=row.last_kind,
        last_direction=row.last_direction,
        pending=row.pending,
    )


def event(row: rows.Event, base: str) -> Event:
    """An entry of the feed as the API shows it."""
    return Event(
        id=ids.encode(Kind.EVENT, row.position),
        type=row.kind,
        at=rfc3339(row.at),
        workspace=row.workspace,
        conversation_id=_id(Kind.CONVERSATION, row.conversation_id),
        seq=row.seq,
        message=None if row.message is None else message(row.message, base),
        media=None if row.media is None else media(row.media, base),
    )


def attempt(row: work.Attempt, *, round_: int = 1) -> Attempt:
    """A request as the API shows it."""
    facts = msgspec.structs.asdict(row)
    del facts["worker"]  # the name of a machine of ours is nobody's business who may only see one workspace
    return Attempt(**facts | {"at": rfc3339(row.at), "class_": facts.pop("outcome").value}, round=round_)


def _name(row: rows.Media, id_: str) -> str | None:
    if row.filename is None:
        return None
    content_type = row.content_type or row.declared_mime_type or "application/octet-stream"
    return filename.clean(row.filename, content_type=content_type, fallback=id_)


def _id(kind: Kind, row: int | None) -> str | None:
    return None if row is None else ids.encode(kind, row)
