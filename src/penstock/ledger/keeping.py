"""What a workspace does not wish to keep any longer: how old things are, and how they go, a few at a time.

What goes is decided elsewhere (``core.keeping``, ``flow.retention``); here each step looks again before it takes
something away, and counts what must go on being counted. A file that is still to come is never taken. Bytes that are to
be deleted are noted here, too.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from penstock.adapters.db.port import Database, Script
from penstock.core import filekey
from penstock.core.keeping import Keep
from penstock.core.reading import read
from penstock.ledger import burying, facts
from penstock.ledger.burying import Buried
from penstock.ledger.erasing import Status
from penstock.ledger.statements import Statements

_LAST = (1 << 63) - 1
_NOTHING = b""
_TOO_OLD = "it was older than its workspaces wish to keep webhooks"


class Age(NamedTuple):
    """A row, when it came, and whose it is."""

    id: int
    began_at: float
    workspaces: tuple[int, ...]
    pinned: bool = False  # it may not go yet, however old it is
    bytes: int = 0


class Keeping:
    """Looks at ages, and throws away."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def wishes(self) -> dict[int, Keep]:
        """How long each workspace wishes things kept, by its row."""

        def script() -> Script[dict[int, Keep]]:
            rows = yield self._sql("list_workspaces")
            return {int(row[0]): facts.keep(row) for row in rows}

        return await self._db.read(script)

    async def numbers(self) -> dict[int, int]:
        """Whose every registration is, that there ever was: its row → the workspace's."""

        def script() -> Script[dict[int, int]]:
            workspaces = {row[1]: int(row[0]) for row in (yield self._sql("list_workspaces"))}
            rows = yield self._sql("list_registrations")
            return {int(row[0]): workspaces[row[2]] for row in rows}

        return await self._db.read(script)

    # -- how old they are ---------------------------------------------------------------------

    async def bodies(self, *, after: int, last: int | None, limit: int) -> list[Age]:
        """Journaled bodies by row, with all the workspaces that they were read for; pinned while in quarantine."""
        owners = await self.numbers()

        def script() -> Script[list[Age]]:
            rows = yield self._sql("list_body_ages", after=after, last=_LAST if last is None else last, limit=limit)
            return [
                Age(
                    id_,
                    at,
                    tuple(sorted({owners[each] for each in json.loads(numbers) if each in owners})),
                    bool(stray),
                    length,
                )
                for id_, at, numbers, length, stray in rows
            ]

        return await self._db.read(script)

    async def messages(self, *, after: int, last: int | None, limit: int) -> list[Age]:
        """Messages by row."""
        return await self._ages("list_message_ages", after, last, limit)

    async def files(self, *, after: int, last: int | None, limit: int) -> list[Age]:
        """Files by row; pinned while they are still to come."""
        return await self._ages("list_file_ages", after, last, limit)

    async def attempts(self, *, after: int, last: int | None, limit: int) -> list[Age]:
        """Attempts by row."""
        return await self._ages("list_attempt_ages", after, last, limit)

    async def events(self, *, after: int, last: int | None, limit: int) -> list[Age]:
        """Events of the feed by row."""
        return await self._ages("list_event_ages", after, last, limit)

    async def statuses(self, after: Status, *, before: float, limit: int) -> tuple[list[Status], Status | None]:
        """Which of a number's next statuses came before a time, and where to go on; None at the end."""

        def script() -> Script[tuple[list[Status], Status | None]]:
            rows = yield self._sql("list_statuses", **after._asdict(), limit=limit)
            page = [Status(after.number_id, *row[:3]) for row in rows]
            old = [each for each, row in zip(page, rows, strict=True) if row[3] < before]
            return old, page[-1] if len(page) == limit else None

        return await self._db.read(script)

    # -- how they go --------------------------------------------------------------------------

    async def throw_bodies(self, ages: Sequence[Age], *, now: float) -> int:
        """Delete journaled bodies; how many. What they counted for goes on being counted."""
        owners = await self.numbers()

        def script() -> Script[int]:
            thrown = 0
            for age in ages:
                thrown += yield from self._throw_body(age, owners, now)
            return thrown

        return await self._db.write(script)

    async def throw_messages(self, ages: Sequence[Age], *, now: float) -> Buried:
        """End messages with their files, unless one of those is still to come."""
        rows = [age.id for age in ages]
        return await self._db.write(lambda: burying.throw_messages(self._sql, rows, now=now))

    async def throw_files(self, ages: Sequence[Age], *, now: float) -> int:
        """End files that have ended; how many."""
        rows = [age.id for age in ages]
        return await self._db.write(lambda: burying.throw_files(self._sql, rows, now=now))

    async def throw_attempts(self, ages: Sequence[Age]) -> int:
        """Delete attempts; how many. The newest one stays."""
        return await self._each("delete_attempt", [{"id": age.id, "at": age.began_at} for age in ages])

    async def throw_events(self, ages: Sequence[Age]) -> int:
        """Delete events; how many. The newest one stays."""
        return await self._each("delete_event", [{"id": age.id} for age in ages])

    async def throw_statuses(self, statuses: Sequence[Status]) -> int:
        """Delete statuses; how many."""
        return await self._each("delete_status", [each._asdict() for each in statuses])

    # -- bytes that are to be deleted -----------------------------------------------------------

    async def doomed(self, *, now: float, limit: int) -> list[int]:
        """Files whose rows are erased and whose bytes may be deleted by now."""

        def script() -> Script[list[int]]:
            rows = yield self._sql("list_doomed", now=now, limit=limit)
            return [int(row[0]) for row in rows]

        return await self._db.read(script)

    async def discarded(self, rows: Sequence[int], *, now: float) -> None:
        """Their bytes are deleted; unless they were doomed once more meanwhile, for a later time."""
        await self._each("delete_doomed", [{"media_row": row, "now": now} for row in rows])

    async def count_doomed(self) -> int:
        """How many files there are whose bytes are still to be deleted."""

        def script() -> Script[int]:
            rows = yield self._sql("count_doomed")
            return int(rows[0][0])

        return await self._db.read(script)

    # -- parts of the above -----------------------------------------------------------------------

    async def _ages(self, statement: str, after: int, last: int | None, limit: int) -> list[Age]:
        def script() -> Script[list[Age]]:
            rows = yield self._sql(statement, after=after, last=_LAST if last is None else last, limit=limit)
            return [Age(row[0], row[1], (int(row[2]),), row[3:] == ("open",)) for row in rows]

        return await self._db.read(script)

    async def _each(self, statement: str, rows: list[dict[str, object]]) -> int:
        """Run a statement for each row; how many rows were changed."""

        def script() -> Script[int]:
            counts = yield self._sql.many(statement, rows)
            return sum(count for (count,) in counts)

        return await self._db.write(script) if rows else 0

    def _throw_body(self, age: Age, owners: dict[int, int], now: float) -> Script[int]:
        yield self._sql("lock_body", id=age.id)
        rows = yield self._sql("list_body_ages", after=age.id - 1, last=age.id, limit=1)
        if not rows or rows[0][4]:
            return 0
        read_for = json.loads(rows[0][2])
        if not {owners.get(each) for each in read_for} <= set(age.workspaces):
            return 0  # it was read again for somebody else meanwhile, who may wish to keep it
        registrations: dict[int, str] = {}
        for number_id in read_for:
            told = yield self._sql("get_registration", id=number_id)
            registrations |= {int(row[0]): str(row[1]) for row in told}
        body = (yield self._sql("get_body", id=age.id))[0][3]
        yield from burying.depart(self._sql, filekey.named(read(bytes(body)), registrations))
        if not (yield self._sql("delete_body", id=age.id)):
            yield self._sql("empty_body", id=age.id, nothing=_NOTHING, now=now, why=_TOO_OLD)
        return 1
