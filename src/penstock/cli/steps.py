"""Long work in steps, shown while one waits: bars on a terminal, a line now and then and one at each end in a pipe.

It shows on stderr, so that stdout holds the answer alone, and it knows no command. Used by ``cli.moving``.
"""

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import click

from penstock.cli.words import count, duration, plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_LINE_EVERY_S = 5.0


class Steps:
    """One bar at a time. Enter it, ``begin`` a step, tell it what is ``done``; the next step ends the one before."""

    def __init__(self, *, line_every_s: float = _LINE_EVERY_S) -> None:
        self._every_s = line_every_s
        self._stack = ExitStack()
        self._bars: Progress | None = None
        self._what = ""
        self._of: int | None = None
        self._done = self._first = 0
        self._began_at = self._next_at = 0.0

    def __enter__(self) -> Self:
        """Begin to show."""
        if sys.stderr is not None and sys.stderr.isatty():
            self._bars = self._stack.enter_context(_bars())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        """Leave clean lines behind."""
        if kind is None:
            self._end()
        self._stack.close()

    def begin(self, what: str, of: int | None, *, done: int = 0) -> None:
        """Another step: what is done, how much there is to do (None = unknown), and how much was done before.

        A step of which nobody knows whether there is anything to do is shown once something has been done.
        """
        self._end()
        self._what, self._of, self._done, self._first = what, of, done, done
        self._began_at = time.monotonic()
        self._next_at = self._began_at + self._every_s
        self._task: TaskID | None = None
        if of is not None:
            self._draw("")

    def done(self, more: int, note: str = "") -> None:
        """So much more is done; ``note`` says of what."""
        self._done += more
        if self._bars is not None:
            self._draw(note)
        elif (now := time.monotonic()) >= self._next_at:
            self._next_at = now + self._every_s
            _say(f"{self._so_far()}{f' ({note})' if note else ''}")

    def _draw(self, note: str) -> None:
        if self._bars is None:
            return
        if self._task is None:
            self._task = self._bars.add_task(self._what, total=self._of, note="")
        self._bars.update(self._task, completed=self._done, note=note)

    def _end(self) -> None:
        if self._what and self._bars is None and (self._done or self._of is not None):
            took_s = time.monotonic() - self._began_at
            before = f", {count(self._first)} of them before" if self._first else ""
            _say(f"{self._so_far()}{before}, in {duration(took_s)}")
        self._what = ""

    def _so_far(self) -> str:
        of = "" if self._of is None else f" of {count(self._of)}"
        return f"{self._what}: {count(self._done)}{of}"


def _bars() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
        console=Console(stderr=True, highlight=False),
    )


def _say(line: str) -> None:
    click.echo(plain(line), err=True)
