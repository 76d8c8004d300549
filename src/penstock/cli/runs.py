"""``penstock reprocess list|show|pause|resume|cancel``: the runs there are, one of them in full, and its steering.

A run goes on in the running instance; these commands only read and change its row. Thin words around
``ledger.reprocess``. Put under ``penstock reprocess``.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from penstock.cli import answers, arguments, following, session, showing, words
from penstock.cli.commands import Command
from penstock.core import ids
from penstock.core.errors import NotFound
from penstock.core.reprocess import SENTENCES, Reason, State
from penstock.ledger.runs import Report

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger


@click.command("list", cls=Command)
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="So many at most.")
@arguments.as_json
def list_runs(limit: int, json_: bool) -> None:
    """List the runs, the newest first."""

    async def work(ledger: "Ledger") -> tuple[list[Report], float]:
        return await ledger.reprocess.runs(workspace_id=None, limit=limit), await ledger.now()

    found, now = session.with_ledger(work)
    if json_:
        showing.as_json({"runs": [answers.run(report) for report in found]})
        return
    rows = [
        [
            ids.encode(ids.Kind.RUN, report.id),
            report.run.state.value,
            words.count(report.run.eligible),
            words.count(report.run.attached),
            words.count(report.run.failed + report.run.expired),
            words.count(report.run.waiting + report.run.under_way),
            words.ago(report.created_at, now),
            report.by,
            report.why,
        ]
        for report in found
    ]
    counts = ["FILES", "ATTACHED", "LOST AGAIN", "LEFT"]
    showing.table(["ID", "STATE", *counts, "BEGUN", "BY", "WHY"], rows, empty="no runs yet", right=counts)


@click.command("show", cls=Command)
@click.argument("id_", metavar="ID")
@arguments.as_json
def show_run(id_: str, json_: bool) -> None:
    """Show how far the run ID has come, and whether its report adds up."""
    report, adds_up = session.with_ledger(lambda ledger: ledger.reprocess.counted(_row(id_)))
    if json_:
        showing.as_json(answers.run(report) | {"adds_up": adds_up})
    else:
        show(report, adds_up=adds_up)


def _steering(step: str, line: str) -> click.Command:
    @click.command(step, cls=Command, help=line)
    @click.argument("id_", metavar="ID")
    @click.option("--why", metavar="TEXT", default="", help="The reason, which is kept in the audit log.")
    @arguments.as_json
    def steer(id_: str, why: str, json_: bool) -> None:
        async def work(ledger: "Ledger") -> Report:
            return await ledger.reprocess.steer(_row(id_), step, who=session.who(), why=why, workspace_id=None)

        report = session.with_ledger(work)
        if json_:
            showing.as_json(answers.run(report))
        else:
            show(report)

    return steer


COMMANDS = (
    list_runs,
    show_run,
    _steering("pause", "Put nothing more of the run ID to work; what is under way goes on."),
    _steering("resume", "Go on with the run ID. If it had paused itself, it tries a hundred files first again."),
    _steering("cancel", "Give up what the run ID has not put to work yet; what is under way goes on."),
)


def show(report: Report, *, adds_up: bool | None = None) -> None:
    """A run in full."""
    run = report.run
    state = "over" if run.state is State.DONE else run.state.value
    showing.line(
        f"{ids.encode(ids.Kind.RUN, report.id)}  {run.state.value}: {following.counts(report)}",
        style="ok" if state == "over" else "held" if run.stopped else "",
    )
    if run.reason:
        showing.line(f"  {run.reason}")
    if run.state is State.RUNNING and not run.selecting and run.on_trial and run.waiting:
        showing.line(f"  {words.many(run.waiting, 'file')} wait for what becomes of the first hundred")
    elif run.waiting:
        showing.line(f"  {words.many(run.waiting, 'file')} wait for their turn")
    for reason in reasons(report.refusals):
        showing.line(f"  {reason}")
    showing.line(f"  begun {words.utc(report.created_at)} by {report.by}: {report.why}")
    if adds_up is not None:
        showing.line(f"  {_sum(report)}" if adds_up else f"  the report does not add up: {_sum(report)}")


def reasons(refusals: Mapping[Reason, int]) -> Iterator[str]:
    """What is not put back to work and why, a sentence for each reason."""
    for reason, count in refusals.items():
        yield f"{words.many(count, 'file')} not: {SENTENCES[reason]}"


def _sum(report: Report) -> str:
    """The report as a sum."""
    run = report.run
    parts = {
        "attached": run.attached,
        "failed again": run.failed,
        "expired": run.expired,
        "cancelled": run.cancelled,
        "waiting": run.waiting,
        "under way": run.under_way,
        "not eligible": run.refused,
    }
    told = " + ".join(
        f"{words.count(count)} {name}" for name, count in parts.items() if count or name in ("attached", "failed again")
    )
    return f"{words.count(run.selected)} selected = {told}"


def _row(text: str) -> int:
    row = ids.decode(ids.Kind.RUN, text)
    if row is None:
        raise NotFound(f"there is no run {text[:80]!r}; `penstock reprocess list` shows them")
    return row
