"""The benchmarks' own upstream keeps its word: sizes, hashes, and bodies that are truly under way at once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from penstock.bench import bodies
from penstock.bench.upstream import Connection, Upstream, content

LARGE = 200_000


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    made = Upstream(size_bytes=LARGE)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(made), "127.0.0.1", 0)
    made.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


async def test_a_look_up_leads_to_the_file_that_it_declares(upstream: Upstream) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{upstream.base}{bodies.LOOK_UP_PATH}123") as answer:
            found = await answer.json()
        async with session.get(found["url"]) as answer:
            file = await answer.read()
    assert (found["id"], found["file_size"]) == ("123", len(file) == LARGE and LARGE)
    assert found["sha256"] == hashlib.sha256(file).hexdigest()
    assert (upstream.looked_up, upstream.served) == (1, 1)


async def test_what_nobody_declared_is_not_found(upstream: Upstream) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{upstream.base}/else") as answer:
        assert answer.status == 404


async def test_bodies_are_held_until_enough_are_under_way(upstream: Upstream) -> None:
    upstream.hold(2)
    url = f"{upstream.base}{bodies.FILE_PATH}1"
    async with aiohttp.ClientSession() as session:
        first = asyncio.create_task(_bytes(session, url))
        while not upstream.under_way:
            await asyncio.sleep(0.001)
        assert not first.done()
        assert await _bytes(session, url) == await first == LARGE
    assert (upstream.most_under_way, upstream.under_way, upstream.served) == (2, 0, 2)


async def _bytes(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(url) as answer:
        return len(await answer.read())


def test_the_file_is_the_same_every_time_and_looks_like_a_photo() -> None:
    assert content(1_000) == content(1_000)
    assert content(1_000).startswith(b"\xff\xd8\xff")
    assert [len(content(size)) for size in (0, 1, 31, 33, 65_536)] == [0, 1, 31, 33, 65_536]
