"""How an answer is put out: JSON for programs, a table on a terminal, plain lines in a pipe, progress while one waits.

Rich is imported for a terminal only. It knows no command and no ledger. Used by every command.
"""

import re
import sys
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, Self

import click

from penstock.cli.words import count, plain

_EVERY_S = 0.1  # a terminal is told of progress ten times a second at most
_LINE_EVERY_S = 5.0  # a pipe gets a line now and then
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_STYLES = {
    "attached": "green",
    "ok": "green",
    "held": "yellow",
    "warn": "yellow",
    "expired": "red",
    "failed": "red",
    "fail": "red",
    "no": "red",
    "waiting": "dim",
}


def as_json(answer: Mapping[str, Any]) -> None:
    """One JSON object on stdout; on several lines when a person looks."""
    import json

    speaks_unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    indent = 2 if _is_terminal(sys.stdout) else None
    click.echo(json.dumps(answer, ensure_ascii=not speaks_unicode, indent=indent))


def line(text: str = "", *, style: str = "") -> None:
    """One line of the answer. ``style`` is one of the states' words; it colours the line on a terminal."""
    shown = _harmless(text)
    if not _is_terminal(sys.stdout):
        click.echo(plain(shown))
    elif (colour := _STYLES.get(style, "dim")) == "dim":
        click.echo(shown)
    else:
        click.secho(shown, fg=colour)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str, right: Sequence[str] = ()) -> None:
    """Rows under their columns; ``right`` names the columns of numbers. Without rows the sentence ``empty``."""
    if not rows:
        click.echo(empty)
    elif _is_terminal(sys.stdout):
        _drawn(columns, rows, right)
    else:
        _plain(columns, rows)


def note(sentence: str) -> None:
    """A sentence for a person, on stderr, so that stdout holds the answer alone."""
    shown = _harmless(sentence)
    click.echo(shown if _is_terminal(sys.stderr) else plain(shown), err=True)


class Progress:
    """What has been done so far: one line that changes on a terminal, a line now and then in a pipe."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._terminal = _is_terminal(sys.stderr)
        self._next_at = time.monotonic() + (0 if self._terminal else _LINE_EVERY_S)
        self._shown = False

    def __call__(self, done: int, of: int | None = None) -> None:
        """Tell how much is done."""
        now = time.monotonic()
        if now < self._next_at:
            return
        self._next_at = now + (_EVERY_S if self._terminal else _LINE_EVERY_S)
        line = f"{self._what}: {count(done)}" + (f" of {count(of)}" if of else "")
        if self._terminal:
            click.echo(f"\r\x1b[K{line}", err=True, nl=False)
            self._shown = True
        else:
            click.echo(plain(line), err=True)

    def note(self, sentence: str) -> None:
        """Say something on a line of its own meanwhile."""
        self.clear()
        note(sentence)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Leave a clean line."""
        self.clear()

    def clear(self) -> None:
        """Take the line away, as something else is to be said."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._shown = False


def _is_terminal(stream: IO[str] | None) -> bool:
    """A stream that was closed before we started is None."""
    return stream is not None and stream.isatty()


def _harmless(text: str) -> str:
    """Without what would steer a terminal: reasons and remarks are other people's words."""
    return _CONTROLS.sub(" ", text)


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for column in columns:
        drawn.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_harmless(cell), style=_STYLES.get(cell, "")) for cell in row))
    Console(highlight=False).print(drawn)


def _plain(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Tab-separated, one row a line, for grep and cut."""
    click.echo("\t".join(columns))
    for row in rows:
        click.echo("\t".join(" ".join(plain(_harmless(cell)).split()) for cell in row))
