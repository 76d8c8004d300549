"""Meta as the benchmarks need it, a process of its own: every look-up and every download answered, at little cost.

No opinion of Meta (that is the simulator's), only canned answers: one body for all media ids. It can speak TLS and can
hold every body after its first bytes until a number of them are under way at once, and take its time over each answer.
Started by the parts.
"""

import asyncio
import hashlib
import socket
import ssl
import time

from penstock.bench import bodies
from penstock.bench.processes import Facts, Parent, run

_SLICE_BYTES = 65_536
_SEND_BUFFER_BYTES = 262_144
_URL_LIFE_S = 300
_JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000"
)  # so that it is taken for the photo it is declared to be
_FILE_MARK = f"GET {bodies.FILE_PATH}".encode()
_LOOK_UP_MARK = f"GET {bodies.LOOK_UP_PATH}".encode()
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def content(size_bytes: int) -> bytes:
    """The one file that there is: reproducible, and not compressible by a file system."""
    blocks = -(-size_bytes // 32)
    noise = b"".join(hashlib.sha256(index.to_bytes(8, "big")).digest() for index in range(blocks))
    return (_JPEG + noise)[:size_bytes]


class Upstream:
    """What all connections share: the answers and the counts."""

    def __init__(self, *, size_bytes: int, pause_s: float = 0.0) -> None:
        self.pause_s = pause_s  # before every answer
        self.body = content(size_bytes)
        self.sha256 = hashlib.sha256(self.body).hexdigest()
        self.head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {size_bytes}\r\n\r\n".encode()
        self.large = size_bytes > _SLICE_BYTES
        self.base = ""
        self.looked_up = 0
        self.served = 0
        self.under_way = 0
        self.most_under_way = 0
        self._hold_until = 0
        self._let_go = asyncio.Event()
        self._let_go.set()

    def look_up(self, media_id: str) -> bytes:
        """The answer to a look-up."""
        self.looked_up += 1
        url = f"{self.base}{bodies.FILE_PATH}{media_id}&source=getMedia&ext={int(time.time()) + _URL_LIFE_S}&hash=ARm"
        answer = (
            f'{{"messaging_product":"whatsapp","url":"{url}","mime_type":"image/jpeg","sha256":"{self.sha256}",'
            f'"file_size":{len(self.body)},"id":"{media_id}"}}'
        ).replace("/", "\\/")
        return (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-fb-trace-id: AbCdEfGhIjK\r\n"
            f"Content-Length: {len(answer)}\r\n\r\n{answer}"
        ).encode()

    def hold(self, until: int) -> None:
        """From now on hold every body after its first bytes, until that many are under way at once."""
        self._hold_until = until
        self._let_go.clear()

    def began(self) -> None:
        """A body is under way."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        if self.under_way >= self._hold_until:
            self._let_go.set()  # from now on nobody is held

    async def let_go(self) -> None:
        """Wait until enough bodies are under way at once."""
        await self._let_go.wait()

    def ended(self, *, whole: bool) -> None:
        """A body is no longer under way."""
        self.under_way -= 1
        self.served += whole


class Connection(asyncio.Protocol):
    """Answers one request after the other."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._transport: asyncio.Transport | None = None
        self._pending = b""
        self._may_write = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's own is no subclass of asyncio's
        self._may_write.set()
        if self._upstream.large:
            # The kernel would take a large body off our hands long before the other side has read it.
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        del exc
        if self._sending is not None:
            self._sending.cancel()

    def pause_writing(self) -> None:
        """Called by the event loop: the other side reads more slowly than we write."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Called by the event loop."""
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        assert self._transport is not None
        self._pending += data
        if not self._pending.endswith(b"\r\n\r\n"):
            return
        request, self._pending = self._pending, b""
        if self._upstream.pause_s:
            asyncio.get_running_loop().call_later(self._upstream.pause_s, self._answer, request)
        else:
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        assert self._transport is not None
        if request.startswith(_FILE_MARK):
            self._send_file()
        elif request.startswith(_LOOK_UP_MARK):
            target = request.split(b" ", 2)[1].decode("ascii")
            self._transport.write(self._upstream.look_up(target.removeprefix(bodies.LOOK_UP_PATH).partition("?")[0]))
        else:
            self._transport.write(_NOT_FOUND)

    def _send_file(self) -> None:
        assert self._transport is not None
        upstream = self._upstream
        upstream.began()
        if upstream.large:
            self._sending = asyncio.create_task(self._send_slices())
            return
        self._transport.write(upstream.head + upstream.body)
        upstream.ended(whole=True)

    async def _send_slices(self) -> None:
        """A large body as the other side takes it: nothing of it is buffered here beyond the transport's own."""
        assert self._transport is not None
        body, whole = memoryview(self._upstream.body), False
        try:
            self._transport.write(self._upstream.head)
            for start in range(0, len(body), _SLICE_BYTES):
                self._transport.write(body[start : start + _SLICE_BYTES])
                await self._may_write.wait()
                await self._upstream.let_go()
            whole = True
        finally:
            self._upstream.ended(whole=whole)


async def work(told: Facts, parent: Parent) -> None:
    """Serve until the orders end; every order is answered with how far it is."""
    upstream = Upstream(size_bytes=told["size_bytes"], pause_s=told.get("pause_s", 0.0))
    tls = None
    if told.get("certificate"):
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(told["certificate"])
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(upstream), "127.0.0.1", 0, ssl=tls, backlog=1024
    )
    port = server.sockets[0].getsockname()[1]
    upstream.base = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    parent.say(url=upstream.base, port=port, sha256=upstream.sha256)
    while (order := await parent.order()) is not None:
        if order["order"] == "hold":
            upstream.hold(order["until"])
        parent.say(
            looked_up=upstream.looked_up,
            served=upstream.served,
            under_way=upstream.under_way,
            most_under_way=upstream.most_under_way,
        )
    server.close()


if __name__ == "__main__":
    run(work)
