"""Two hundred hostile answers at once: each ends in a verdict, and memory stays bounded while they last."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.adapters.graph.conftest import PATH, TOKEN

from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.limits import MIB, Limits
from penstock.core.exchange import Trouble

AT_ONCE = 200
SIZE = 4 * MIB  # what is declared of each file
MOST_EACH = 2 * MIB  # of memory: as the benchmark's target for an open download, though here both ends are counted
LIMITS = Limits(silence_s=1.5, head_s=3.0, file_s=4.0, drip_window_s=0.5, answer_s=2.0)
ALONE = Limits(silence_s=2.0, head_s=3.0, drip_window_s=0.5)
LATE = {Trouble.CONNECT_TIMEOUT, Trouble.READ_TIMEOUT, Trouble.TOTAL_TIMEOUT, Trouble.TOO_SLOW}
SLICE = b"\0" * 65_536
CHUNK = b"10000\r\n" + SLICE + b"\r\n"
LETTERS = b"a" * 65_536
FIELDS = b"X-A: b\r\n" * 4_096
INTERIM = b"HTTP/1.1 102 Processing\r\n\r\n" * 512

Writer = asyncio.StreamWriter


async def pour(writer: Writer, head: bytes, again: bytes) -> None:
    """Without an end, as fast as it is taken."""
    writer.write(head)
    while True:
        writer.write(again)
        await writer.drain()


async def glue(writer: Writer, first: bytes, second: bytes) -> None:
    """A whole answer, and another one behind it."""
    writer.write(first)
    for _ in range(SIZE // len(SLICE)):
        writer.write(SLICE)
        await writer.drain()
    await pour(writer, second, SLICE)


async def drip(writer: Writer, head: bytes) -> None:
    writer.write(head)
    while True:
        writer.write(b"\0")
        await writer.drain()
        await asyncio.sleep(0.05)


async def say(writer: Writer, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
    await asyncio.sleep(60)


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: image/jpeg", *lines, "", ""]).encode()


CHUNKED = head("Transfer-Encoding: chunked")
BOMB = gzip.compress(b"\0" * (10 * MIB))
HOSTILE: dict[str, tuple[Callable[[Writer], Awaitable[None]], set[Trouble]]] = {
    "ten gigabytes, declared": (lambda w: pour(w, head("Content-Length: 10000000000"), SLICE), {Trouble.TOO_LONG}),
    "endless chunks": (lambda w: pour(w, CHUNKED, CHUNK), {Trouble.TOO_LONG}),
    "endless, without a length": (lambda w: pour(w, head(), SLICE), {Trouble.TOO_LONG}),
    "an endless chunk extension": (lambda w: pour(w, CHUNKED + b"1;", LETTERS), {Trouble.READ_TIMEOUT}),
    "endless trailers": (lambda w: pour(w, CHUNKED + b"0\r\n", FIELDS), {Trouble.ENDLESS_HEADERS}),
    "endless headers": (lambda w: pour(w, b"HTTP/1.1 200 OK\r\n", FIELDS), {Trouble.ENDLESS_HEADERS}),
    "one endless header": (lambda w: pour(w, b"HTTP/1.1 200 OK\r\nX-A: ", LETTERS), {Trouble.ENDLESS_HEADERS}),
    "endless interim answers": (lambda w: pour(w, b"", INTERIM), {Trouble.READ_TIMEOUT}),
    "a drip": (lambda w: drip(w, head(f"Content-Length: {SIZE}")), {Trouble.TOO_SLOW}),
    "silence in the body": (
        lambda w: say(w, head(f"Content-Length: {SIZE}") + SLICE),
        {Trouble.READ_TIMEOUT, Trouble.TOO_SLOW},
    ),
    "a bomb": (
        lambda w: say(w, head("Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB),
        {Trouble.ENCODED},
    ),
    "another answer glued on without an end": (
        lambda w: glue(w, head(f"Content-Length: {SIZE}"), head("Content-Length: 9999999999")),
        {Trouble.WRONG_HASH},
    ),
}


class Meter:
    """The process's memory, its most while it was watched."""

    def __init__(self) -> None:
        self.before = self.most = self._now()

    @staticmethod
    def _now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    async def watch(self) -> None:
        while True:
            self.most = max(self.most, self._now())
            await asyncio.sleep(0.02)


@asynccontextmanager
async def hostile_server() -> AsyncIterator[str]:
    """Each connection gets the answer that its first query key names."""

    async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            number = int(request.split(b"kind=")[1].split(b" ")[0])
            await list(HOSTILE.values())[number][0](writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@asynccontextmanager
async def hostile_graph(limits: Limits) -> AsyncIterator[Callable[[int], Awaitable[Trouble | None]]]:
    """Fetches an answer by its number, over a slow disk; the trouble that it ended in."""

    async def slow_disk(_: bytes) -> None:
        await asyncio.sleep(0.01)

    async with hostile_server() as base:
        graph = HttpGraph(
            graph_url=base,
            version="v26.0",
            media_hosts=["127.0.0.1"],
            allow_insecure=True,
            concurrency=AT_ONCE,
            limits=limits,
        )

        async def fetch(kind: int) -> Trouble | None:
            exchange, received = await graph.download(
                f"{base}{PATH}&kind={kind}", token=TOKEN, write=slow_disk, sha256=b"\x01" * 32, size=SIZE
            )
            assert received is None
            return exchange.trouble

        await graph.start()
        yield fetch
        await graph.stop()


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_body_ends_in_its_trouble(kind: str) -> None:
    async with hostile_graph(ALONE) as fetch, asyncio.timeout(60):
        assert await fetch(list(HOSTILE).index(kind)) in HOSTILE[kind][1]


async def test_two_hundred_at_once_end_in_verdicts_and_bounded_memory() -> None:
    async with hostile_graph(LIMITS) as fetch, asyncio.timeout(90):
        meter = Meter()
        watching = asyncio.create_task(meter.watch())
        kinds = [each % len(HOSTILE) for each in range(AT_ONCE)]
        met = await asyncio.gather(*map(fetch, kinds))
        watching.cancel()
    names = list(HOSTILE)
    # On a busy machine some are late before they are wrong.
    unforeseen = [
        (names[k], trouble) for k, trouble in zip(kinds, met, strict=True) if trouble not in HOSTILE[names[k]][1] | LATE
    ]
    assert unforeseen == []
    assert (meter.most - meter.before) / AT_ONCE < MOST_EACH
