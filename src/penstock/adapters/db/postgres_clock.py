"""The database's clock without a question each time: asked once a second, carried on by the monotonic clock between.

So every process of an installation has the same time, whatever its own machine says. While the database is away the
last answer is carried on. Used by ``postgres``.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from penstock.core.errors import PenstockError

_EVERY_S = 1.0
_SAYS_LITTLE_S = 2.0  # an answer that took longer


class Clock:
    """Epoch seconds of the database. ``ask`` brings its answer."""

    def __init__(self, ask: Callable[[], Awaitable[float]]) -> None:
        self._ask = ask
        self._ahead_s: float | None = None  # how far its clock is ahead of our monotonic one
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def now(self) -> float:
        """Epoch seconds. Raises what ``ask`` raises as long as it was never answered."""
        if self._ahead_s is None:
            await self._learn()
        elif self._asking is None and time.monotonic() - self._asked_at >= _EVERY_S:
            self._asking = asyncio.create_task(self._again(), name="database clock")
        assert self._ahead_s is not None
        return time.monotonic() + self._ahead_s

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking

    async def _learn(self) -> None:
        began = time.monotonic()
        answer = await self._ask()
        self._asked_at = time.monotonic()
        if self._ahead_s is not None and self._asked_at - began > _SAYS_LITTLE_S:
            return  # when within that time it was read, nobody knows
        self._ahead_s = answer - (began + self._asked_at) / 2  # it was read about half-way

    async def _again(self) -> None:
        try:
            await self._learn()
        except PenstockError:
            self._asked_at = time.monotonic()  # it is away: the answer that we have is carried on
        finally:
            self._asking = None
