"""Looks at the clocks now and then, and says in one line when one of them is wrong.

Penstock goes by the database's clock. A machine whose own differs is harmless here and a nuisance elsewhere (TLS,
signed requests to a bucket); a database's that jumps makes leases and delays run out sooner or later than was meant.
Nothing is corrected. Started by ``wiring`` in every process.
"""

import asyncio
import contextlib
import time

import structlog

from penstock.core import outage
from penstock.core.errors import PenstockError
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

MAY_DIFFER_S = 5.0  # of a machine's clock and the database's
_EVERY_S = 10.0
_APART = "nothing is expired or leased by it, for Penstock goes by the database's; keep both right with NTP"
_JUMPED = "files that were under way may be fetched again, and what was to be tried again is due sooner or later"


class Timekeeping:
    """Compares the database's clock with this machine's, and with itself."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._apart = False
        self._ahead_s: float | None = None  # how far the database's clock is ahead of our monotonic one
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._keep(), name="timekeeping")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> None:
        """Compare once. Raises Unreachable when the database never said what time it is."""
        now = await self._ledger.now()
        was_s, self._ahead_s = self._ahead_s, now - time.monotonic()
        if was_s is not None and abs(self._ahead_s - was_s) > MAY_DIFFER_S:
            _log.warning("clock.jumped", by_s=round(self._ahead_s - was_s), meaning=_JUMPED)
        ahead_s = time.time() - now
        before, self._apart = self._apart, abs(ahead_s) > MAY_DIFFER_S
        if self._apart and not before:
            _log.warning("clock.apart", machine_ahead_s=round(ahead_s), meaning=_APART)
        elif before and not self._apart:
            _log.info("clock.together_again")

    async def _keep(self) -> None:
        while True:
            try:
                await self.look()
            except PenstockError as error:
                _log.log(outage.level(error), "clock.unknown", reason=str(error))
            await asyncio.sleep(_EVERY_S)
