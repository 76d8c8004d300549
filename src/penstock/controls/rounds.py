"""The watch's rounds: about once a second, whoever leads shows every control what was tried since the last round.

Controls are made anew whenever the lead is taken, and are shown the last minutes first: so what a leader knows besides
what it keeps in the ledger dies with it, and the next one knows the same. A control that raises or hangs is logged and
stops no other one. It judges nothing. Started by ``wiring`` in the role watcher.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from penstock.core import outage
from penstock.core.errors import PenstockError
from penstock.core.seen import Seen
from penstock.flow.leading import LEASE_S, Lead
from penstock.ledger.book import Ledger
from penstock.ledger.tail import Tail

_log = structlog.get_logger()

ROLE = "watch"
REMEMBERED_S = 300.0  # so far back a new leader looks
_EVERY_S = 1.0
_NOT_LEADING_S = 1.0
_AGAIN_S = 1.0
_PAGE = 1_000
_PATIENCE_S = 10.0  # a control that takes longer is left behind


class Control(Protocol):
    """Something that watches and steers. It may set gates, and it must be harmless when two do it at once."""

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """What was tried since the last time, in order; nothing may have been. Called about once a second.

        The first time after it was made it is shown the last minutes, perhaps in several pieces.
        """


class Rounds:
    """Makes the rounds while it leads. ``controls`` make one control each, for the time of one lead."""

    def __init__(
        self,
        ledger: Ledger,
        controls: Sequence[Callable[[], Control]],
        *,
        owner: str,
        every_s: float = _EVERY_S,
        remembered_s: float = REMEMBERED_S,
        lease_s: float = LEASE_S,
    ) -> None:
        self._ledger = ledger
        self._make = controls
        self._lead = Lead(ledger, ROLE, owner=owner, lease_s=lease_s)
        self._every_s = every_s
        self._remembered_s = remembered_s
        self._tail: Tail | None = None
        self._controls: list[Control] = []
        self._task: asyncio.Task[None] | None = None
        self.made = 0  # rounds, so far

    @property
    def leads(self) -> bool:
        """Whether this process makes the rounds now."""
        return self._lead.leads

    async def start(self) -> None:
        """Begin to ask for the lead, and to make the rounds."""
        self._task = asyncio.create_task(self._keep(), name="watch")

    async def stop(self) -> None:
        """Make no more rounds, and let somebody else lead."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._lead.leave()

    async def _keep(self) -> None:
        while True:
            try:
                pause_s = await self._round()
            except PenstockError as error:
                _log.log(outage.level(error), "watch.store_unavailable", reason=str(error))
                pause_s = _AGAIN_S
            except Exception:  # noqa: BLE001 -- a mistake of ours: files are fetched meanwhile, only unwatched
                _log.exception("watch.failed")
                pause_s = _AGAIN_S
            await asyncio.sleep(pause_s)

    async def _round(self) -> float:
        """Show what is new, when it is ours to do; how long nothing is to be done then."""
        if not await self._lead.ours():
            self._tail = None
            return _NOT_LEADING_S
        now = await self._ledger.now()
        tail = self._tail or await self._begin(now)
        seen = await tail.read(now=now, limit=_PAGE)
        for control in self._controls:
            await self._show(control, seen, now)
        self.made += 1
        return 0.0 if len(seen) >= _PAGE else self._every_s

    async def _begin(self, now: float) -> Tail:
        """The lead is ours: begin some minutes back, with controls that know nothing yet."""
        tail = self._ledger.tail()
        await tail.begin(since=now - self._remembered_s)
        self._controls = [make() for make in self._make]
        self._tail = tail
        return tail

    async def _show(self, control: Control, seen: Sequence[Seen], now: float) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await control.look(seen, now)
        except PenstockError as error:
            _log.log(
                outage.level(error), "watch.control_unavailable", control=type(control).__name__, reason=str(error)
            )
        except Exception:  # noqa: BLE001 -- a mistake in one control must not blind the others
            _log.exception("watch.control_failed", control=type(control).__name__)
