"""How a run goes on is a bar on a terminal and plain lines in a pipe, and says what the run is doing."""

import io
import sys
from typing import Any

import pytest

from penstock.cli import following
from penstock.core import reprocess
from penstock.core.reprocess import Run
from penstock.ledger.runs import Asked, Report


def told(run: Run, *, over: bool = False) -> Report:
    return Report(
        id=1,
        workspace_id=None,
        workspace=None,
        asked=Asked(),
        by="cli:anna",
        why="the outage is over",
        created_at=1_795_000_000.0,
        changed_at=1_795_000_000.0,
        ended_at=1_795_000_100.0 if over else None,
        refusals={},
        bytes=0,
        sizes_unknown=0,
        place=None,
        unswept=False,
        run=run,
    )


FOUND = reprocess.all_selected(reprocess.selected(Run(), eligible=1_500, refused=20))
TRIED = reprocess.released(FOUND, 100, now=0.0)
GOING = reprocess.judged(reprocess.ended(TRIED, attached=95, failed=3, expired=2))


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run(), "selecting"),
        (TRIED, "trying the first hundred"),
        (GOING, "fetching again"),
        (reprocess.pause(GOING), "paused"),
        (reprocess.cancel(GOING), "cancelled"),
    ],
    ids=str,
)
def test_it_says_what_the_run_is_doing(run: Run, words: str) -> None:
    assert following.describe(told(run)) == words


def test_its_counts_are_one_line() -> None:
    assert following.counts(told(TRIED)) == "0 of 1\u2009500 files, 0 attached, 100 under way"
    assert following.counts(told(GOING)) == "100 of 1\u2009500 files, 95 attached, 3 failed again, 2 expired"


def test_in_a_pipe_there_is_a_line_when_something_else_is_done_and_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": 100.0}
    monkeypatch.setattr("time.monotonic", lambda: clock["now"])
    with following.lines() as shown:
        for run in (Run(), TRIED, TRIED, GOING, GOING):
            shown(told(run))
        clock["now"] += 6
        shown(told(GOING))

    assert capsys.readouterr().err.splitlines() == [
        "selecting: 0 of 0 files, 0 attached",
        "trying the first hundred: 0 of 1500 files, 0 attached, 100 under way",
        *["fetching again: 100 of 1500 files, 95 attached, 3 failed again, 2 expired"] * 2,
    ]


class Terminal(io.StringIO):
    """Somebody who looks."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal: Any = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    with following.bar() as shown:
        for run in (Run(), TRIED, GOING):
            shown(told(run))

    drawn = terminal.getvalue()
    assert "fetching again" in drawn
    assert "95 attached" in drawn
    assert "━" in drawn
