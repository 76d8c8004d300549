"""The stamper: gives the events of the feed their positions, a moment after their commit, by one process at a time.

Where transactions commit in another order than they begin, nobody else can know an event's place: a reader that follows
the feed would pass by what is committed late. Not needed on SQLite, where the row is the place. Started by ``wiring``.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from penstock.core import outage
from penstock.core.errors import PenstockError
from penstock.flow.leading import Lead
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

ROLE = "watcher"
_AT_ONCE = 2_000
_EVERY_S = 0.1
_NOT_LEADING_S = 1.0
_AGAIN_S = 1.0


class Stamping:
    """Stamps while it leads. ``changed`` is called when there is something new to read."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        owner: str,
        changed: Callable[[], None] = lambda: None,
        every_s: float = _EVERY_S,
    ) -> None:
        self._ledger = ledger
        self._lead = Lead(ledger, ROLE, owner=owner)
        self._changed = changed
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to ask for the lead, and to stamp."""
        self._task = asyncio.create_task(self._keep(), name="stamping")

    async def stop(self) -> None:
        """Stamp no more, and let somebody else lead."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._lead.leave()

    async def _keep(self) -> None:
        while True:
            try:
                pause_s = await self._turn()
            except PenstockError as error:
                _log.log(outage.level(error), "stamping.store_unavailable", reason=str(error))
                pause_s = _AGAIN_S
            except Exception:  # noqa: BLE001 -- a mistake of ours: events wait meanwhile, and none is lost
                _log.exception("stamping.failed")
                pause_s = _AGAIN_S
            await asyncio.sleep(pause_s)

    async def _turn(self) -> float:
        """Stamp what is there, when it is ours to do; how long nothing is to be done then."""
        if not await self._lead.ours():
            return _NOT_LEADING_S
        if not await self._ledger.feed.unstamped():
            return self._every_s
        given = await self._ledger.feed.stamp(limit=_AT_ONCE)
        if given:
            self._changed()
        return 0.0 if given == _AT_ONCE else self._every_s
