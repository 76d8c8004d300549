"""How work on claims ends: the row's end, its attempts and its event, for many claims in one transaction.

What ends at about the same time is settled together, table by table, each statement once for all of it, so that a
transaction's own cost is shared; on PostgreSQL what is most frequent, a file that is there, is one statement. Each
ending counts by the fence of its own claim, whatever becomes of the others. Part of the queue, which alone calls it.
"""

import json
from collections.abc import Sequence
from types import UnionType
from typing import Any

import msgspec

from penstock.adapters.db.port import Database, Script
from penstock.core.media import State
from penstock.core.work import Attached, Attempt, Claim, Ending, Expired, Failed, PutBack, RetryLater
from penstock.ledger.feed import tell_of_files
from penstock.ledger.gathering import Gathering
from penstock.ledger.statements import Statements

_EVERY_S = 0.01
_EVENTS = {Attached: "media.attached", Expired: "media.expired", Failed: "media.failed"}


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The work on a claim is over, with the attempts that were made."""

    claim: Claim
    ending: Ending
    attempts: Sequence[Attempt]
    now: float


class Settling:
    """Settles what is brought, together with what others bring."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql
        # A transaction is a few round trips to a server; a file of SQLite is near.
        every_s = _EVERY_S if db.dialect == "postgres" else 0.0
        self._together: Gathering[Ended, bool] = Gathering(self._settle, every_s=every_s)

    async def settle(self, ended: Ended) -> bool:
        """Record an ending; durable when it returns. False: the lease was lost, and nothing changed."""
        return await self._together.bring(ended)

    async def _settle(self, group: list[Ended]) -> list[bool]:
        def script() -> Script[list[bool]]:
            at_once = None
            if all(isinstance(ended.ending, Attached) for ended in group):
                at_once = self._sql.at_once("attach", [_step(ended) for ended in group])
            knows: set[int] = set()  # the places of what the feed was told of already
            if at_once is None:
                made = yield from self._step_by_step(group)
            else:
                rows = yield at_once
                made = {place: row[0] for place, row in enumerate(rows) if row[0] is not None}
                knows = {place for place in made if rows[place][1]}
            yield from self._keep([(group[place], made[place], place in knows) for place in sorted(made)])
            return [place in made for place in range(len(group))]

        return await self._db.write(script)

    def _step_by_step(self, group: list[Ended]) -> Script[dict[int, int]]:
        """Carry out the steps of all kinds of endings, one kind after the other.

        How many attempts an item has had, by its place; a place is missing where the fence has risen since.
        """
        if len(group) > 1:  # in the order of their ids, so that two transactions never wait for each other
            yield self._sql("lock_fetches", ids=json.dumps([ended.claim.id for ended in group]))
        made: dict[int, int] = {}
        over = _places(group, Attached | Expired | Failed)
        yield from self._end("finish", over, group, made)
        yield from self._end("retry", _places(group, RetryLater), group, made)
        yield from self._end("put_back", _places(group, PutBack), group, made)
        there = [place for place in over if place in made]
        attached = [place for place in there if isinstance(group[place].ending, Attached)]
        if attached:
            yield self._sql.many("set_attached", [_attached_row(group[place], made[place]) for place in attached])
        if len(attached) < len(there):
            others = [place for place in there if place not in attached]
            yield self._sql.many("set_ended", [_ended_row(group[place], made[place]) for place in others])
        return made

    def _end(self, statement: str, places: list[int], group: list[Ended], made: dict[int, int]) -> Script[None]:
        """Carry out one kind of step."""
        if places:
            rows = yield self._sql.many(statement, [_step(group[place]) for place in places])
            made.update({place: row[0] for place, row in zip(places, rows, strict=True) if row[0] is not None})

    def _keep(self, counted: list[tuple[Ended, int, bool]]) -> Script[None]:
        """Keep what is left of endings that counted: (ending, attempts, whether the feed knows) each."""
        attempts = [_attempt_row(ended.claim.id, each) for ended, *_ in counted for each in ended.attempts]
        if attempts:
            yield self._sql.many("insert_attempt", attempts)
        told = [
            (ended.claim.id, kind, ended.claim.workspace_id, ended.now)
            for ended, made, knows in counted
            if not knows and (kind := _event_of(ended.ending, made=made)) is not None
        ]
        if told:
            yield from tell_of_files(self._sql, told)


def _places(group: Sequence[Ended], kind: UnionType | type[Any]) -> list[int]:
    return [place for place, ended in enumerate(group) if isinstance(ended.ending, kind)]


def _step(ended: Ended) -> dict[str, Any]:
    """The values of ``attach``, ``finish``, ``retry`` or ``put_back``."""
    key: dict[str, Any] = {"media_row": ended.claim.id, "fence": ended.claim.fence}
    match ended.ending:
        case Attached() as ending:
            return key | msgspec.structs.asdict(ending) | {"now": ended.now}
        case RetryLater() as ending:
            return key | msgspec.structs.asdict(ending) | {"outcome": ending.outcome.value}
        case PutBack() as ending:
            return key | {"due_at": ending.due_at}
        case _:
            return key


def _attached_row(ended: Ended, attempts: int) -> dict[str, Any]:
    ending: dict[str, Any] = msgspec.structs.asdict(ended.ending)
    return {"media_row": ended.claim.id, "now": ended.now, "attempts": attempts, **ending}


def _ended_row(ended: Ended, attempts: int) -> dict[str, Any]:
    ending = ended.ending
    assert isinstance(ending, Expired | Failed)
    return {
        "media_row": ended.claim.id,
        "now": ended.now,
        "attempts": attempts,
        "stage": (State.EXPIRED if isinstance(ending, Expired) else State.FAILED).value,
        "outcome": ending.outcome.value,
        "reason": ending.reason,
    }


def _event_of(ending: Ending, *, made: int) -> str | None:
    """What the feed is told; a delay is told once, at the first failed attempt."""
    if isinstance(ending, RetryLater):
        return "media.delayed" if made == 1 else None
    return _EVENTS.get(type(ending))


def _attempt_row(media_row: int, attempt: Attempt) -> dict[str, object]:
    row: dict[str, object] = msgspec.structs.asdict(attempt)
    fresh = None if attempt.fresh is None else int(attempt.fresh)
    return row | {"media_row": media_row, "outcome": attempt.outcome.value, "fresh": fresh}
