"""The tail of the record of attempts: what was tried since the last look, each attempt once.

Where transactions commit in another order than they take ids (PostgreSQL), an id that is missing may be there a moment
later, so it is remembered and asked for again; one that is not there after half a minute was rolled back. A tail has a
place of its own and writes nothing: two that read at once see the same. Used by ``controls.rounds``.
"""

from collections.abc import Callable, Iterable, Iterator

from penstock.adapters.db.port import Database, Row, Script
from penstock.core.seen import COUNTED, Seen
from penstock.core.work import Outcome
from penstock.ledger.statements import Statements

MISSING_S = 30.0  # so long a missing id is waited for: far longer than any commit takes
_NEWEST = 50_000  # attempts through which the beginning is looked for
_MISSING = 1_000  # ids that are waited for at most
_LAST = (1 << 63) - 1

# A row becomes a value by position; the types of its columns are the schema's business.
_new_seen: Callable[..., Seen] = Seen


class Tail:
    """One reader's place in the record of attempts. ``begin`` before the first ``read``."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql
        self._after = 0  # the highest id that was read
        self._missing: dict[int, float] = {}  # lower ones that were not there, and until when they are waited for

    async def begin(self, *, since: float) -> None:
        """Go to the first attempt that was begun at ``since`` or after it, of the newest ones."""

        def script() -> Script[int]:
            rows = yield self._sql("find_attempts_since", since=since, newest=_NEWEST)
            return int(rows[0][0])

        self._after, self._missing = await self._db.read(script), {}

    async def read(self, *, now: float, limit: int = 1_000) -> list[Seen]:
        """Up to ``limit`` attempts that are new, and those that were missing and are there now, by id."""
        waited_for = list(_stretches(sorted(id_ for id_, until in self._missing.items() if until > now)))
        after = self._after

        def script() -> Script[list[Row]]:
            rows: list[Row] = []
            for first, last in (*waited_for, (after + 1, _LAST)):
                rows += yield self._sql("list_new_attempts", first=first, last=last, limit=limit, counted=COUNTED)
            return rows

        rows = await self._db.read(script)
        self._advance([int(row[0]) for row in rows], now)
        return [_seen(row) for row in rows]

    def _advance(self, ids: list[int], now: float) -> None:
        """The place after these were read."""
        found = set(ids)
        missing = {id_: until for id_, until in self._missing.items() if until > now and id_ not in found}
        after = max([self._after, *ids])
        for id_ in range(max(self._after + 1, after - _MISSING), after):
            if id_ not in found:
                missing[id_] = now + MISSING_S
        self._missing = dict(list(missing.items())[-_MISSING:])
        self._after = after


def _stretches(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Rising ids as (first, last) of those that follow each other."""
    first = last = None
    for id_ in ids:
        if first is None or last is None or id_ != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = id_
        last = id_
    if first is not None and last is not None:
        yield first, last


def _seen(row: Row) -> Seen:
    fresh = None if row[18] is None else bool(row[18])
    return _new_seen(*row[:12], Outcome(row[12]), *row[13:18], fresh, *row[19:])
