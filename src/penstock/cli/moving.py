"""``penstock migrate --from … --to …``: a stopped embedded installation moves to PostgreSQL, with its files if asked.

In order: open both ends, copy what is not there yet, carry the files, compare both sides row by row and by the audit,
and only then open the target to everybody. Run again after whatever interrupted it, it goes on. Exit code 1 when the
two sides are not the same, and when they are but something is amiss on both. The copying is ``ledger.moving``'s. Called
by ``cli.migrate``.
"""

import asyncio
import os
import time
from dataclasses import dataclass, field, replace
from typing import Any

import click
import msgspec

from penstock.cli import answers, session, showing, words
from penstock.cli.steps import Steps
from penstock.core.errors import Unreachable, WrongUse
from penstock.flow.auditing import Report, audit
from penstock.flow.carrying import Carried, carry
from penstock.ledger.audit_log import Entry
from penstock.ledger.moving import Standing
from penstock.ledger.moving_tables import LEFT_BEHIND
from penstock.settings import FolderUrl, PostgresUrl, S3Url, Settings, SqliteUrl, aws, values
from penstock.wiring.moving import Ends, open_move, source_of
from penstock.wiring.stores import open_blobs


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be moved where, and who says so."""

    who: str
    settings: Settings
    source: SqliteUrl
    target: PostgresUrl
    blobs_from: FolderUrl | S3Url
    blobs_to: FolderUrl | S3Url | None


@dataclass
class Moved:
    """What a move did."""

    standing: Standing = Standing.NEW
    tables: dict[str, int] = field(default_factory=dict)  # rows of each
    copied: int = 0  # rows of this run
    report: Report | None = None  # the target's
    carried: Carried | None = None
    differs: list[str] = field(default_factory=list)  # why the move has not ended
    amiss: list[str] = field(default_factory=list)  # what was wrong before, and still is

    @property
    def ended(self) -> bool:
        """Whether the target is open to everybody."""
        return not self.differs

    @property
    def problems(self) -> list[str]:
        """All of it."""
        return self.differs + self.amiss


def plan(
    settings: Settings, source: str | None, target: str | None, blobs_from: str | None, blobs_to: str | None
) -> Plan:
    """Read the options. Raises WrongUse."""
    if not source or not target:
        raise WrongUse("a move needs both --from sqlite:///FILE and --to postgresql://…")
    here, there = _database("--from", source), _database("--to", target)
    if not isinstance(here, SqliteUrl) or not isinstance(there, PostgresUrl):
        raise WrongUse("a move leads from SQLite to PostgreSQL: --from sqlite:///FILE --to postgresql://…")
    if blobs_from and not blobs_to:
        raise WrongUse("--blobs-from says where the files are; say where they are to go with --blobs-to, too")
    files = _blobs("--blobs-from", blobs_from) if blobs_from else settings.blobs_url
    goal = _blobs("--blobs-to", blobs_to) if blobs_to else None
    if goal is not None and str(goal) == str(files):
        raise WrongUse(f"the files are in {goal} already: say with --blobs-from where they are to come from")
    return Plan(who=session.who(), settings=settings, source=here, target=there, blobs_from=files, blobs_to=goal)


def move(plan: Plan, *, json_: bool) -> int:
    """Move, or go on moving; the exit code."""
    began = time.monotonic()
    try:
        with Steps() as steps:
            moved = asyncio.run(_move(plan, steps))
    except (KeyboardInterrupt, click.Abort):
        showing.note("interrupted; what has been copied stays, and the same command goes on from there")
        raise
    took_s = time.monotonic() - began
    if json_:
        showing.as_json(_facts(plan, moved, took_s))
    else:
        _show(plan, moved, took_s)
    if moved.ended:
        _advise(plan, moved)
    return 1 if moved.problems else 0


async def _move(plan: Plan, steps: Steps) -> Moved:
    moved = Moved()
    async with open_move(plan.settings, plan.source, plan.target) as ends:
        steps.begin("rows of an earlier run read again", None)
        moved.standing = await ends.move.begin(lambda table, rows: steps.done(rows, table))
        moved.tables = await ends.move.total()
        if moved.standing is not Standing.ENDED:
            await _copy(ends, moved, steps)
        if plan.blobs_to is not None:
            await _carry(plan, plan.blobs_to, ends, moved, steps)
        if moved.standing is not Standing.ENDED:
            await _compare(ends, moved, steps)
            if moved.ended:
                await ends.move.end(_entry(plan, moved))
                await ends.move.look_through()
    return moved


async def _copy(ends: Ends, moved: Moved, steps: Steps) -> None:
    before = ends.move.done()
    steps.begin("rows copied", sum(moved.tables.values()), done=before)
    await ends.move.copy(lambda table, rows: steps.done(rows, table))
    moved.copied = ends.move.done() - before


async def _carry(plan: Plan, goal: FolderUrl | S3Url, ends: Ends, moved: Moved, steps: Steps) -> None:
    source = open_blobs(replace(plan.settings, blobs_url=plan.blobs_from))
    target = open_blobs(replace(plan.settings, blobs_url=goal))
    of = sum(tally.attached for tally in await ends.source.counts.tallies())
    try:
        await target.start()
        steps.begin("files carried", of)
        seen = 0

        def tell(done: int) -> None:
            nonlocal seen
            steps.done(done - seen)
            seen = done

        moved.carried = await carry(ends.source, source, target, tell=tell)
    except OSError as error:
        raise Unreachable(f"the files cannot be carried to {goal}: {error.strerror or error}") from error
    finally:
        await target.stop()
        await source.stop()
    moved.amiss += moved.carried.problems


async def _compare(ends: Ends, moved: Moved, steps: Steps) -> None:
    """Both sides row by row, then by the audit: what the journal says was received must be accounted for on both."""
    steps.begin("rows compared", sum(moved.tables.values()))
    moved.differs += await ends.move.compare(lambda table, rows: steps.done(rows, table))
    steps.begin("sides audited", 2)
    here = await audit(ends.source)
    steps.done(1)
    moved.report = there = await audit(ends.target)
    steps.done(1)
    if _counted(here) != _counted(there) or here.problems != there.problems:
        moved.differs.append("the audit does not find the same on both sides: run it on each")
    moved.amiss += [f"the audit, on both sides: {problem}" for problem in there.problems]


def _counted(report: Report) -> list[Any]:
    """What must be the same; a gate may open by itself between two audits, so what it holds is left out."""
    return [msgspec.structs.replace(tally, held=0) for tally in report.workspaces]


def _entry(plan: Plan, moved: Moved) -> Entry:
    return Entry(
        who=plan.who,
        action="installation.moved",
        subject={"from": str(plan.source), "to": str(plan.target)},
        why="penstock migrate --from … --to …",
        after={"rows": sum(moved.tables.values()), "tables": len(moved.tables)},
    )


def _database(option: str, text: str) -> SqliteUrl | PostgresUrl:
    try:
        return values.database_url(text)
    except ValueError as error:
        raise WrongUse(f"{option} must be {error}") from None  # not repeated: there may be a password in it


def _blobs(option: str, text: str) -> FolderUrl | S3Url:
    try:
        url = values.blobs_url(text)
    except ValueError as error:
        raise WrongUse(f"{option} must be {error}") from None
    return url._replace(access=aws.access(os.environ)) if isinstance(url, S3Url) else url


# -- the answer -----------------------------------------------------------------------------


def _facts(plan: Plan, moved: Moved, took_s: float) -> dict[str, Any]:
    carried = moved.carried
    return {
        "ok": not moved.problems,
        "ended": moved.ended,
        "from": str(plan.source),
        "to": str(plan.target),
        "found": moved.standing.value,
        "rows": sum(moved.tables.values()),
        "copied": moved.copied,
        "tables": moved.tables,
        "left_behind": LEFT_BEHIND,
        "workspaces": [answers.tally(tally) for tally in moved.report.workspaces] if moved.report else [],
        "files": carried and {"to": str(plan.blobs_to), "carried": carried.files, "before": carried.before},
        "problems": moved.problems,
        "took_s": round(took_s, 3),
    }


def _show(plan: Plan, moved: Moved, took_s: float) -> None:
    rows = words.many(sum(moved.tables.values()), "row")
    if not moved.ended:
        showing.line(f"not moved: {words.many(len(moved.problems), 'problem')}", style="fail")
        for problem in moved.problems:
            showing.line(f"  {problem}")
        showing.line(
            "  The source is as it was, and the target is shut. Run the same command again: it copies all anew."
        )
        return
    if moved.standing is Standing.ENDED:
        showing.line(f"moved before: {plan.target} was given every row of {plan.source}", style="ok")
    else:
        anew = "; all of them anew, as the source had changed" if moved.standing is Standing.AGAIN else ""
        showing.line(
            f"moved: {rows} of {words.many(len(moved.tables), 'table')} in {words.duration(took_s)}{anew}", style="ok"
        )
        received = sum(tally.received for tally in moved.report.workspaces) if moved.report else 0
        files = words.many(received, "file")
        showing.line(f"  Both sides hold the same rows, and the audit finds the same on both: {files} received.")
    if moved.carried is not None:
        before = f", {words.count(moved.carried.before)} were there before" if moved.carried.before else ""
        showing.line(
            f"  {words.many(moved.carried.files, 'file')} of {words.size(moved.carried.bytes)} carried to "
            f"{plan.blobs_to}{before}."
        )
    for problem in moved.amiss:
        showing.line(f"  {problem}", style="fail")


def _advise(plan: Plan, moved: Moved) -> None:
    """What is to be done now, on stderr: it is for people."""
    here = source_of(plan.settings, plan.source)
    key = "what it is now" if here.secret_key else f"the content of {here.key_file}"
    showing.note(f"Now set for every process: PENSTOCK_DATABASE_URL to {plan.target},")
    showing.note(f"  PENSTOCK_SECRET_KEY to {key}, as tokens came along sealed with it,")
    if moved.carried is not None:
        showing.note(
            f"  and PENSTOCK_BLOBS_URL to {plan.blobs_to}. `penstock audit --deep` reads every file there again."
        )
    else:
        showing.note(
            f"  and PENSTOCK_BLOBS_URL to {plan.blobs_from}: files were not moved, and must be reached from there."
        )
    showing.note("Do not start the old installation again: what it received would not be in the new one.")
