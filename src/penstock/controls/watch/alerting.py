"""Alerts out: while this process leads, every target has its own post (``delivering``), and none waits for another.

The lead is of its own, not the watch's: telling goes on when the rounds do not. Two that believe they lead tell a thing
twice at most, under the same id. Without targets it does nothing. Started by ``wiring`` in the role watcher.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence

import structlog

from penstock.adapters.notify.port import Target
from penstock.controls.watch.delivering import Delivery
from penstock.core import outage
from penstock.core.errors import PenstockError
from penstock.flow.leading import LEASE_S, Lead
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

ROLE = "alerts"
_GRACE_S = 2.0


class Alerting:
    """Tells every target of incidents, while it leads. ``link`` makes the address of an incident."""

    def __init__(
        self,
        ledger: Ledger,
        targets: Sequence[Target],
        *,
        owner: str,
        link: Callable[[int], str],
        rng: random.Random,
        every_s: float = 1.0,
        lease_s: float = LEASE_S,
    ) -> None:
        self._ledger = ledger
        self._targets = tuple(targets)
        self._link = link
        self._rng = rng
        self._every_s = every_s
        self._lead = Lead(ledger, ROLE, owner=owner, lease_s=lease_s)
        self._posts: list[tuple[Delivery, asyncio.Task[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to ask for the lead, and to tell."""
        if self._targets:
            self._task = asyncio.create_task(self._keep(), name="alerts")
        else:
            with contextlib.suppress(PenstockError):  # then targets of the past are shown for a little longer
                await self._ledger.alerts.begin([], now=await self._ledger.now())

    async def stop(self) -> None:
        """Tell nothing more, and let somebody else lead."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._lead.leave()

    async def _keep(self) -> None:
        try:
            while True:
                try:
                    await self._look()
                except PenstockError as error:
                    _log.log(outage.level(error), "alerts.store_unavailable", reason=str(error))
                except Exception:  # noqa: BLE001 -- a mistake of ours: it is logged, and tried again
                    _log.exception("alerts.failed")
                await asyncio.sleep(self._every_s)
        finally:
            await self._end()

    async def _look(self) -> None:
        """Begin to tell when the lead is ours, and end when it is not."""
        if not await self._lead.ours():
            await self._end()
        elif not self._posts:
            named = [(target.id, target.name) for target in self._targets]
            await self._ledger.alerts.begin(named, now=await self._ledger.now())
            for target in self._targets:
                post = Delivery(self._ledger, target, link=self._link, rng=self._rng, every_s=self._every_s)
                self._posts.append((post, asyncio.create_task(post.run(), name=f"alerts to {target.name}")))

    async def _end(self) -> None:
        """What is just being told may end, so that the next leader need not tell it again."""
        posts, self._posts = self._posts, []
        for post, _ in posts:
            post.end()
        if under_way := [task for post, task in posts if post.telling]:
            await asyncio.wait(under_way, timeout=_GRACE_S)
        for _, task in posts:
            task.cancel()
        await asyncio.gather(*(task for _, task in posts), return_exceptions=True)
