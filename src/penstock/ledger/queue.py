"""The queue: what is still to be fetched, who has it, and how each piece of work ends.

Every claim raises the item's fence and every later write names it, so the result of a worker that lost its lease
changes nothing. The row's end, its attempts and its event are one transaction. Which step may follow which is the table
of ``core.media``. Called by the fetcher.
"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from penstock.adapters.db.port import Database, Row, Script
from penstock.core.media import State
from penstock.core.work import (
    Attached,
    Attempt,
    Claim,
    Ending,
    Expired,
    Failed,
    Outcome,
    PutBack,
    RetryLater,
)
from penstock.ledger.feed import tell_of_media
from penstock.ledger.statements import Statements

_PROMOTED = 1_000  # at once: more would hold up the webhooks behind it
_RELEASED = 500


class Queue:
    """Claims, leases and endings of media items."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def claim(self, *, owner: str, limit: int, now: float, lease_s: float) -> list[Claim]:
        """Take up to ``limit`` items that are due, earliest deadline first; theirs is a lease of ``lease_s`` seconds.

        Of retries that are due, the first thousand count; after a long outage the others follow claim by claim.
        """

        def script() -> Script[list[Claim]]:
            yield self._sql("promote", now=now, limit=_PROMOTED)
            taken = yield self._sql("claim", owner=owner, lease_until=now + lease_s, limit=limit)
            claims = []
            for media_row, fence in taken:
                rows = yield self._sql("get_claimed", media_row=media_row, fence=fence)
                claims.append(Claim(*rows[0]))
            return sorted(claims, key=lambda claim: claim.deadline)

        return await self._db.write(script)

    async def renew(self, *, owner: str, claims: Sequence[Claim], now: float, lease_s: float) -> set[int]:
        """Prolong leases; the ids that are still ours. What is missing was lost."""

        def script() -> Script[set[int]]:
            ours: set[int] = set()
            for claim in claims:
                rows = yield self._sql(
                    "renew",
                    media_row=claim.id,
                    fence=claim.fence,
                    owner=owner,
                    lease_until=now + lease_s,
                )
                if rows:
                    ours.add(claim.id)
            return ours

        return await self._db.write(script)

    async def settle(self, claim: Claim, ending: Ending, attempts: Sequence[Attempt], *, now: float) -> bool:
        """Record how the work on a claim ended, with its attempts. False: the lease was lost, and nothing changed."""

        def script() -> Script[bool]:
            rows = yield from self._end(claim, ending, now)
            if not rows:
                return False
            if attempts:
                yield self._sql.many("insert_attempt", [_attempt_row(claim.id, attempt) for attempt in attempts])
            kind = _event_of(ending, made=int(rows[0][0]))
            if kind is not None:
                yield from tell_of_media(self._sql, claim.id, kind, claim.workspace_id, now)
            return True

        return await self._db.write(script)

    async def release_lost(self, *, now: float) -> int:
        """Back to waiting with items whose lease ran out, some hundreds at a time; how many."""

        def script() -> Script[int]:
            rows = yield self._sql("release_lost", now=now, limit=_RELEASED)
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

    async def next_due(self) -> float | None:
        """When the next waiting item is due, epoch seconds (0 when one is ready); None when none waits."""

        def script() -> Script[float | None]:
            rows = yield self._sql("next_due")
            due: float | None = rows[0][0]
            return due

        return await self._db.read(script)

    def _end(self, claim: Claim, ending: Ending, now: float) -> Script[list[Row]]:
        """Carry out the step; no rows mean that the fence has risen since."""
        key = {"media_row": claim.id, "fence": claim.fence}
        match ending:
            case PutBack():
                rows = yield self._sql("put_back", **key, due_at=ending.due_at)
            case RetryLater():
                rows = yield self._sql(
                    "retry",
                    **key,
                    due_at=ending.due_at,
                    url=ending.url,
                    url_expires_at=ending.url_expires_at,
                    outcome=ending.outcome.value,
                    reason=ending.reason,
                )
            case Attached():
                rows = yield self._sql("finish", **key)
                if rows:
                    yield self._sql(
                        "set_attached",
                        media_row=claim.id,
                        now=now,
                        attempts=rows[0][0],
                        size=ending.size,
                        sha256=ending.sha256,
                        content_type=ending.content_type,
                    )
            case Expired() | Failed():
                rows = yield self._sql("finish", **key)
                if rows:
                    yield self._sql(
                        "set_ended",
                        media_row=claim.id,
                        now=now,
                        attempts=rows[0][0],
                        stage=(State.EXPIRED if isinstance(ending, Expired) else State.FAILED).value,
                        outcome=ending.outcome.value,
                        reason=ending.reason,
                    )
            case _:
                assert_never(ending)
        return rows


def _event_of(ending: Ending, *, made: int) -> str | None:
    """What the feed is told; a delay is told once, at the first failed attempt."""
    match ending:
        case Attached():
            return "media.attached"
        case Expired():
            return "media.expired"
        case Failed():
            return "media.failed"
        case RetryLater():
            return "media.delayed" if made == 1 else None
        case PutBack():
            return None
        case _:
            assert_never(ending)


def _attempt_row(media_row: int, attempt: Attempt) -> dict[str, object]:
    row: dict[str, object] = msgspec.structs.asdict(attempt)
    return row | {"media_row": media_row, "outcome": attempt.outcome.value}
