"""Logs are one event a line on stderr: JSON for a collector, readable on request, foreign libraries in the same form."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from penstock.settings.logs import set_up


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is the process's: give it back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_without_a_terminal_every_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(None)
    structlog.get_logger().info("serve.started", bind="127.0.0.1:1", note="two\nlines")

    out, err = capsys.readouterr()
    event = json.loads(err)
    assert out == ""
    assert event["event"] == "serve.started"
    assert event["level"] == "info"
    assert event["note"] == "two\nlines"
    assert event["at"].endswith("Z")
    assert err.count("\n") == 1


def test_a_console_gets_words(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("console")
    structlog.get_logger().warning("registry.stale", reason="locked")

    assert "registry.stale" in capsys.readouterr().err


def test_an_error_of_a_library_comes_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    logging.getLogger("uvicorn.error").error("broken %s", "pipe")
    logging.getLogger("uvicorn.access").info("not worth a line")

    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["broken pipe"]


def test_an_exception_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    try:
        int("broken")
    except ValueError:
        structlog.get_logger().exception("fetch.broken")

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["exception"][0]["exc_type"] == "ValueError"
