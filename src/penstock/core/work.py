"""The fetcher's work, as values: what was claimed, what was tried, how it ended.

A ``Claim`` comes out of the ledger and goes back into it with an ``Ending`` and the attempts made. No behaviour, no
decisions (those are in ``core.verdict`` and ``core.retry``). Used by the ledger, the fetcher and the Graph adapter.
"""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """The class in which every attempt ends; it alone decides retry, gate and alarm."""

    DELIVERED = "delivered"
    CONTRACT = "contract"  # our own request was wrong and was not sent
    CLIENT_BUG = "client_bug"  # upstream says that our request is wrong
    AUTH = "auth"
    THROTTLE = "throttle"
    UPSTREAM = "upstream"
    TIMEOUT = "timeout"
    GONE = "gone"
    LOCAL = "local"

    __hash__ = str.__hash__  # an enum's own is slow, and it is looked up several times for every attempt


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A media item in the hands of one fetcher until its lease runs out. Times are epoch seconds."""

    id: int  # the media row, and so the blob's key
    fence: int  # raised by every claim; a write with an older one is dropped
    workspace_id: int
    workspace: str
    number_id: int
    phone_number_id: str
    app: str
    credential_id: int
    credential: str
    kind: str
    media_id: str
    wamid: str
    received_at: float
    deadline: float
    attempts: int  # made so far, claims that met a shut gate not counted
    declared_mime_type: str | None = None
    declared_sha256: bytes | None = None
    declared_size: int | None = None
    url: str | None = None  # where the last look-up or the webhook said the bytes are
    url_expires_at: float | None = None
    webhook_id: int | None = None  # the journaled body that brought it; None when it was imported
    conversation_id: int | None = None  # None when its message never came


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One request that was made, or refused before it was sent. Kept beside the item."""

    at: float  # epoch seconds when it began
    operation: str  # media.look_up or media.download
    declared_method: str
    wire_method: str | None  # from the prepared request; None when none was prepared
    host: str | None
    peer_address: str | None  # the address really connected to
    status: int | None  # HTTP
    graph_code: int | None
    graph_subcode: int | None
    trace_id: str | None
    outcome: Outcome
    duration_s: float
    recipe: str  # the fetch implementation and its version, e.g. "standard/1"
    detail: str | None = None  # one line, no token, no URL
    server: str | None = None  # which of upstream's servers answered, if it says so
    worker: str | None = None  # the fetcher that asked
    api_version: str | None = None  # of Graph, where the operation has one
    fresh: bool | None = None  # whether the connection was made for this request; None when there was none
    after_s: float | None = None  # upstream asked to wait so long
    usage_percent: float | None = None  # of the fullest limit that upstream named


class Attached(msgspec.Struct, frozen=True, gc=False):
    """The bytes are durable and are what Meta declared."""

    size: int  # bytes
    sha256: bytes
    content_type: str  # sniffed from the bytes


class RetryLater(msgspec.Struct, frozen=True, gc=False):
    """The attempt failed; another one is due later, at the hop that failed if the URL lives."""

    due_at: float
    outcome: Outcome
    reason: str  # the sentence a person reads
    url: str | None = None
    url_expires_at: float | None = None


class PutBack(msgspec.Struct, frozen=True, gc=False):
    """Not tried: a gate is shut, or the process is stopping. Costs no attempt."""

    due_at: float


class Expired(msgspec.Struct, frozen=True, gc=False):
    """Meta's copy is gone."""

    outcome: Outcome
    reason: str


class Failed(msgspec.Struct, frozen=True, gc=False):
    """Permanently not to be had."""

    outcome: Outcome
    reason: str


Ending = Attached | RetryLater | PutBack | Expired | Failed
