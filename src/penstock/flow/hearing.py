"""Hearing: looks again as soon as another process says that something has changed.

A word that comes while it is looking makes it look once more; many at once are one. It is a courtesy: whatever it looks
at is also looked at now and then without it. Started by ``wiring``.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from penstock.core.errors import PenstockError
from penstock.ledger.book import Ledger

_log = structlog.get_logger()


class Hearing:
    """Calls ``look`` when something is told on a channel."""

    def __init__(self, ledger: Ledger, channel: str, look: Callable[[], Awaitable[object]]) -> None:
        self._ledger = ledger
        self._channel = channel
        self._look = look
        self._told = asyncio.Event()
        self._end: Callable[[], None] = lambda: None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._end = self._ledger.signals.subscribe(self._channel, self._told.set)
        self._task = asyncio.create_task(self._keep(), name=f"hearing {self._channel}")

    async def stop(self) -> None:
        """Listen no more."""
        self._end()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            try:
                await self._look()
            except PenstockError as error:
                _log.warning("hearing.store_unavailable", channel=self._channel, reason=str(error))
            except Exception:  # noqa: BLE001 -- a mistake of ours: what was to be looked at is looked at later
                _log.exception("hearing.failed", channel=self._channel)
