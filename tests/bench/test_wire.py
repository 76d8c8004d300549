"""The cheap client reads the answers that real servers give, however they are cut into pieces."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from penstock.bench.load import saturate
from penstock.bench.wire import Pool

Serve = Callable[[list[bytes]], Awaitable[Pool]]
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
async def serving() -> AsyncIterator[Serve]:
    """Starts a server that answers each request with the pieces given, and a pool of two connections to it."""
    started: list[tuple[asyncio.Server, Pool]] = []
    answering: list[asyncio.Future[None]] = []

    async def serve(pieces: list[bytes]) -> Pool:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError):
                while await reader.readuntil(b"\r\n\r\n") and pieces:
                    for piece in pieces:
                        writer.write(piece)
                        await asyncio.sleep(0.001)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            answering.append(asyncio.ensure_future(answer(reader, writer)))

        server = await asyncio.start_server(begin, "127.0.0.1", 0)
        pool = Pool("127.0.0.1", server.sockets[0].getsockname()[1])
        await pool.connect(2)
        started.append((server, pool))
        return pool

    yield serve
    for server, pool in started:
        pool.close()
        server.close()
    await asyncio.gather(*answering, return_exceptions=True)


@pytest.mark.parametrize(
    "pieces",
    [
        [LENGTH],
        [LENGTH[:7], LENGTH[7:25], LENGTH[25:41], LENGTH[41:]],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n"],
    ],
)
async def test_every_request_is_answered_once(serving: Serve, pieces: list[bytes]) -> None:
    pool = await serving(pieces)
    await saturate(pool, [b"GET / HTTP/1.1\r\n\r\n"] * 9)
    assert (pool.answered, pool.errors) == (9, 0)


async def test_an_answer_other_than_200_is_an_error(serving: Serve) -> None:
    pool = await serving([b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"])
    await saturate(pool, [b"GET / HTTP/1.1\r\n\r\n"] * 3)
    assert (pool.answered, pool.errors) == (3, 3)
