"""A raw server that keeps every byte it was sent and answers as it is told, and a Graph client pointed at it."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.limits import Limits

TOKEN = "EAAGtokenA"
MEDIA_ID = "1000000000000101"
PATH = "/whatsapp_business/attachments/?mid=1000000000000101&source=getMedia&ext=1795000300&hash=AR-x_y"

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]] | bytes
# For tests in which time must run out: one limit that is met, and the others so far away that a machine that stands
# still for a moment meets no other one instead.
SILENT = Limits(silence_s=0.3)
LATE_HEAD = Limits(head_s=0.6)
LATE_BODY = Limits(answer_s=0.4, file_s=0.5)


def http(
    status: int = 200, body: bytes = b"", *headers: str, kind: str = "application/json", length: bool = True
) -> bytes:
    """An answer as a well-behaved server writes it."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def graph_error(code: int, subcode: int | None = None, *, status: int = 400, message: str = "An error") -> bytes:
    """An answer with Graph's error object in it."""
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AExampleTrace"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return http(status, json.dumps({"error": error}).encode())


class RawServer:
    """Answers the requests that it gets one after another; the last answer is repeated."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.received = b""  # every byte of every connection
        self.requests: list[bytes] = []  # every head, in the order of arrival
        self.of_connection: list[int] = []  # the number of the connection on which each request came
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return self.base + PATH

    def answer(self, *answers: Answer) -> None:
        self.answers = list(answers)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self._open.add(writer)
        try:
            while True:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    byte = await reader.read(1)
                    if not byte:
                        return
                    head += byte
                    self.received += byte
                self.requests.append(head)
                self.of_connection.append(number)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(writer)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._open.discard(writer)
            writer.close()


def then_close(data: bytes) -> Answer:
    """Write, then end the connection in an orderly way."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return answer


def then_reset(data: bytes) -> Answer:
    """Write, then reset the connection."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.02)
        # Linger for no time at all: the close becomes a reset.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return answer


def slowly(data: bytes, *, first: bytes = b"", step: int = 1, every_s: float = 0.02) -> Answer:
    """Write ``first`` at once and the rest a little at a time."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
            await writer.drain()
            await asyncio.sleep(every_s)

    return answer


async def hang(writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(60)


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    raw = RawServer()
    await raw.start()
    yield raw
    await raw.stop()


@asynccontextmanager
async def graph_at(server: RawServer, **settings: Any) -> AsyncIterator[HttpGraph]:
    """A started client of this server."""
    known: dict[str, Any] = {
        "graph_url": server.base,
        "version": "v26.0",
        "media_hosts": ["127.0.0.1"],
        "allow_insecure": True,
    }
    graph = HttpGraph(**(known | settings))
    await graph.start()
    try:
        yield graph
    finally:
        await graph.stop()


@pytest.fixture
async def graph(server: RawServer) -> AsyncIterator[HttpGraph]:
    async with graph_at(server) as client:
        yield client


class Sink:
    """Where a download goes."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, chunk: bytes) -> None:
        self.data += chunk


@pytest.fixture
def sink() -> Sink:
    return Sink()
