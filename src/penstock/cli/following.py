"""Following a run of reprocessing until it is over or paused: a bar on a terminal, a line now and then in a pipe.

It only looks; the running instance does the work, and goes on when nobody looks any more. Used by ``penstock
reprocess --wait``.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from penstock.cli import showing, words
from penstock.core.reprocess import State
from penstock.ledger.runs import Report

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger

_LOOK_S = 0.5
_LINE_EVERY_S = 5.0


class Shown(Protocol):
    """Whatever is told how far a run has come."""

    def __call__(self, report: Report) -> None:
        """Show it."""


async def follow(ledger: "Ledger", run: int, *, look_s: float = _LOOK_S) -> Report:
    """The run once nothing of it is under way any more, or it is paused."""
    with bar() if _on_terminal() else lines() as shown:
        while True:
            report = await ledger.reprocess.run(run, workspace_id=None)
            assert report is not None
            shown(report)
            if report.ended_at is not None or report.run.state is State.PAUSED:
                return report
            await asyncio.sleep(look_s)


@contextlib.contextmanager
def bar() -> Iterator[Shown]:
    """A bar with its counts, on stderr, taken away in the end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("selecting", total=None, counts="")

        def show(report: Report) -> None:
            run = report.run
            progress.update(
                task,
                description=describe(report),
                completed=run.ended + run.cancelled,
                total=None if run.selecting else run.eligible,
                counts=counts(report),
            )

        yield show


@contextlib.contextmanager
def lines() -> Iterator[Shown]:
    """Plain lines on stderr: when something else is being done, and every five seconds."""
    told, next_at = "", 0.0

    def show(report: Report) -> None:
        nonlocal told, next_at
        said = describe(report)
        if said != told or time.monotonic() >= next_at:
            told, next_at = said, time.monotonic() + _LINE_EVERY_S
            showing.note(f"{said}: {counts(report)}")

    yield show


def describe(report: Report) -> str:
    """What a run is doing at this moment, in a few words."""
    run = report.run
    if run.state is not State.RUNNING:
        return run.state.value
    if run.selecting:
        return "selecting"
    return "trying the first hundred" if run.on_trial and run.waiting else "fetching again"


def counts(report: Report) -> str:
    """How many of a run's files stand where, in one line."""
    run = report.run
    parts = [f"{words.count(run.ended)} of {words.many(run.eligible, 'file')}", f"{words.count(run.attached)} attached"]
    parts += [f"{words.count(run.failed)} failed again"] if run.failed else []
    parts += [f"{words.count(run.expired)} expired"] if run.expired else []
    parts += [f"{words.count(run.cancelled)} cancelled"] if run.cancelled else []
    parts += [f"{words.count(run.under_way)} under way"] if run.under_way else []
    return ", ".join(parts)


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
