"""What is put on a connection, step by step: bytes, waits, cuts. A plan is a value; ``wire`` carries it out.

Made by ``misbehave`` (pure) for Graph and the file server, and by the control endpoint for its own answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes, no faster than the client reads."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Drip:
    """Write these bytes slowly, by real seconds."""

    data: bytes
    bytes_per_s: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """Write the same bytes again and again, until so many are written (None: until the client leaves)."""

    data: bytes
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many real seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Do nothing more on this connection, ever."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection in an orderly way, after what was written."""


@dataclass(frozen=True, slots=True)
class Reset:
    """End the connection with a TCP reset."""


Step = Send | Drip | Repeat | Pause | Hang | Close | Reset


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one answer, and the status that a record of it shows (0 when no status goes out)."""

    steps: tuple[Step, ...]
    status: int


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer before it becomes bytes. ``headers`` come besides Content-Type and Content-Length."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)


REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def head(answer: Answer, *framing: str) -> bytes:
    """The status line and headers of an answer; ``framing`` are the header lines that say where its body ends."""
    lines = [
        f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}",
        f"Content-Type: {answer.content_type}",
        *framing,
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


_JOIN_UP_TO_BYTES = 65_536


def plainly(answer: Answer, *headers: str) -> Plan:
    """The plan of a server that behaves; ``headers`` are lines besides the answer's own."""
    start = head(answer, f"Content-Length: {len(answer.body)}", *headers)
    if len(answer.body) <= _JOIN_UP_TO_BYTES:  # one write, one packet or few
        return Plan((Send(start + answer.body),), answer.status)
    return Plan((Send(start), Send(answer.body)), answer.status)
