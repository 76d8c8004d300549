"""Runs of reprocessing: planned, begun, steered, and carried on step by step, each step one short transaction.

Everything that a run knows is in its row and in the rows of its files, so whoever carries it on may be killed between
any two steps, or believe for a moment that it does so alone: the run's row is held while it changes. What became of a
file is read from the file itself. Decisions are ``core.reprocess``'s. Called by ``controls.reprocess``, ``cli`` and
``web.api``.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from msgspec import structs

from penstock.adapters.db.port import Database, Script
from penstock.core import ids, lanes, reprocess
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.core.media import MEDIA_LIFE_S
from penstock.core.operation import DOWNLOAD
from penstock.core.reprocess import OVER, STEERING, Reason, Run, ineligible
from penstock.ledger import runs
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.runs import Asked, Found, Report, Round, Worked
from penstock.ledger.selecting import Item, Search, candidate
from penstock.ledger.statements import Statements

_PLANNED = 5_000  # rows that are looked at in one go when nothing is written
_SELECTED = 500  # and when each is written down: more would hold up the webhooks behind it
_SWEPT = 1_000
_NAMED = 100  # files that may be named one by one
_LAST = (1 << 63) - 1
_BACKLOG_S = lanes.LIVE_S + 60.0  # what came so long ago is backlog
_RECENT_S, _NEWEST = 3_600.0, 5_000
_FEWEST = 10  # deliveries from which a rate can be told


class Reprocess:
    """Runs and their files."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    # -- looking ----------------------------------------------------------------------------

    async def plan(self, asked: Asked, *, progress: Callable[[int], None] = lambda _: None) -> Found:
        """What a run would be about, changing nothing. Raises NotFound or WrongUse."""
        now = await self._db.now()
        workspace_id = await self._db.read(lambda: self._checked(asked))
        search = Search(asked, workspace_id, run_id=0, now=now, ended_by=now)
        found, place = Found(), None
        while True:
            at = place
            stretch = await self._db.read(lambda at=at: search.stretch(self._sql, at, _PLANNED))  # type: ignore[misc]
            found, place = found.plus(stretch.found), stretch.next
            progress(found.selected)
            if place is None:
                return found

    async def run(self, id_: int, *, workspace_id: int | None) -> Report | None:
        """One run."""
        return await self._db.read(lambda: self._get(id_, workspace_id))

    async def runs(
        self, *, workspace_id: int | None, open_only: bool = False, before: int = _LAST, limit: int = 50
    ) -> list[Report]:
        """Runs, the newest first; with ``open_only`` those of which a file is not accounted for yet."""

        def script() -> Script[list[Report]]:
            rows = yield self._sql(
                "list_runs", workspace_id=workspace_id or 0, open_only=int(open_only), before=before, limit=limit
            )
            return [runs.report(row) for row in rows]

        return await self._db.read(script)

    async def counted(self, id_: int) -> tuple[Report, bool]:
        """A run, and whether its report adds up: its counts among themselves, and with its files counted again."""

        def script() -> Script[tuple[Report, bool]]:
            told = yield from self._known(id_, None)
            rows = yield self._sql("count_run_items", run_id=id_)
            by_state: Counter[str] = Counter(dict(rows))
            run = told.run
            idle = by_state["waiting"] + by_state["cancelled"]
            same = (run.under_way, run.attached, run.failed, run.expired) == tuple(
                by_state[state] for state in ("released", "attached", "failed", "expired")
            )
            return told, run.adds_up and same and idle == run.waiting + run.cancelled

        return await self._db.read(script)

    async def rounds(self, media_row: int) -> list[Round]:
        """The times that a file was put back to work."""

        def script() -> Script[list[Round]]:
            rows = yield self._sql("list_rounds", media_row=media_row)
            return [Round(row[0] + 1, *row[1:]) for row in rows]

        return await self._db.read(script)

    async def recent_rate(self) -> float | None:
        """Files delivered in a second, of late; None = too few to tell."""
        since = await self._db.now() - _RECENT_S

        def script() -> Script[float | None]:
            rows = yield self._sql("recent_deliveries", newest=_NEWEST, since=since, operation=DOWNLOAD.name)
            count, first, last = rows[0]
            return (count - 1) / (last - first) if count >= _FEWEST and last > first else None

        return await self._db.read(script)

    # -- steering ---------------------------------------------------------------------------

    async def start(self, asked: Asked, *, rate: float | None, who: str, why: str) -> Report:
        """Begin a run; the running instance carries it on. Raises NotFound or WrongUse."""
        _check(rate, why)
        now = await self._db.now()

        def script() -> Script[Report]:
            workspace_id = yield from self._checked(asked)
            rows = yield self._sql(
                "insert_run",
                workspace_id=workspace_id,
                asked=runs.asked_text(asked),
                by_whom=who,
                why=why,
                now=now,
                **runs.counts(Run(rate=rate)),
            )
            id_ = int(rows[0][0])
            after = {"files": runs.asked_facts(asked), "rate": rate}
            yield from entered(self._sql, Entry(who, "reprocess.start", _subject(id_), why, None, after), now)
            return (yield from self._known(id_, None))

        return await self._db.write(script)

    async def steer(self, id_: int, step: str, *, who: str, why: str, workspace_id: int | None) -> Report:
        """Pause, resume or cancel a run. Raises NotFound, or Conflict when it does not stand so that it could be."""
        now = await self._db.now()

        def script() -> Script[Report]:
            yield self._sql("lock_run", id=id_)
            told = yield from self._known(id_, workspace_id)
            run = STEERING[step](told.run)
            if run is None:
                raise Conflict(f"this run is {told.run.state}: it cannot be {_DONE_TO[step]}")
            unswept = told.unswept or run.cancelled > told.run.cancelled
            entry = Entry(who, f"reprocess.{step}", _subject(id_), why, _standing(told.run), _standing(run))
            told = yield from self._set(structs.replace(told, run=run, unswept=unswept), now)
            yield from entered(self._sql, entry, now)
            return told

        return await self._db.write(script)

    # -- carrying on ------------------------------------------------------------------------

    async def active(self) -> list[int]:
        """The runs in which something is to be done, or is being waited for."""

        def script() -> Script[list[int]]:
            rows = yield self._sql("list_active_runs")
            return [int(row[0]) for row in rows]

        return await self._db.read(script)

    async def work(self, id_: int, *, now: float, shut: str = "") -> Worked:
        """Carry a run on by one step. ``shut`` names the lanes behind a shut gate: nothing of these is put to work."""
        if not await self._db.read(lambda: self._anything(id_, now, shut)):
            return Worked(None)
        return await self._db.write(lambda: self._work(id_, now, shut))

    def _anything(self, id_: int, now: float, shut: str) -> Script[bool]:
        """Whether there is something to write; most looks find that there is not."""
        told = yield from self._get(id_, None)
        if told is None or told.ended_at is not None:
            return False
        if told.unswept or told.run.selecting or reprocess.judged(told.run) != told.run:
            return True
        if (yield self._sql("has_ended_items", run_id=id_))[0][0]:
            return True
        held = yield from self._held(id_, shut)
        if not reprocess.may_release(told.run, now=now, held=held):
            return False
        return bool((yield self._sql("pick_items", run_id=id_, shut=shut, limit=1)))

    def _work(self, id_: int, now: float, shut: str) -> Script[Worked]:
        yield self._sql("lock_run", id=id_)
        told = yield from self._known(id_, None)
        before = told.run
        released = 0
        if told.unswept:
            swept = yield self._sql("cancel_items", run_id=id_, now=now, limit=_SWEPT)
            told = structs.replace(told, unswept=len(swept) == _SWEPT)
        elif before.selecting:
            told = yield from self._select(told, now)
        else:
            rows = yield self._sql("end_items", run_id=id_, now=now)
            told = _with_endings(told, Counter(row[0] for row in rows))
            told, released = yield from self._release(told, now, shut)
        told = yield from self._set(told, now)
        if told.run.stopped and not before.stopped:
            why = told.run.reason or ""
            entry = Entry("reprocess", "reprocess.pause", _subject(id_), why, _standing(before), _standing(told.run))
            yield from entered(self._sql, entry, now)
        return Worked(told, released, more=told.unswept or told.run.selecting or released == reprocess.STEP)

    def _select(self, told: Report, now: float) -> Script[Report]:
        """Find the next stretch of its files and write them down."""
        search = Search(told.asked, told.workspace_id, told.id, now, told.created_at)
        items, found, place = yield from search.stretch(self._sql, told.place, _SELECTED)
        found = yield from self._noted(told.id, items, found)
        run = reprocess.selected(told.run, eligible=found.eligible, refused=found.refused)
        return structs.replace(
            told,
            run=run if place else reprocess.all_selected(run),
            place=place,
            refusals=runs.both(told.refusals, found.refusals),
            bytes=told.bytes + found.bytes,
            sizes_unknown=told.sizes_unknown + found.sizes_unknown,
        )

    def _noted(self, id_: int, items: list[Item], found: Found) -> Script[Found]:
        """Write files down as the run's; what another run took at this very moment is not eligible."""
        if not items:
            return found
        rows = yield self._sql.many("insert_item", [item._asdict() | {"run_id": id_} for item in items])
        taken = sum(not row[0] for row in rows)
        if not taken:
            return found
        return structs.replace(
            found, eligible=found.eligible - taken, refusals=runs.both(found.refusals, {Reason.OTHER_RUN: taken})
        )

    def _release(self, told: Report, now: float, shut: str) -> Script[tuple[Report, int]]:
        """Put the next files back to work, those that are eligible still."""
        run = reprocess.judged(told.run)
        held = yield from self._held(told.id, shut)
        room = reprocess.may_release(run, now=now, held=held)
        rows = []
        if room:
            rows = yield self._sql("pick_items", run_id=told.id, shut=shut, limit=room)
        refusals: dict[Reason, int] = {}
        refused, chosen = [], []
        for row in rows:
            key = {"media_row": row[0]}
            reason = ineligible(candidate(row), now=now, past_deadline=told.asked.past_deadline)
            if reason is None:
                chosen.append(key)
            else:
                refused.append(key | {"run_id": told.id, "now": now})
                refusals = runs.both(refusals, {reason: 1})
        if chosen:
            reopened = yield self._sql.many("reopen_media", chosen)
            lost = [key for key, row in zip(chosen, reopened, strict=True) if not row[0]]
            chosen = [key for key in chosen if key not in lost]
            refused += [key | {"run_id": told.id, "now": now} for key in lost]  # erased at this very moment
            refusals = runs.both(refusals, {Reason.ERASED: len(lost)}) if lost else refusals
        if chosen:
            more: dict[str, Any] = {"now": now, "backlog_at": now - _BACKLOG_S, "last_of_all": now + MEDIA_LIFE_S}
            yield self._sql.many("insert_round", [key | more for key in chosen])
            yield self._sql.many("release_item", [key | {"run_id": told.id, "now": now} for key in chosen])
        if refused:
            yield self._sql.many("refuse_item", refused)
        run = reprocess.released(run, len(chosen), refused=len(refused), now=now)
        told = structs.replace(told, run=reprocess.judged(run), refusals=runs.both(told.refusals, refusals))
        return told, len(chosen)

    # -- parts ------------------------------------------------------------------------------

    def _held(self, id_: int, shut: str) -> Script[int]:
        if not shut:
            return 0
        rows = yield self._sql("count_held_items", run_id=id_, shut=shut)
        return int(rows[0][0])

    def _set(self, told: Report, now: float) -> Script[Report]:
        """Write a run down; it has ended once the last of its files is accounted for."""
        over = told.run.state in OVER and not told.run.under_way and not told.unswept
        told = structs.replace(told, changed_at=now, ended_at=now if over else None)
        yield self._sql("set_run", now=now, **runs.columns(told))
        return told

    def _get(self, id_: int, workspace_id: int | None) -> Script[Report | None]:
        rows = yield self._sql("get_run", id=id_, workspace_id=workspace_id or 0)
        return runs.report(rows[0]) if rows else None

    def _known(self, id_: int, workspace_id: int | None) -> Script[Report]:
        told = yield from self._get(id_, workspace_id)
        if told is None:
            raise NotFound("there is no such run; `penstock reprocess list` shows them")
        return told

    def _checked(self, asked: Asked) -> Script[int | None]:
        """The workspace that is asked for, if one is, and whether the named files are there. Raises NotFound."""
        workspace_id = None
        if asked.workspace:
            rows = yield self._sql("get_workspace", name=asked.workspace)
            if not rows:
                raise NotFound(f"there is no workspace {asked.workspace[:80]!r}; `penstock workspace list` shows them")
            workspace_id = int(rows[0][0])
        if len(asked.media) > _NAMED:
            raise WrongUse(f"at most {_NAMED} files can be named one by one; use a filter for more")
        for row in asked.media:
            there = yield self._sql("get_candidate", run_id=0, media_row=row, workspace_id=workspace_id or 0)
            if not there:
                raise NotFound(f"there is no file {ids.encode(ids.Kind.MEDIA, row)}; `penstock media list` shows them")
        return workspace_id


_DONE_TO = {"pause": "paused", "resume": "resumed", "cancel": "cancelled"}
_ENDS = frozenset({"attached", "failed", "expired"})


def _with_endings(told: Report, by_state: Counter[str]) -> Report:
    """A run whose files came to these ends."""
    erased = sum(count for state, count in by_state.items() if state not in _ENDS)
    run = reprocess.ended(
        told.run,
        attached=by_state["attached"],
        failed=by_state["failed"],
        expired=by_state["expired"],
        erased=erased,
    )
    refusals = runs.both(told.refusals, {Reason.ERASED: erased}) if erased else told.refusals
    return structs.replace(told, run=run, refusals=refusals)


def _check(rate: float | None, why: str) -> None:
    if not why.strip() or len(why) > 500 or not why.isprintable():
        raise WrongUse("a run needs a reason, which is kept: one line of 1 to 500 characters")
    if rate is not None and not 0.001 <= rate <= 100_000:
        raise WrongUse("a rate is 0.001 to 100,000 files a second")


def _subject(id_: int) -> dict[str, object]:
    return {"run": ids.encode(ids.Kind.RUN, id_)}


def _standing(run: Run) -> dict[str, object]:
    return {
        "state": run.state.value,
        "waiting": run.waiting,
        "under_way": run.under_way,
        "attached": run.attached,
        "failed": run.failed,
        "expired": run.expired,
        "cancelled": run.cancelled,
    }
