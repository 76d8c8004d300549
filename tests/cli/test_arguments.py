"""Secrets come from files, times in the forms that people write, and whatever else is refused in a sentence."""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.cli import arguments
from penstock.core.errors import WrongUse

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


def at(text: str) -> float:
    return arguments.Moment().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T12:00:00Z", NOON),
        ("2026-11-24T12:00:00+00:00", NOON),
        ("2026-11-24T13:00:00+01:00", NOON),
        ("2026-11-24 12:00:00", NOON),  # without a zone it is UTC, whatever this machine's is
        ("2026-11-24T12:00:00.500Z", NOON + 0.5),
        ("2026-11-24T12:00", NOON),
        ("2026-11-24", NOON - 43_200),
        (" 2026-11-24 ", NOON - 43_200),
    ],
)
def test_a_time_is_read_as_it_was_meant(text: str, expected: float) -> None:
    assert at(text) == expected


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("7d", 604_800)])
def test_an_age_counts_from_now(text: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOON)

    assert at(text) == NOON - seconds


@pytest.mark.parametrize("text", ["", "now", "7", "7w", "-2h", "2 h", "2026", "2026-W48", "24.11.2026", "1795000000"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a time such as 2026-11-24T10:30:00Z"):
        at(text)


@given(st.text(alphabet="0123456789-+:.TZ hdms", max_size=30))
@settings(max_examples=300, deadline=None)
def test_no_text_is_more_than_a_time_or_a_refusal(text: str) -> None:
    with contextlib.suppress(click.BadParameter):
        assert isinstance(at(text), float)


@pytest.mark.parametrize(("text", "expected"), [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:0", ("::1", 0))])
def test_an_address_is_a_host_and_a_port(text: str, expected: tuple[str, int]) -> None:
    assert arguments.Address().convert(text, None, None) == expected


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(click.BadParameter, match="HOST:PORT"):
        arguments.Address().convert("localhost", None, None)


@pytest.mark.parametrize("raw", [b"a-secret", b"a-secret\n", b"  a-secret\r\n\n", b"\xef\xbb\xbfa-secret\n"])
def test_a_secret_is_the_line_that_the_file_holds(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(raw)

    assert arguments.secret(str(tmp_path / "secret"), "the app secret") == "a-secret"


@pytest.mark.parametrize("raw", [b"", b"\n \n", b"\xff\xfea\x00", "geheimnisvoll-ä".encode(), b"x" * 70_000])
def test_what_is_no_secret_is_refused_without_being_shown(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(raw)

    with pytest.raises(WrongUse, match="should hold the app secret, one line of visible ASCII characters; it does not"):
        arguments.secret(str(tmp_path / "secret"), "the app secret")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a-secret")
    (tmp_path / "secret").chmod(0)

    with pytest.raises(WrongUse, match="cannot be read: Permission denied"):
        arguments.secret(str(tmp_path / "secret"), "the app secret")


def test_a_secret_may_come_on_stdin(penstock: Any) -> None:
    penstock.done("credential", "add", "a", "--token-file", "-", stdin=b"EAAGtoken\n")

    assert [each["name"] for each in penstock.done("credential", "list", "--json").answer["credentials"]] == ["a"]


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(WrongUse, match="it does not"):
        arguments.secret("/dev/zero", "the app secret")


# -- times to come --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-11-24T12:00:00Z", NOON), ("30m", 1_800.0), ("2h", 7_200.0), (" 1d ", 86_400.0), ("0s", 0.0)],
)
def test_an_end_is_a_time_or_a_span_from_now(text: str, expected: float) -> None:
    assert arguments.Later().convert(text, None, None).after(0.0) == expected


@pytest.mark.parametrize("text", ["", "soon", "-2h", "2 h", "24.11.2026"])
def test_what_is_no_end_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match="30m or 2h"):
        arguments.Later().convert(text, None, None)
