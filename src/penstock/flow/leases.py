"""The leases that one fetcher holds: taken with a claim, prolonged in bulk, swept when somebody else's ran out.

What a process had in its hands that has died is swept sooner, when its beats have stayed away for a while. That is safe
at any moment, because a result counts by its fence; a process that was only stopped for long loses work. A lease that
was lost is told at once, so that no more work goes into a result that would be dropped by its fence. It does no
fetching. Owned by the fetcher.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from penstock.core import absence
from penstock.core.errors import Unreachable
from penstock.core.work import Claim
from penstock.flow.lanes import Lanes
from penstock.ledger.book import Ledger
from penstock.ledger.signals import WORK

_log = structlog.get_logger()

LEASE_S = 90.0
_RENEW_S = LEASE_S / 3  # two renewals may fail before a lease is lost
_SWEEP_S = 5.0


class Leases:
    """The claims in our hands."""

    def __init__(
        self,
        ledger: Ledger,
        owner: str,
        *,
        lanes: Lanes | None = None,
        lease_s: float = LEASE_S,
        gone_s: float = absence.GONE_S,
    ) -> None:
        self._ledger = ledger
        self._lanes = lanes or Lanes(ledger)
        self._owner = owner
        self._lease_s = lease_s
        self._gone_s = gone_s
        self._watch = absence.Watch()
        self._swept: dict[str, float] = {}  # processes that are gone, and have nothing any more
        self._held: dict[int, Claim] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._lost: Callable[[Claim], None] = lambda _: None
        self.claimed = self.lost = 0  # so far

    def start(self, *, lost: Callable[[Claim], None]) -> None:
        """Begin to renew and to sweep; ``lost`` is called for a lease that is no longer ours."""
        self._lost = lost
        self._tasks = [
            asyncio.create_task(self._every(min(_RENEW_S, self._lease_s / 3), self._renew), name="leases renew"),
            asyncio.create_task(
                self._every(min(_SWEEP_S, self._lease_s, self._gone_s / 3), self._sweep), name="leases sweep"
            ),
        ]

    async def stop(self) -> None:
        """Stop renewing."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def claim(self, limit: int) -> list[Claim]:
        """Take up to ``limit`` due items of open lanes. Raises Unreachable."""
        now = await self._ledger.now()
        claims = await self._lanes.claim(
            owner=self._owner, limit=limit, held=self._held.values(), now=now, lease_s=self._lease_s
        )
        for claim in claims:
            self._held[claim.id] = claim
        self.claimed += len(claims)
        return claims

    def held(self, claim: Claim) -> bool:
        """Is this claim still ours, as far as we know?"""
        ours = self._held.get(claim.id)
        return ours is not None and ours.fence == claim.fence

    def drop(self, claim: Claim) -> None:
        """The work on a claim is over."""
        if self.held(claim):
            del self._held[claim.id]

    async def _renew(self) -> None:
        claims = list(self._held.values())
        if not claims:
            return
        now = await self._ledger.now()
        ours = await self._ledger.queue.renew(owner=self._owner, claims=claims, now=now, lease_s=self._lease_s)
        for claim in claims:
            if claim.id not in ours and self.held(claim):
                del self._held[claim.id]
                self.lost += 1
                self._lost(claim)

    async def _sweep(self) -> None:
        released = await self._ledger.queue.release_lost(now=await self._ledger.now())
        if released:
            _log.warning("leases.ran_out", items=released)
        released += await self._sweep_gone()
        if released:
            self._ledger.signals.soon(WORK)

    async def _sweep_gone(self) -> int:
        """What is in the hands of processes that have gone without a word; how much."""
        beats = await self._ledger.processes.beats()
        beats.pop(self._owner, None)
        self._watch = absence.look(self._watch, beats, await self._ledger.now())
        gone = absence.gone(self._watch, gone_s=self._gone_s)
        left = {process: seen_at for process, seen_at in gone.items() if self._swept.get(process) != seen_at}
        released = await self._ledger.queue.release_gone(left) if left else 0
        if released:
            _log.warning("leases.process_gone", items=released, processes=sorted(left))
        else:
            self._swept = gone
        return released

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except Unreachable as error:
                _log.debug("leases.store_unavailable", reason=str(error))
