"""What the ledger answers with: rows as values, for whoever shows them.

No behaviour and no SQL. Times are epoch seconds, sizes bytes. Made by the stores beside it; read by ``flow``, ``web``
and ``cli``.
"""

from typing import Any, Generic, TypeVar

import msgspec

from penstock.core.gate import Gate

T = TypeVar("T")


class Route(msgspec.Struct, frozen=True, gc=False):
    """Where updates of a business number belong."""

    number_id: int
    phone_number_id: str
    workspace_id: int
    workspace: str
    app_id: int
    app: str
    credential_id: int
    no_storage: bool


class App(msgspec.Struct, frozen=True, gc=False):
    """A Meta app, its secrets unsealed: for verifying, never for showing."""

    id: int
    name: str
    secrets: tuple[bytes, ...]  # two while one is rotated
    verify_token: str
    forward_to: str | None

    def __repr__(self) -> str:
        """Names no secret."""
        return f"App(id={self.id}, name={self.name!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The same, for tracebacks on a terminal."""
        return [("id", self.id), ("name", self.name)]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that receiving and fetching must know, with secrets open. Never shown, never logged."""

    version: int
    apps: tuple[App, ...]
    routes: tuple[Route, ...]
    tokens: dict[int, str]  # by credential id

    def __repr__(self) -> str:
        """Names no secret."""
        return f"Snapshot(version={self.version})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The same, for tracebacks on a terminal."""
        return [("version", self.version)]


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What one webhook brought."""

    webhook_id: int
    messages: int  # new ones
    media: int  # new ones
    statuses: int  # new ones
    duplicates: int
    strays: int  # updates for numbers nobody registered
    changed: int = 0  # known ones that are whole only now


class JournaledBody(msgspec.Struct, frozen=True, gc=False):
    """A signed body as it came, with the app whose secret signed it."""

    id: int
    app_id: int
    received_at: float
    body: bytes
    redacted_at: float | None = None  # since then it is not what was signed: somebody was taken out
    redacted_why: str | None = None


class Conversation(msgspec.Struct, frozen=True, gc=False):
    """One customer (or group) at one business number."""

    id: int
    workspace: str
    phone_number_id: str
    title: str  # the customer's name as WhatsApp gave it, or "" when there was none
    contact: str  # phone, business-scoped id or group id: personal data, for authorised eyes only
    is_group: bool
    last_at: float
    last_text: str | None
    last_kind: str
    last_direction: str
    pending: int  # files not there yet


class Media(msgspec.Struct, frozen=True, gc=False):
    """One file of one message, wherever it stands."""

    id: int
    message_id: int | None  # None when imported without a message
    conversation_id: int | None
    workspace: str
    phone_number_id: str
    wamid: str
    media_id: str
    kind: str
    state: str  # waiting, fetching, attached, expired, failed, erased
    held: bool  # waiting, and its scope has a shut gate
    outcome: str | None  # class of the last failure
    reason: str | None  # the sentence of the last failure or of the end
    attempts: int
    received_at: float
    deadline: float
    due_at: float | None  # when it is tried next, while waiting
    attached_at: float | None
    size: int | None
    sha256: bytes | None
    content_type: str | None
    declared_mime_type: str | None
    declared_size: int | None
    filename: str | None  # as sent: untrusted
    voice: bool
    animated: bool
    gate: Gate | None = None  # what holds it; its reason is not for everybody


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message with its files."""

    id: int
    workspace: str
    phone_number_id: str
    conversation_id: int
    wamid: str
    direction: str  # in, out
    kind: str
    sent_at: float
    received_at: float
    sender: str | None
    sender_name: str | None
    text: str | None
    reply_to: str | None
    original_wamid: str | None
    history: bool
    error_code: int | None
    error_text: str | None
    payload: bytes
    media: tuple[Media, ...]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some rows and where the next ones begin; ``next`` is None on the last page."""

    items: tuple[T, ...]
    next: str | None


class Event(msgspec.Struct, frozen=True, gc=False):
    """One entry of the feed. ``position`` orders the feed, ``seq`` orders one conversation."""

    position: int
    kind: str  # message.received, media.attached, media.delayed, media.expired, media.failed
    at: float
    workspace: str
    conversation_id: int | None
    seq: int | None
    message: Message | None
    media: Media | None


class Stray(msgspec.Struct, frozen=True, gc=False):
    """Updates kept for a number that nobody registered."""

    phone_number_id: str
    app: str
    bodies: int
    first_at: float
    last_at: float


class Tally(msgspec.Struct, frozen=True, gc=False):
    """How many media items of a workspace stand where."""

    workspace: str
    received: int
    waiting: int
    held: int  # part of waiting
    fetching: int
    attached: int
    expired: int
    failed: int
    erased: int = 0


class Access(msgspec.Struct, frozen=True, gc=False):
    """What an API token allows."""

    token_id: int
    name: str
    role: str  # viewer, agent, operator, admin
    workspace_id: int | None  # None: all of them
    workspace: str | None
