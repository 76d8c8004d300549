"""The server's side of a connection: reads requests, has them answered, and carries out the plans, byte for byte.

It knows no Graph and no fault: whoever is asked (``Site``) says in a Plan what goes on the wire. One write for a short
answer, a task with flow control for everything else. Long answers never pile up in memory when a client reads slowly.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable
from typing import Protocol, cast

from .incoming import Incoming
from .plans import Answer, Close, Drip, Hang, Pause, Plan, Repeat, Reset, Send, Step, plainly
from .request_reader import Malformed, RequestReader

_SLICE_BYTES = 262_144
_AT_ONCE_BYTES = 131_072
_READ_AHEAD_BYTES = 1_048_576  # while an answer is under way, a client may send so much more
_DRIPS_PER_S = 10
_BEFORE_RESET_S = 0.05  # so that what was written is on its way before the reset overtakes it


class Site(Protocol):
    """Whoever answers the requests of a server."""

    def connected(self, connection: "Connection") -> None:
        """A client has connected."""

    def disconnected(self, connection: "Connection") -> None:
        """It has gone, or was cut off."""

    def answer(self, request: Incoming, connection: "Connection") -> Plan | Awaitable[Plan]:
        """What to put on the wire for a request."""

    def malformed(self, why: str, connection: "Connection") -> None:
        """A client sent something that is not HTTP; it is refused."""


class Connection(asyncio.Protocol):
    """One client's connection. ``number`` counts connections from 1, ``requests`` the requests on this one.

    ``server`` and ``door`` are for the site's own use: which server of its fleet this connection ended at, and by which
    of its addresses.
    """

    def __init__(self, site: Site, number: int) -> None:
        self.number = number
        self.requests = 0
        self.server: object = None
        self.door = 0
        self._site = site
        self._reader = RequestReader()
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)  # not one by type under uvloop
        self._transport.set_write_buffer_limits(high=_SLICE_BYTES)
        self._site.connected(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._reader.feed(data)
        if self._task is None:
            self._serve()
        elif self._reader.waiting_bytes > _READ_AHEAD_BYTES:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        del exc
        if self._task is not None:
            self._task.cancel()
        self.resume_writing()
        self._site.disconnected(self)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    @property
    def client(self) -> str:
        """The address that the client connected from."""
        peer = self._transport.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    @property
    def address(self) -> str:
        """Our own address, to which the client connected."""
        name = self._transport.get_extra_info("sockname")
        return str(name[0]) if name else ""

    def leave(self) -> None:
        """End this connection if nothing is under way on it, as servers do now and then."""
        if self._task is None and not self._reader.waiting_bytes:
            self._transport.close()

    async def cut(self) -> None:
        """End this connection at once."""
        task = self._task
        self._transport.abort()
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def _serve(self) -> None:
        """Answer what has been read, until an answer takes time or there is no more."""
        while not self._transport.is_closing():
            try:
                request = self._reader.next()
            except Malformed as error:
                self._refuse(error)
                return
            if request is None:
                if self._reader.take_expectation():
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            self.requests += 1
            answer = self._site.answer(request, self)
            if isinstance(answer, Plan) and self._drained is None and len(answer.steps) == 1:
                step = answer.steps[0]
                if type(step) is Send and len(step.data) <= _AT_ONCE_BYTES:
                    self._transport.write(step.data)
                    if not request.keep_alive:
                        self._transport.close()
                    continue
            self._task = self._loop.create_task(self._carry_out(answer, keep_alive=request.keep_alive))
            return

    def _refuse(self, error: Malformed) -> None:
        self._site.malformed(str(error), self)
        plan = plainly(Answer(error.status, b'{"error":{"message":"Bad Request"}}', headers={"Connection": "close"}))
        for step in plan.steps:
            if isinstance(step, Send):
                self._transport.write(step.data)
        self._transport.close()

    async def _carry_out(self, answer: Plan | Awaitable[Plan], *, keep_alive: bool) -> None:
        try:
            plan = answer if isinstance(answer, Plan) else await answer
            for step in plan.steps:
                await self._do(step)
        except ConnectionError:
            pass  # the client has left: that is its right
        except Exception:
            self._transport.abort()
            raise
        self._task = None
        if not keep_alive:
            self._transport.close()
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._serve()

    async def _do(self, step: Step) -> None:
        match step:
            case Send(data):
                await self._write(data)
            case Drip(data, bytes_per_s):
                await self._drip(data, bytes_per_s)
            case Repeat(data, total_bytes):
                await self._repeat(data, total_bytes)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Hang():
                await self._loop.create_future()
            case Close():
                self._transport.close()
            case Reset():
                await self._reset()

    async def _write(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _SLICE_BYTES):
            await self._room()
            self._transport.write(view[start : start + _SLICE_BYTES])

    async def _drip(self, data: bytes, bytes_per_s: float) -> None:
        step = max(1, int(bytes_per_s / _DRIPS_PER_S))
        for start in range(0, len(data), step):
            await self._room()
            self._transport.write(data[start : start + step])
            await asyncio.sleep(step / bytes_per_s)

    async def _repeat(self, data: bytes, total_bytes: int | None) -> None:
        block = data * max(1, _AT_ONCE_BYTES // len(data))
        left = total_bytes
        while left is None or left > 0:
            await self._room()
            piece = block if left is None or left >= len(block) else block[:left]
            self._transport.write(piece)
            left = None if left is None else left - len(piece)
            await asyncio.sleep(0)  # an endless answer must not take the loop for itself

    async def _room(self) -> None:
        """Wait until the client has read enough of what was written."""
        if self._transport.is_closing():
            raise ConnectionResetError
        if self._drained is not None:
            await self._drained

    async def _reset(self) -> None:
        await asyncio.sleep(_BEFORE_RESET_S)
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
