"""Logs are one event a line, and no traceback in them shows what variables held."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from penstock.settings.logs import set_up


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    structlog.get_logger().info("media.attached", media="med_1", attempts=2)
    [line] = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["media"], entry["attempts"]) == ("media.attached", "info", "med_1", 2)
    assert entry["at"].endswith("Z")


def test_the_console_form_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("console")
    structlog.get_logger().warning("gates.stale", reason="disk full")
    assert "gates.stale" in capsys.readouterr().err


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_variable(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(log_format)

    def fail(token: str) -> None:
        raise KeyError("a mistake")

    try:
        fail("EAAGsecret" + "token")
    except KeyError:
        structlog.get_logger().exception("fetcher.failed")
    said = capsys.readouterr().err
    assert "a mistake" in said
    assert "EAAGsecrettoken" not in said


def test_below_its_level_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json", level=logging.WARNING)
    structlog.get_logger().info("media.attached")
    assert capsys.readouterr().err == ""


def test_libraries_are_heard_from_a_warning_on_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    logging.getLogger("uvicorn.error").info("chatter")
    logging.getLogger("uvicorn.error").warning("trouble")
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "trouble"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_log_that_cannot_be_written_takes_nothing_with_it(log_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    full = io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", full)
        set_up(log_format)
        structlog.get_logger().warning("store.unavailable", reason="the disk is full")
        logging.getLogger("uvicorn.error").warning("trouble")
    full.detach().close()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_looks_like_a_secret_is_taken_out_of_a_finished_line(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(log_format)
    log = structlog.get_logger()
    log.info(
        "gate.shut", why="wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQz= of +49 170 1234567", subject={"by": "pst_" + "a" * 43}
    )
    logging.getLogger("somebody.else").warning("GET /x?access_token=EAAGabcdef123 by Bearer abcdef.123")
    try:
        int("EAAGabcdef123")
    except ValueError:
        log.exception("fetcher.failed")
    said = capsys.readouterr().err

    for secret in ("HBgL", "1234567", "aaaa", "EAAGabc", "abcdef.123"):
        assert secret not in said
    assert said.count("…") >= 5


def test_what_is_no_secret_stays(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    structlog.get_logger().info("auth.shut", number="100000000000002", at_zone="+00:00", why="3 + 4 of 12 files")

    entry = json.loads(capsys.readouterr().err)
    assert (entry["number"], entry["at_zone"], entry["why"]) == ("100000000000002", "+00:00", "3 + 4 of 12 files")
