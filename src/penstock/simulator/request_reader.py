"""Reads HTTP/1.1 requests out of the bytes of a connection, keeping method, target and headers as they came.

A parser of its own, because the record must show what a client really sent, a lower-case method included. It answers
nothing and knows no socket. One reader belongs to one connection of ``wire``.
"""

from .incoming import Incoming

MAX_HEAD_BYTES = 65_536
MAX_BODY_BYTES = 120_000_000
_PARTS_OF_A_REQUEST_LINE = 3


class Malformed(Exception):  # noqa: N818 - it says what the request is
    """These bytes are not an HTTP request that can be answered; ``status`` is what a server says to that."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class RequestReader:
    """Takes bytes in any pieces, gives requests one by one. After Malformed the connection is of no more use."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Incoming | None = None
        self._length: int | None = 0  # bytes of body; None when it is chunked
        self._waits_for_continue = False

    def feed(self, data: bytes) -> None:
        """Bytes that came."""
        self._buffer += data

    @property
    def waiting_bytes(self) -> int:
        """How many bytes have come of what is not a request yet."""
        return len(self._buffer)

    def take_expectation(self) -> bool:
        """Whether the client holds its body back until it hears ``100 Continue``; true once for each such request."""
        waits, self._waits_for_continue = self._waits_for_continue, False
        return waits

    def next(self) -> Incoming | None:
        """The next complete request, None while there is none. Raises Malformed."""
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD_BYTES:
                    raise Malformed(431, "the head of the request is too long")
                return None
            text = self._buffer[:end].decode("latin-1")
            del self._buffer[: end + 4]
            self._read_head(text)
        head = self._head
        assert head is not None
        if self._length != 0:
            body = self._chunked_body() if self._length is None else self._sized_body(self._length)
            if body is None:
                return None
            head.body = body
        self._head = None
        self._waits_for_continue = False
        return head

    def _read_head(self, text: str) -> None:
        lines = text.split("\r\n")
        line = lines[0].split(" ")
        if len(line) != _PARTS_OF_A_REQUEST_LINE or not line[2].startswith("HTTP/1."):
            raise Malformed(400, "the request line is malformed")
        head = Incoming(line[0], line[1], [], keep_alive=line[2] != "HTTP/1.0")
        self._length = 0
        for field in lines[1:]:
            name, colon, value = field.partition(":")
            if not colon or not name or name != name.strip():
                raise Malformed(400, "a header is malformed")
            name, value = name.lower(), value.strip()
            head.headers.append((name, value))
            if name in _FRAMING:
                self._frame(head, name, value)
        self._head = head

    def _frame(self, head: Incoming, name: str, value: str) -> None:
        if name == "content-length":
            if not value.isdecimal() or self._length is None or self._length not in {0, int(value)}:
                raise Malformed(400, "Content-Length is malformed")
            if int(value) > MAX_BODY_BYTES:
                raise Malformed(413, "the body is too long")
            self._length = int(value)
        elif name == "transfer-encoding":
            if value.lower() != "chunked" or self._length:
                raise Malformed(400, "Transfer-Encoding is malformed")
            self._length = None
        elif name == "connection":
            head.keep_alive = "close" not in value.lower() and (head.keep_alive or "keep-alive" in value.lower())
        elif name == "expect":
            self._waits_for_continue = "100-continue" in value.lower()

    def _sized_body(self, length: int) -> bytes | None:
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _chunked_body(self) -> bytes | None:
        """The body out of its chunks, once the last of them is here. Trailers are read and forgotten."""
        if len(self._buffer) > MAX_BODY_BYTES:
            raise Malformed(413, "the body is too long")
        parts: list[bytes] = []
        at = 0
        while True:
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                return None
            size = _chunk_size(bytes(self._buffer[at:end]))
            if size == 0:
                stop = self._buffer.find(b"\r\n\r\n", end)
                if stop < 0:
                    return None
                del self._buffer[: stop + 4]
                return b"".join(parts)
            start = end + 2
            if len(self._buffer) < start + size + 2:
                return None
            parts.append(bytes(self._buffer[start : start + size]))
            at = start + size + 2


_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "expect"})


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise Malformed(400, "a chunk size is malformed") from None
