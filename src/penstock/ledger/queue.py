"""The queue: what is still to be fetched, who has it, and how each piece of work ends.

A claim names the lanes that it may take from; whose turn it is and in which order a lane gives is decided in
``core.lanes``. Every claim raises the item's fence and every later write names it, so the result of a worker that lost
its lease changes nothing. The row's end, its attempts and its event are one transaction (``settling``). Which step may
follow which is the table of ``core.media``. Called by the fetcher.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from penstock.adapters.db.port import Database, Row, Script
from penstock.core import lanes as order
from penstock.core.lanes import Lane, Limits, Ready, Turns
from penstock.core.work import Attempt, Claim, Ending, Outcome
from penstock.ledger.settling import Ended, Settling
from penstock.ledger.statements import Statements

_PROMOTED = 1_000  # at once: more would hold up the webhooks behind it
_RELEASED = 500
_ROUNDS = 3  # a lane that gives less than its share leaves it to the others, so often in one claim
_FIRST = Turns()
_UNLIMITED = Limits()


class Due(NamedTuple):
    """What could be claimed at a moment."""

    lanes: tuple[Lane, ...]  # those that have something ready
    later_at: float | None  # when the first of what waits for a later time is due, epoch seconds


class Taken(NamedTuple):
    """What a claim brought."""

    claims: list[Claim]  # by deadline
    turns: Turns
    dry: frozenset[Lane]  # lanes that had less than their share: nothing was ready in them any more


class Queue:
    """Claims, leases and endings of media items."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql
        self._settling = Settling(db, sql)

    async def due(self) -> Due:
        """The lanes that have something ready. It costs as much as there are such lanes, whatever waits in them."""

        def script() -> Script[Due]:
            lanes = yield self._sql("list_due_lanes")
            later = yield self._sql("next_due")
            return Due(tuple(Lane(*row) for row in lanes), later[0][0])

        return await self._db.read(script)

    async def promote(self, *, now: float) -> int:
        """Make ready what was to be tried later and is due, a thousand at a time; how many."""

        def script() -> Script[int]:
            rows = yield self._sql("promote", now=now, limit=_PROMOTED)
            return len(rows)

        return await self._db.write(script)

    async def claim(self, *, owner: str, limit: int, now: float, lease_s: float) -> list[Claim]:
        """Take up to ``limit`` items that are due, whatever their lane, each lane having one turn after the other.

        For whoever has no gates to ask and remembers no turns; a fetcher uses ``take``.
        """

        def script() -> Script[list[Claim]]:
            yield self._sql("promote", now=now, limit=_PROMOTED)
            rows = yield self._sql("list_due_lanes")
            lanes = [Lane(*row) for row in rows]
            taken = yield from self._take(lanes, owner, limit, now, lease_s, _FIRST, _UNLIMITED)
            return taken.claims

        return await self._db.write(script)

    async def take(
        self,
        *,
        owner: str,
        limit: int,
        lanes: Iterable[Lane],
        now: float,
        lease_s: float,
        turns: Turns = _FIRST,
        limits: Limits = _UNLIMITED,
    ) -> Taken:
        """Take up to ``limit`` ready items of these lanes in fair turns; theirs is a lease of ``lease_s`` seconds."""
        given = tuple(lanes)

        def script() -> Script[Taken]:
            return (yield from self._take(given, owner, limit, now, lease_s, turns, limits))

        return await self._db.write(script)

    async def renew(self, *, owner: str, claims: Sequence[Claim], now: float, lease_s: float) -> set[int]:
        """Prolong leases; the ids that are still ours. What is missing was lost."""
        named = json.dumps([(claim.id, claim.fence) for claim in claims])

        def script() -> Script[set[int]]:
            rows = yield self._sql("renew", claims=named, owner=owner, lease_until=now + lease_s)
            return {int(row[0]) for row in rows}

        return await self._db.write(script)

    async def settle(self, claim: Claim, ending: Ending, attempts: Sequence[Attempt], *, now: float) -> bool:
        """Record how the work on a claim ended, with its attempts. False: the lease was lost, and nothing changed."""

        return await self._settling.settle(Ended(claim, ending, attempts, now))

    async def release_lost(self, *, now: float) -> int:
        """Back to waiting with items whose lease ran out, some hundreds at a time; how many."""

        def script() -> Script[int]:
            rows = yield self._sql("release_lost", now=now, limit=_RELEASED)
            return len(rows)

        return await self._db.write(script)

    async def release_gone(self, gone: Mapping[str, float]) -> int:
        """Back to waiting with what is in the hands of processes that are gone, some hundreds at a time; how many.

        ``gone`` has their last beats: a process that has beaten since keeps what it has.
        """
        named = json.dumps(list(gone.items()))

        def script() -> Script[int]:
            rows = yield self._sql("release_gone", gone=named, limit=_RELEASED)
            return len(rows)

        return await self._db.write(script)

    async def release_all(self) -> int:
        """Back to waiting with every item that is being fetched: for the start of an instance that is alone."""

        def script() -> Script[int]:
            rows = yield self._sql("release_all")
            return len(rows)

        return await self._db.write(script)

    async def hurry(self, outcome: Outcome, *, now: float) -> int:
        """Make due at once what waits since an attempt that ended in this class: its cause was mended. How many."""

        def script() -> Script[int]:
            rows = yield self._sql("hurry", outcome=outcome.value, now=now)
            return len(rows)

        return await self._db.write(script)

    # -- parts of the scripts above ---------------------------------------------------------

    def _take(
        self,
        lanes: Sequence[Lane],
        owner: str,
        limit: int,
        now: float,
        lease_s: float,
        turns: Turns,
        limits: Limits,
    ) -> Script[Taken]:
        ids: list[int] = []
        dry: set[Lane] = set()
        for _ in range(_ROUNDS):
            wet = [lane for lane in lanes if lane not in dry]
            quotas = order.share(wet, free=limit - len(ids), turns=turns, limits=limits)
            if not quotas:
                break
            found = yield from self._ready(quotas, now)
            begun, served = {}, {}
            for (lane, quota), (earliest, live) in zip(quotas.items(), found, strict=True):
                turn = turns.mixed.get(lane, 0)
                picked, served[lane] = order.mix(earliest, live, quota=quota, turn=turn, now=now)
                begun[lane] = len(picked)
                ids += picked
                if len(picked) < quota:
                    dry.add(lane)
            turns, limits = order.after(turns, served), limits.with_more(begun)
            picked_now = ids[len(ids) - sum(begun.values()) :]
            if picked_now:
                yield self._sql("take", ids=json.dumps(picked_now), owner=owner, lease_until=now + lease_s)
        rows: list[Row] = []
        if ids:
            rows = yield self._sql("list_claimed", ids=json.dumps(ids), owner=owner)
        return Taken(sorted((Claim(*row) for row in rows), key=_deadline), turns, frozenset(dry))

    def _ready(self, quotas: dict[Lane, int], now: float) -> Script[list[tuple[list[Ready], list[Ready]]]]:
        """Of each lane the first items by deadline and the newest live ones, as many as it may give."""
        rows = yield self._sql(
            "find_ready",
            lanes=json.dumps([lane[:3] for lane in quotas]),
            each=max(quotas.values()),
            live_minute=order.live_minute(now),
        )
        found: list[tuple[list[Ready], list[Ready]]] = [([], []) for _ in quotas]
        for place, is_live, media_row, deadline in rows:
            found[place][is_live].append(Ready(media_row, deadline))
        for earliest, live in found:
            earliest.sort(key=_deadline)
            live.sort(key=_deadline, reverse=True)
        return found


def _deadline(item: Claim | Ready) -> float:
    return item.deadline
