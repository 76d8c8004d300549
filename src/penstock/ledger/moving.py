"""A move: the rows of a stopped embedded installation, brought into an empty PostgreSQL database and compared there.

Each page of rows is written in one transaction with how far the move has come, so a killed one goes on where it was.
What was copied before is read again in the source first: when it has changed since, everything is copied anew. While a
move has not ended, nothing else opens the target. Ids, positions and secrets stay as they are. Wired by
``wiring.moving``; called by ``penstock migrate``.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

import msgspec

from penstock.adapters.db.port import Call, Database, Row, Script
from penstock.core.content import NOTHING, Content, content
from penstock.core.errors import Conflict, Unreachable
from penstock.ledger import moving_rows
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.moving_rows import Reader, Shape
from penstock.ledger.moving_tables import COPIED
from penstock.ledger.processes import ALIVE_S
from penstock.ledger.statements import Statements, load

Tell = Callable[[str, int], None]  # a table, and how many of its rows are done in addition


class Standing(StrEnum):
    """What a move finds when it begins."""

    NEW = "new"
    RESUMED = "resumed"  # an earlier run was interrupted
    AGAIN = "again"  # an earlier run was interrupted, and its source has changed since: everything is copied anew
    ENDED = "ended"  # an earlier run came to its end


class _Step(NamedTuple):
    """How far a table has been copied."""

    content: Content
    last: Row | None  # the key of the last row


class Move:
    """One move from a source to a target, both open. ``begin`` comes first, ``end`` last."""

    def __init__(self, source: Database, target: Database) -> None:
        self._source = source
        self._target = target
        self._from = load(source.dialect)
        self._sql = load(target.dialect)
        self._id = ""
        self._shapes: list[Shape] = []
        self._steps: dict[str, _Step] = {}

    async def begin(self, tell: Tell = lambda _table, _rows: None) -> Standing:
        """Find out where the move stands and claim the target for it; ``tell`` hears of rows that are read again.

        Raises Conflict when the target is somebody else's, or has ended a move that the source has outlived.
        """
        self._id = await self._read_birth()
        ours = await self._source.read(lambda: moving_rows.shapes(COPIED, self._from))
        theirs = await self._target.read(lambda: moving_rows.shapes(COPIED, self._sql))
        self._shapes = [moving_rows.shape(*each) for each in zip(COPIED, ours, theirs, strict=True)]
        move, steps, filled = await self._target.write(self._look)
        if move is None or move[2] is None:
            await self._refuse_company()
        if move is None:
            if filled:
                raise Conflict(f"the target holds an installation already (in {filled}): make an empty database")
            # A mover that was killed a moment ago may have begun after all: then this is its continuation.
            return Standing.NEW if await self._start_over(first=True) else await self.begin(tell)
        if move[0] != self._id:
            raise Conflict("the target holds an installation that came from another source: make an empty database")
        self._steps = {row[0]: _Step(content(row[1], row[2]), tuple(msgspec.msgpack.decode(row[3]))) for row in steps}
        ended = move[2] is not None
        same = await self._unchanged(tell, whole=ended)
        if ended and not same:
            raise Conflict(
                "this move has ended before, and the source has changed since, so the target lacks something: move it "
                "into another, empty database"
            )
        if not same or not steps:
            await self._start_over(first=False)
            return Standing.AGAIN if steps else Standing.RESUMED
        return Standing.ENDED if ended else Standing.RESUMED

    async def total(self) -> dict[str, int]:
        """How many rows the source has, by table."""

        def script() -> Script[dict[str, int]]:
            counts = {}
            for shape in self._shapes:
                counts[shape.name] = int((yield moving_rows.count(shape))[0][0])
            return counts

        return await self._source.read(script)

    def done(self) -> int:
        """How many rows have been copied, by this run and by earlier ones."""
        return sum(step.content.rows for step in self._steps.values())

    async def copy(self, tell: Tell = lambda _table, _rows: None) -> None:
        """Bring over what is not there yet, table by table. Raises Conflict when somebody else does it, too."""
        for shape in self._shapes:
            step = self._steps.get(shape.name, _Step(NOTHING, None))
            text = moving_rows.insert(shape)
            async with aclosing(self._pages(self._source, shape, after=step.last)) as pages:
                async for rows in pages:
                    values = moving_rows.as_columns(shape, rows)
                    following = _Step(step.content.and_also(zip(*values, strict=True)), shape.last(rows[-1]))
                    await self._target.write(self._put(shape, Call(text, values), step, following))
                    step = self._steps[shape.name] = following
                    tell(shape.name, len(rows))

    async def compare(self, tell: Tell = lambda _table, _rows: None) -> list[str]:
        """Read both sides from the beginning; a sentence for each table that is not the same, none when all are.

        When there is one, the next run copies everything anew.
        """
        problems = []
        for shape in self._shapes:
            here, there = await asyncio.gather(
                self._content(self._source, shape, tell), self._content(self._target, shape, lambda _table, _rows: None)
            )
            if here != self._steps.get(shape.name, _Step(NOTHING, None)).content:
                problems.append(f"{shape.name}: the source was changed while it was copied")
            elif here.rows != there.rows:
                problems.append(f"{shape.name}: {here.rows} rows in the source, {there.rows} in the target")
            elif here != there:
                problems.append(f"{shape.name}: {here.rows} rows on both sides, but not the same ones")
        if problems:
            await self._target.write(partial(_only, self._sql("forget_move_steps")))
        return problems

    async def end(self, entry: Entry | None = None) -> None:
        """Let ids and positions go on after the last ones, and open the target to everybody.

        ``entry`` is what the target's audit log says of it, in the same transaction.
        """
        last_ids, position = await self._source.read(self._highest)
        await self._refuse_company()
        now = await self._target.now()

        def script() -> Script[None]:
            for (table, column), last in last_ids.items():
                yield self._sql("set_sequence", table_name=table, column_name=column, last=last)
            yield self._sql("set_stamp", position=position)
            yield self._sql("end_move", source=self._id, now=now)
            if entry is not None:
                yield from entered(self._sql, entry, now)

        await self._target.write(script)

    async def look_through(self) -> None:
        """Let the target's planner know its new tables, so that the first hour is not spent on guesses."""
        for shape in self._shapes:
            await self._target.write(partial(_only, moving_rows.look_through(shape)))

    # -- reading ----------------------------------------------------------------------------

    async def _read_birth(self) -> str:
        def script() -> Script[str]:
            rows = yield self._from("get_birth")
            return repr(float(rows[0][0]))

        return await self._source.read(script)

    async def _refuse_company(self) -> None:
        """Raise Conflict when a process runs on the target: it was started before the move began."""
        since = await self._target.now() - ALIVE_S

        def script() -> Script[bool]:
            return bool((yield self._sql("list_processes", since=since)))

        if await self._target.read(script):
            raise Conflict(
                "a Penstock process runs on the target, or did within the last half minute: stop it, and run the same "
                "command again"
            )

    def _look(self) -> Script[tuple[Row | None, Sequence[Row], str]]:
        """What the target holds: (its move, its steps, the first table with rows)."""
        yield self._sql("lock_move")
        move = yield self._sql("get_move")
        steps = yield self._sql("list_move_steps")
        filled = ""
        for shape in self._shapes:
            if not shape.prefilled and not filled and (yield moving_rows.has_rows(shape))[0][0]:
                filled = shape.name
        return (move[0] if move else None, steps, filled)

    async def _pages(
        self, db: Database, shape: Shape, *, after: Row | None = None, upto: int | None = None
    ) -> AsyncGenerator[list[Row], None]:
        """The rows of a table in the order of its key, so many at most; one page is read ahead."""
        reader = Reader(shape, is_source=db is self._source)
        left = upto

        def fetch(after: Row | None) -> "asyncio.Task[list[Row]]":
            most = moving_rows.PAGE_ROWS if left is None else min(moving_rows.PAGE_ROWS, left)
            return asyncio.create_task(_read(db, reader.page(after, most)))

        coming = fetch(after)
        try:
            while (left is None or left > 0) and (rows := await coming):
                left = None if left is None else left - len(rows)
                coming = fetch(shape.last(rows[-1]))
                yield rows
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _content(self, db: Database, shape: Shape, tell: Tell, *, upto: int | None = None) -> Content:
        found = NOTHING
        async with aclosing(self._pages(db, shape, upto=upto)) as pages:
            async for rows in pages:
                found = found.and_also(zip(*moving_rows.as_columns(shape, rows), strict=True))
                tell(shape.name, len(rows))
        return found

    async def _unchanged(self, tell: Tell, *, whole: bool) -> bool:
        """Whether the source still holds what was copied from it; with ``whole``, and nothing else."""
        for shape in self._shapes:
            step = self._steps.get(shape.name)
            known = step.content if step else NOTHING
            if await self._content(self._source, shape, tell, upto=None if whole else known.rows) != known:
                return False
        return True

    def _highest(self) -> Script[tuple[dict[tuple[str, str], int], int]]:
        """The highest id ever given out, by table and column, and the last position of the feed."""
        given = {row[0]: int(row[1]) for row in (yield self._from("list_given_ids"))}
        last_ids = {}
        for shape in self._shapes:
            for place in shape.numbered:
                found = yield moving_rows.highest(shape, place)
                last = max(int(found[0][0]), given.get(shape.name, 0))
                if last:
                    last_ids[shape.name, shape.columns[place].target] = last
        position = int((yield self._from("last_event"))[0][0])
        return last_ids, position

    # -- writing ----------------------------------------------------------------------------

    async def _start_over(self, *, first: bool) -> bool:
        """Make room, and say whose move it is; False when somebody has said so since it was looked."""
        now = await self._target.now()

        def script() -> Script[bool]:
            if first and not (yield self._sql("insert_move", source=self._id, now=now)):
                return False
            yield self._sql("lock_move")
            yield self._sql("forget_move_steps")
            yield moving_rows.empty([shape for shape in self._shapes if not shape.prefilled])
            return True

        self._steps = {}
        return await self._target.write(script)

    def _put(self, shape: Shape, rows: Call, before: _Step, after: _Step) -> Callable[[], Script[None]]:
        def script() -> Script[None]:
            yield self._sql("lock_move")
            moved = yield self._sql(
                "advance_move",
                table_name=shape.name,
                copied=after.content.rows,
                content=after.content.hex,
                last=msgspec.msgpack.encode(after.last),
                before=before.content.rows,
            )
            if not moved:
                raise Conflict("another move into this database is under way: let one of them end")
            if shape.prefilled and before.last is None:
                yield moving_rows.empty([shape])  # what the schema came with makes room
            yield rows

        return script


def refuse_half(sql: Statements) -> Script[None]:
    """Raise Unreachable for a database that a move has not ended in, for whoever wants to use it."""
    rows = yield sql("get_move")
    if rows and rows[0][2] is None:
        raise Unreachable(
            "this database is the target of a move that has not ended: run the same `penstock migrate --from … --to …` "
            "again, which goes on where it was"
        )


def _only(call: Call) -> Script[Any]:
    return (yield call)


async def _read(db: Database, script: Callable[[], Script[list[Row]]]) -> list[Row]:
    return await db.read(script)
