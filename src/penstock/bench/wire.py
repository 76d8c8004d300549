"""Client connections that cost little: send finished requests, read just enough of the answers to go on.

No parser: a status, a length, nothing else. It is for servers that we started ourselves, so an answer that it does not
understand ends the connection. Used by the load generator.
"""

import asyncio
from collections import deque
from collections.abc import Callable

_LENGTH = b"content-length:"
_LAST_CHUNK = b"0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._left = 0  # bytes of the body that are still to come
        self._chunked = False
        self._status = 0
        self.sent_at = 0.0  # for whoever measures

    def send(self, request: bytes) -> None:
        """Write a request."""
        assert self._transport is not None
        self._transport.write(request)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's own is no subclass of asyncio's

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        del exc
        self._pool.lost(self)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self._chunked:
            self._over(ended=data.endswith(_LAST_CHUNK))
        elif self._left:
            self._left -= len(data)
            self._over(ended=self._left <= 0)
        else:
            self._begin(self._head + data)

    def _begin(self, data: bytes) -> None:
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            self._head = data
            return
        self._head = b""
        self._status = int(head[9:12])
        _, found, after = head.lower().partition(_LENGTH)
        if found:
            self._left = int(after.partition(b"\r\n")[0]) - len(body)
            self._over(ended=self._left <= 0)
        else:
            self._chunked = True
            self._over(ended=body.endswith(_LAST_CHUNK))

    def _over(self, *, ended: bool) -> None:
        if ended:
            self._left, self._chunked = 0, False
            self._pool.answer(self, self._status)


class Pool:
    """Some connections to one server, or to several in turn.

    Whoever sends sets what is done with an answer, and with a request lost.
    """

    def __init__(self, host: str, *ports: int) -> None:
        self._host = host
        self._ports = ports
        self._open: set[Connection] = set()
        self._under_way: set[Connection] = set()
        self.free: deque[Connection] = deque()
        self.on_answer: Callable[[Connection], None] = lambda _: None
        self.on_lost: Callable[[], None] = lambda: None
        self.answered = 0
        self.errors = 0

    async def connect(self, connections: int) -> None:
        """Open that many."""
        loop = asyncio.get_running_loop()
        for number in range(connections):
            port = self._ports[number % len(self._ports)]
            _, connection = await loop.create_connection(lambda: Connection(self), self._host, port)
            self._open.add(connection)
            self.free.append(connection)

    def close(self) -> None:
        """Close everything."""
        for connection in list(self._open):
            connection.close()

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return not self._under_way

    @property
    def gone(self) -> bool:
        """Every connection was closed."""
        return not self._open

    def send(self, connection: Connection, request: bytes) -> None:
        """Write a request on a connection that is not among the free ones any more."""
        self._under_way.add(connection)
        connection.send(request)

    def answer(self, connection: Connection, status: int) -> None:
        """Called by a connection."""
        self._under_way.discard(connection)
        self.answered += 1
        self.errors += status != 200
        self.on_answer(connection)

    def lost(self, connection: Connection) -> None:
        """Servers close what is idle for long; what was under way on it is an error."""
        self._open.discard(connection)
        if connection in self._under_way:
            self._under_way.discard(connection)
            self.errors += 1
            self.on_lost()
        if connection in self.free:
            self.free.remove(connection)
