"""The load generator sends everything once, at a pace or as fast as it can, and never hangs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from penstock.bench.load import pace, saturate
from penstock.bench.wire import Pool

Serve = Callable[[bytes], Awaitable[Pool]]
REQUEST = b"GET / HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
async def serving() -> AsyncIterator[Serve]:
    """Starts a server that answers each request so, or hangs up when there is no answer; a pool of two connections."""
    started: list[tuple[asyncio.Server, Pool]] = []
    answering: list[asyncio.Future[None]] = []

    async def serve(text: bytes) -> Pool:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError):
                while await reader.readuntil(b"\r\n\r\n") and text:
                    writer.write(text)
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


async def test_every_request_is_sent_once(serving: Serve) -> None:
    pool = await serving(ANSWER)
    await saturate(pool, [REQUEST] * 50)
    await saturate(pool, [REQUEST] * 7)
    assert (pool.answered, pool.errors, len(pool.free)) == (57, 0, 2)


async def test_at_a_pace_each_request_has_its_own_time(serving: Serve) -> None:
    pool = await serving(ANSWER)
    facts = await pace(pool, [REQUEST] * 20, rate_per_s=2_000)
    assert len(facts["took_s"]) == len(facts["lag_s"]) == 20
    assert all(took > 0 for took in facts["took_s"])


async def test_connections_that_are_lost_are_errors_and_nothing_waits_for_them(serving: Serve) -> None:
    pool = await serving(b"")
    await saturate(pool, [REQUEST] * 5)
    assert (pool.answered, pool.errors, pool.gone) == (0, 2, True)
    with pytest.raises(ConnectionError):
        await saturate(pool, [REQUEST])


async def test_a_pace_without_a_server_ends(serving: Serve) -> None:
    pool = await serving(b"")
    with pytest.raises(ConnectionError):
        await pace(pool, [REQUEST] * 50, rate_per_s=200)
