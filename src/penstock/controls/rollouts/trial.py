"""The test stage at work: rehearses a recipe's requests, and fetches real files anew with it and with the one in use.

A rehearsal leads to a socket of our own, so a recipe whose requests are not the declared ones is refused before anybody
is asked. What is fetched is compared by size and hash and thrown away; it is no attempt of the file's, and nothing is
written. One file at a time, in the background, for the rounds do not wait. Made by ``wiring``; used by ``runner``.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from penstock.adapters.graph.port import Graph
from penstock.core.errors import PenstockError, Unreachable
from penstock.core.exchange import Exchange, Received, Trouble
from penstock.core.recipe import Recipe

_PATIENCE_S = 60.0  # for one file, by both recipes


class Rehearsed(Graph, Protocol):
    """Graph as one recipe asks it, which can look at its own requests."""

    async def rehearse(self) -> None:
        """Send every declared operation to a socket of our own. Raises ContractViolation, Unreachable."""


Open = Callable[[Recipe], Awaitable[Rehearsed]]


class File(NamedTuple):
    """What is fetched anew."""

    media_row: int
    media_id: str
    token: str
    sha256: bytes | None  # of the bytes that are attached, where there are some


class Compared(NamedTuple):
    """What came of a file. ``kind``: same, different, failed (with the new recipe alone), unsure or refused."""

    media_row: int
    kind: str
    detail: str = ""


class Trials:
    """Tries recipes out. ``open_graph`` makes Graph as a recipe asks it; not started."""

    def __init__(self, open_graph: Open, *, patience_s: float = _PATIENCE_S) -> None:
        self._open = open_graph
        self._patience_s = patience_s
        self._task: asyncio.Task[Compared] | None = None

    async def start(self) -> None:
        """Nothing is tried out yet."""

    async def stop(self) -> None:
        """Break off what is being tried out."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def rehearse(self, recipe: Recipe) -> str | None:
        """What is wrong with the requests of a recipe; None when they are the declared ones. Raises Unreachable."""
        try:
            await (await self._open(recipe)).rehearse()
        except Unreachable:
            raise
        except PenstockError as error:  # above all a ContractViolation; or its implementation is not installed
            return str(error)
        return None

    @property
    def busy(self) -> bool:
        """Whether a file is being compared, or its result was not taken yet."""
        return self._task is not None

    def compare(self, file: File, candidate: Recipe, current: Recipe) -> None:
        """Begin to fetch a file by both recipes."""
        self._task = asyncio.create_task(self._compared(file, candidate, current), name="rollout trial")

    def result(self) -> Compared | None:
        """What came of the file; None while it is not over."""
        task = self._task
        if task is None or not task.done():
            return None
        self._task = None
        return task.result()

    async def _compared(self, file: File, candidate: Recipe, current: Recipe) -> Compared:
        try:
            async with asyncio.timeout(self._patience_s):
                new, fetched = await self._fetch(candidate, file)
                if new.trouble is Trouble.CONTRACT and new.host is None:
                    return Compared(file.media_row, "unsure", "its media id is not fit for a request of any recipe")
                if new.trouble is Trouble.CONTRACT:
                    return Compared(file.media_row, "refused", new.detail or "its request was not the declared one")
                _, known = await self._fetch(current, file)
        except TimeoutError:
            return Compared(file.media_row, "unsure", f"it took longer than {self._patience_s:.0f} s")
        except PenstockError as error:
            return Compared(file.media_row, "unsure", str(error))
        return _judged(file, new, fetched, known)

    async def _fetch(self, recipe: Recipe, file: File) -> tuple[Exchange, "Fetched | None"]:
        graph = await self._open(recipe)
        await graph.start()
        try:
            exchange, found = await graph.look_up(file.media_id, token=file.token)
            if found is None:
                return exchange, None
            exchange, received = await graph.download(
                found.url, token=file.token, write=_thrown_away, sha256=found.sha256, size=found.size
            )
            return exchange, None if received is None else Fetched(received, found.sha256)
        finally:
            await graph.stop()


class Fetched(NamedTuple):
    """A file as it came, and the hash that upstream had declared for it."""

    received: Received
    declared: bytes | None


def _judged(file: File, new: Exchange, fetched: Fetched | None, known: Fetched | None) -> Compared:
    if fetched is None:
        if known is None:
            return Compared(file.media_row, "unsure", "neither recipe brought it")
        answered = f"Graph answered {new.status}" if new.status is not None else ""
        return Compared(file.media_row, "failed", new.detail or answered or (new.trouble.value if new.trouble else ""))
    hashes = {known.received.sha256} if known is not None else set()
    hashes |= {each for each in (file.sha256, fetched.declared) if each is not None}
    if not hashes:
        return Compared(file.media_row, "unsure", "the recipe in use did not bring it, and its hash is not known")
    if hashes == {fetched.received.sha256}:
        return Compared(file.media_row, "same")
    return Compared(file.media_row, "different", "its size or hash is not the one that it should have")


async def _thrown_away(chunk: bytes) -> None:
    del chunk
