"""The floor of ``fetch``, a process of its own: a bare client loop that does the same work and keeps no record of it.

It looks up, downloads, hashes, compares, writes and fsyncs, with aiohttp and one thread hop per file: what a program
would do that may lose files when it dies. Started by the part.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import msgspec

from penstock.bench import bodies
from penstock.bench.clocks import Clocks
from penstock.bench.processes import Facts, Parent, run

_THREADS = 16  # as many as Penstock's own writer has


class _Found(msgspec.Struct):
    url: str
    sha256: str
    file_size: int


class _WrongBytesError(Exception):
    """The upstream of a benchmark sent something else than it said."""


_decoder = msgspec.json.Decoder(_Found)


class Loop:
    """Some workers over one list of media ids."""

    def __init__(self, base: str, folder: Path, session: aiohttp.ClientSession, pool: ThreadPoolExecutor) -> None:
        self._base = base
        self._folder = folder
        self._session = session
        self._pool = pool
        self.clocks = Clocks()

    async def work(self, media_ids: Iterator[str]) -> None:
        """One worker."""
        for media_id in media_ids:
            await self._one(media_id)
            self.clocks.one_more()

    async def _one(self, media_id: str) -> None:
        async with self._session.get(f"{self._base}{bodies.LOOK_UP_PATH}{media_id}") as answer:
            found = _decoder.decode(await answer.read())
        digest, parts = hashlib.sha256(), []
        async with self._session.get(found.url) as answer:
            async for chunk in answer.content.iter_any():
                digest.update(chunk)
                parts.append(chunk)
        if digest.hexdigest() != found.sha256:
            raise _WrongBytesError(media_id)
        await asyncio.get_running_loop().run_in_executor(self._pool, _write, self._folder / media_id, parts)


def _write(path: Path, parts: Sequence[bytes]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if os.writev(fd, parts) != sum(map(len, parts)):
            raise OSError(errno.ENOSPC, "not everything was written")
        os.fsync(fd)
    finally:
        os.close(fd)


async def work(told: Facts, parent: Parent) -> None:
    """Be ready; ``fetch`` tells what it took, ``begin`` waits for nothing, ``count`` tells how far it is."""
    headers = {"Authorization": f"Bearer {bodies.TOKEN}", "Accept-Encoding": "identity", "User-Agent": "bare"}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=told["concurrency"]),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers=headers,
    ) as session:
        with ThreadPoolExecutor(_THREADS) as pool, contextlib.ExitStack() as stack:
            loop = Loop(told["graph_url"], Path(told["folder"]), session, pool)
            parent.say()
            while (order := await parent.order()) is not None:
                if order["order"] == "count":
                    parent.say(**loop.clocks.so_far(), not_attached={})
                    continue
                items = order.get("warm_up", 0) + order["items"]
                first = told.get("number", 0) * items
                media_ids = iter([bodies.media_id(number) for number in range(first, first + items)])
                if order["order"] == "begin":
                    working = asyncio.gather(*(loop.work(media_ids) for _ in range(told["concurrency"])))
                    stack.callback(working.cancel)
                    parent.say()
                    continue
                window = loop.clocks.window(warm_up=order["warm_up"], items=order["items"])
                await asyncio.gather(*(loop.work(media_ids) for _ in range(told["concurrency"])))
                parent.say(**await window, not_attached={})


if __name__ == "__main__":
    run(work)
