"""Long work shows bars on a terminal, and lines in a pipe: one now and then, and one at the end of each step."""

import io
import sys

import pytest

from penstock.cli.steps import Steps


class Terminal(io.StringIO):
    """A stream on which a person looks."""

    def isatty(self) -> bool:
        return True


def work(line_every_s: float = 1_000.0) -> None:
    with Steps(line_every_s=line_every_s) as steps:
        steps.begin("rows read again", None)
        steps.begin("rows copied", 3_000, done=1_000)
        steps.done(500, "messages")
        steps.done(1_500, "media")
        steps.begin("rows compared", 3_000)
        steps.done(3_000)


def test_in_a_pipe_each_step_ends_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    work()

    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert out == ""
    assert first.startswith("rows copied: 3000 of 3000, 1000 of them before, in ")
    assert second.startswith("rows compared: 3000 of 3000, in ")


def test_in_a_pipe_there_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    work(line_every_s=0.0)

    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["rows copied: 1500 of 3000 (messages)", "rows copied: 3000 of 3000 (media)"]


def test_a_step_that_nobody_could_foresee_is_shown_once_there_was_something(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps() as steps:
        steps.begin("rows read again", None)
        steps.done(7)

    assert capsys.readouterr().err.startswith("rows read again: 7, in ")


def interrupted() -> None:
    with Steps() as steps:
        steps.begin("rows copied", 10)
        raise KeyboardInterrupt


def test_what_is_interrupted_says_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert capsys.readouterr().err == ""


def test_on_a_terminal_bars_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    work()

    shown = terminal.getvalue()
    assert "━" in shown
    assert "rows copied" in shown
    assert "3000/3000" in shown
    assert "rows read again" not in shown
