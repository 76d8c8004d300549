"""An answer is JSON for a program, a drawn table for a terminal, plain lines for a pipe."""

import io
import json
import sys
from typing import Any

import pytest

from penstock.cli import showing


class Terminal(io.StringIO):
    """A stream on which a person looks."""

    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put one in the place of stdout and stderr. Not a fixture: pytest puts its own streams back before the test."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    return stream


def test_json_is_one_line_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    showing.as_json({"a": "ü", "b": [1]})

    assert capsys.readouterr().out == '{"a": "ü", "b": [1]}\n'


def test_json_is_indented_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    showing.as_json({"a": [1]})

    assert terminal.getvalue().count("\n") == 5
    assert json.loads(terminal.getvalue()) == {"a": [1]}


def test_a_table_in_a_pipe_is_tabs_and_one_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    showing.table(["NAME", "FILES"], [["a\nb\tc", "1\u2009234"]], empty="none")

    assert capsys.readouterr().out == "NAME\tFILES\na b c\t1234\n"


def test_a_table_without_rows_says_what_would_stand_there(capsys: pytest.CaptureFixture[str]) -> None:
    showing.table(["NAME"], [], empty="no tokens yet")

    assert capsys.readouterr().out == "no tokens yet\n"


def test_a_table_on_a_terminal_is_drawn_with_numbers_to_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    showing.table(["NAME", "FILES"], [["acme", "7"], ["b", "1\u2009234"]], empty="none", right=["FILES"])

    lines = [line.rstrip() for line in terminal.getvalue().splitlines()]
    assert any(line.endswith("    7") for line in lines)
    assert any(line.endswith("1\u2009234") for line in lines)


@pytest.mark.parametrize("evil", ["\x1b[2Jgone", "a\rb", "a\u202eb", "a\x9b31mb"])
def test_what_others_wrote_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch, evil: str) -> None:
    terminal = on_terminal(monkeypatch)
    showing.table(["NAME"], [[evil]], empty="none")
    showing.note(evil)
    showing.line(evil)

    assert (
        not set(evil)
        & {"\x1b", "\r", "\u202e", "\x9b"}
        & set(terminal.getvalue().replace("\x1b[2m", "").replace("\x1b[0m", ""))
    )


def test_a_line_is_coloured_for_a_person_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    showing.line("it failed", style="fail")

    showing.line("it goes on")

    assert terminal.getvalue() == "\x1b[31mit failed\x1b[0m\nit goes on\n"


def test_a_line_in_a_pipe_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    showing.line("1\u2009234 failed after 2\u2009h", style="fail")

    assert capsys.readouterr().out == "1234 failed after 2 h\n"


def test_progress_is_one_changing_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with showing.Progress("files copied") as progress:
        progress(1, 2)

    assert terminal.getvalue() == "\r\x1b[Kfiles copied: 1 of 2\r\x1b[K"


def test_progress_in_a_pipe_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": 100.0}
    monkeypatch.setattr("time.monotonic", lambda: clock["now"])
    with showing.Progress("files copied") as progress:
        for done in range(1, 12):
            clock["now"] += 1
            progress(done * 1_000, 20_000)

    assert capsys.readouterr() == ("", "files copied: 5000 of 20000\nfiles copied: 10000 of 20000\n")


def test_something_said_meanwhile_gets_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with showing.Progress("lines checked") as progress:
        progress(1)
        progress.note("line 1: not in UTF-8")

    assert terminal.getvalue() == "\r\x1b[Klines checked: 1\r\x1b[Kline 1: not in UTF-8\n"


def test_without_streams_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = None
    monkeypatch.setattr(sys, "stdout", nothing)
    monkeypatch.setattr(sys, "stderr", nothing)
    showing.as_json({"a": 1})
    showing.line("a")
    showing.note("b")
    showing.table(["A"], [["b"]], empty="")
    showing.Progress("c")(1)
