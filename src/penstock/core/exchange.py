"""One request and what came back, as values: what the Graph adapter saw and what the verdict is made from.

An ``Exchange`` is a record of facts: where it went, what was answered, what went wrong at or below the socket. It
judges nothing and carries no token and no URL. Made by ``adapters.graph``; read by ``core.verdict`` and the fetcher,
which turns it into an ``Attempt``.
"""

from enum import StrEnum

import msgspec


class Trouble(StrEnum):
    """What went wrong apart from an HTTP status or a Graph error; the sentences are in ``core.classes``."""

    # Before a byte was sent.
    CONTRACT = "contract"  # the prepared request is not the declared one
    HOST_REFUSED = "host refused"  # its host or scheme is not on the allow-list
    ADDRESS_REFUSED = "address refused"  # its host stands for a private or reserved address
    # On the way there.
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    RESET = "reset"
    CONNECT_TIMEOUT = "connect timeout"
    READ_TIMEOUT = "read timeout"  # nothing came for a while
    TOTAL_TIMEOUT = "total timeout"  # it took too long as a whole
    TOO_SLOW = "too slow"  # bytes came, but at a drip
    # In the framing and the head of the answer.
    BAD_FRAMING = "bad framing"  # not HTTP, two lengths, length and chunked at once
    ENDLESS_HEADERS = "endless headers"
    REDIRECT = "redirect"
    ENCODED = "encoded"  # compressed although we asked for plain bytes
    # In the body.
    CUT_SHORT = "cut short"  # it ended before its declared length
    TOO_LARGE = "too large"  # declared to be over the limit for any file
    OVER_LIMIT = "over the limit"  # nothing was declared, and it is over the limit for any file
    TOO_LONG = "too long"  # more bytes than were declared, or than an answer of this kind has
    HTML = "html"  # a web page where an answer or a file was expected
    NOT_JSON = "not json"
    WRONG_SHAPE = "wrong shape"  # JSON, but not what a look-up answers
    FOREIGN_URL = "foreign url"  # the look-up names a URL on a host that is not on the allow-list
    ERROR_BODY = "error body"  # a JSON error with status 200 where a file was expected
    WRONG_SIZE = "wrong size"
    WRONG_HASH = "wrong hash"
    # On our side.
    LOCAL = "local"  # our disk, our memory, our descriptors


class Exchange(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One request that was made, or refused before it was sent. Times are epoch seconds."""

    operation: str  # media.look_up or media.download
    declared_method: str
    at: float
    duration_s: float
    wire_method: str | None = None  # from the prepared request; None when none was prepared
    host: str | None = None
    peer_address: str | None = None  # the address really connected to
    status: int | None = None  # HTTP
    graph_code: int | None = None
    graph_subcode: int | None = None
    graph_message: str | None = None  # for logs only: never shown as it is
    trace_id: str | None = None
    retry_after_s: float | None = None
    usage_percent: float | None = None  # the fullest of the limits that the usage headers name
    regain_s: float | None = None  # when Graph says that access comes back
    trouble: Trouble | None = None
    server: str | None = None  # which of upstream's servers answered, if it says so
    api_version: str | None = None  # of Graph, where the operation has one
    fresh: bool | None = None  # whether the connection was made for this request; None when there was none
    detail: str | None = None  # one line, no token, no URL

    @property
    def succeeded(self) -> bool:
        """Whether the answer is what was asked for, whole and checked."""
        return self.trouble is None and self.status == 200 and self.graph_code is None


class Found(msgspec.Struct, frozen=True, gc=False):
    """What a look-up said about a file."""

    url: str
    url_expires_at: float  # epoch seconds; a guess when the URL does not say
    mime_type: str | None = None
    sha256: bytes | None = None  # 32 bytes, decoded from hex or base64
    size: int | None = None  # bytes


class Received(msgspec.Struct, frozen=True, gc=False):
    """What a download brought; the bytes themselves went to the writer."""

    size: int  # bytes
    sha256: bytes
    head: bytes  # the first 4,096 bytes or fewer, for sniffing
