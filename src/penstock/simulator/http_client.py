"""The client's side of HTTP/1.1, as much of it as posting webhooks and driving another simulator takes.

Keep-alive connections to one origin, one request on each at a time, every failure an answer and not an exception. It
follows no redirect. Used by the webhook sender and by ``remote``.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

_IDLE_S = 2.0  # servers close idle connections after some seconds; a shorter patience never races them
_KEPT_BYTES = 8_388_608


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a status and a body, or (status None) what went wrong."""

    status: int | None
    body: bytes = b""
    error: str | None = None


class HttpClient:
    """Requests to one origin. ``url`` gives scheme, host and port; its path is for the caller."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is not an http or https address")
        self._host, self._tls = parts.hostname, ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._authority = parts.netloc.rpartition("@")[2]
        self._idle: list[tuple[float, _Line]] = []
        self._open: set[_Line] = set()

    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float
    ) -> Reply:
        """Send a request and wait so long for the whole answer."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._authority}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        line = None
        try:
            async with asyncio.timeout(timeout_s):
                line = await self._line()
                reply = await line.exchange(head + body)
        except TimeoutError:
            reply = Reply(None, error=f"no answer within {timeout_s:g} s")
        except (OSError, ssl.SSLError) as error:
            reply = Reply(None, error=f"{type(error).__name__}: {error.strerror or error}")
        finally:
            if line is not None:
                self._put_back(line)
        return reply

    def close(self) -> None:
        """End all connections."""
        for line in tuple(self._open):
            line.drop()
        self._idle.clear()

    async def _line(self) -> "_Line":
        now = asyncio.get_running_loop().time()
        while self._idle:
            since, line = self._idle.pop()
            if line.usable and now - since < _IDLE_S:
                return line
            line.drop()
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: _Line(self._open), self._host, self._port, ssl=self._tls)
        return line

    def _put_back(self, line: "_Line") -> None:
        if line.usable:
            self._idle.append((asyncio.get_running_loop().time(), line))
        else:
            line.drop()


class _Line(asyncio.Protocol):
    """One connection. ``usable`` means that it may carry another request."""

    def __init__(self, open_lines: "set[_Line]") -> None:
        self._open = open_lines
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._waiting: asyncio.Future[Reply] | None = None
        self.usable = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # not one by type under uvloop
        self._open.add(self)
        self.usable = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self.usable = False
        if self._waiting is not None and not self._waiting.done():
            reply = _parsed(self._buffer, ended=True)
            self._waiting.set_result(reply or Reply(None, error=_why(exc)))

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.drop()  # nobody asked
            return
        self._buffer += data
        try:
            reply = _parsed(self._buffer, ended=False)
        except ValueError:
            reply = Reply(None, error="the answer is not HTTP")
        if reply is None and len(self._buffer) > _KEPT_BYTES:
            reply = Reply(None, error="the answer is too long")
        if reply is not None:
            self.usable = reply.status is not None and not _closes(self._buffer)
            self._waiting.set_result(reply)

    async def exchange(self, data: bytes) -> Reply:
        """Write a request, wait for its answer. Cut short, the connection is of no more use."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()
        usable, self.usable = self.usable, False
        if not usable:
            return Reply(None, error="the connection was closed")
        self._transport.write(data)
        try:
            return await self._waiting
        finally:
            self._waiting = None

    def drop(self) -> None:
        self.usable = False
        with contextlib.suppress(RuntimeError):  # the loop may be closed already
            self._transport.abort()


def _why(exc: Exception | None) -> str:
    return "the connection was closed without an answer" if exc is None else f"{type(exc).__name__}: {exc}"


def _closes(answer: bytearray) -> bool:
    head = bytes(answer[: answer.find(b"\r\n\r\n")]).lower()
    return b"connection: close" in head or head.startswith(b"http/1.0")


def _parsed(buffer: bytearray, *, ended: bool) -> Reply | None:
    """The answer in these bytes, once it is whole. Raises ValueError when it is none."""
    start = buffer.find(b"\r\n\r\n")
    if start < 0:
        return None
    lines = bytes(buffer[:start]).decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
        raise ValueError(lines[0])
    status = int(rest[:3])
    if status < 200:  # an interim answer: the real one follows
        del buffer[: start + 4]
        return _parsed(buffer, ended=ended)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    body = bytes(buffer[start + 4 :])
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return Reply(status, _unchunked(body)) if body.endswith(b"0\r\n\r\n") else None
    if "content-length" in headers:
        length = int(headers["content-length"])
        return Reply(status, body[:length]) if len(body) >= length else None
    return Reply(status, body) if ended or status in {204, 304} else None


def _unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        parts.append(body[:length])
        body = body[length + 2 :]
        if not length:
            break
    return b"".join(parts)
