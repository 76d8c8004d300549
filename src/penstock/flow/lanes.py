"""The lanes as one fetcher sees them: which have something ready, which of those are open, whose turn it is.

Looking costs as much as there are lanes with work, so it is done as often as it is cheap: a tenth of the time at most,
once a second at least. A lane behind a shut gate is left out before anything of it is read, and of one behind a narrow
gate no more is taken than the gate lets through, however much waits in it. ``core.lanes`` decides. Owned by the
fetcher's leases.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

from penstock.core.lanes import Limits, Turns
from penstock.core.work import Claim
from penstock.flow.sockets import Gates, NoGates
from penstock.ledger.book import Ledger
from penstock.ledger.queue import Due

_LOOK_S = 1.0  # what another process brought in is seen after this at the latest
_SHARE = 10  # looking takes one part of so many
_GATHER_S = 0.1  # what a gate lets through one by one is claimed together


class Lanes:
    """Takes claims from open lanes in fair turns."""

    def __init__(
        self, ledger: Ledger, gates: Gates | None = None, *, most_of_one: Callable[[], int | None] = lambda: None
    ) -> None:
        self._ledger = ledger
        self._gates = gates or NoGates()
        self._most_of_one = most_of_one  # of one workspace's items in our hands at once; None = no limit
        self._due = Due((), None)
        self._turns = Turns()
        self._look_at = float("-inf")
        self._looked = False  # the last claim saw what is ready, and did not go by what was seen before
        self.limited = False  # the last claim was short because a workspace has as many as it may have

    async def claim(self, *, owner: str, limit: int, held: Iterable[Claim], now: float, lease_s: float) -> list[Claim]:
        """Take up to ``limit`` ready items; ``held`` are those in our hands. Raises Unreachable."""
        self.limited = False
        await self._look(now)
        ways = self._gates.ways(self._due.lanes, now)
        if not ways.lanes:
            return []
        most, under_way = self._most_of_one(), Counter(claim.workspace_id for claim in held)
        limits = Limits(most, under_way, ways.narrow, ways.left)
        if most is not None and not any(limits.room(lane.workspace_id) for lane in ways.lanes):
            self.limited = True
            return []
        taken = await self._ledger.queue.take(
            owner=owner, limit=limit, lanes=ways.lanes, now=now, lease_s=lease_s, turns=self._turns, limits=limits
        )
        self._gates.claimed(taken.claims, now)
        self._turns = taken.turns
        self._due = Due(tuple(lane for lane in self._due.lanes if lane not in taken.dry), self._due.later_at)
        if len(taken.claims) < limit and most is not None:
            under_way.update(claim.workspace_id for claim in taken.claims)
            self.limited = any(lane not in taken.dry and under_way[lane.workspace_id] >= most for lane in ways.lanes)
        return taken.claims

    def idle_s(self, now: float) -> float:
        """How long nothing will become due by itself, as far as we know."""
        later_at = self._due.later_at
        idle_s = _LOOK_S if later_at is None else min(_LOOK_S, max(0.0, later_at - now))
        if not self._due.lanes:
            return idle_s
        # There are lanes that we know of: nothing else is seen before the next look.
        look_in_s = max(0.0, self._look_at - asyncio.get_running_loop().time())
        idle_s = max(idle_s, look_in_s) if self._looked else look_in_s
        ways = self._gates.ways(self._due.lanes, now)
        if ways.narrow:
            return min(idle_s, _GATHER_S)
        return idle_s if ways.again_at is None else min(idle_s, max(_GATHER_S, ways.again_at - now))

    async def _look(self, now: float) -> None:
        """See what is ready, unless that was seen a moment ago and is not used up."""
        clock = asyncio.get_running_loop().time
        self._looked = False
        if (wait_s := self._look_at - clock()) > 0:
            if self._due.lanes:  # open ones to take from; shut ones, to which the way may be free at any moment
                return
            await asyncio.sleep(wait_s)
        queue, began = self._ledger.queue, clock()
        due = await queue.due()
        if due.later_at is not None and due.later_at <= now and await queue.promote(now=now):
            due = await queue.due()
        self._due, self._looked = due, True
        ended = clock()
        self._look_at = ended + min(_LOOK_S, (ended - began) * _SHARE)
