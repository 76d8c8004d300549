"""What commands take beyond texts and numbers: secrets from files, times, addresses.

Secrets come from a file or stdin, never from the command line, where every user of the machine could read them. Used by
the commands.
"""

import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from penstock.core.errors import WrongUse
from penstock.core.keeping import FOREVER

as_json = click.option("--json", "json_", is_flag=True, help="Answer as JSON.")
why = click.option("--why", default="", metavar="TEXT", help="Why, for the audit log.")

_SECRET_BYTES = 65_536
_BOM = b"\xef\xbb\xbf"
_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def secret(source: str, what: str) -> str:
    """The secret in a file, or on stdin for ``-``; asked for without echo on a terminal. Raises WrongUse."""
    if source == "-" and sys.stdin is None:
        raise WrongUse(f"{what} was to be read from stdin, but stdin is closed")
    if source == "-" and sys.stdin.isatty():
        typed: str = click.prompt(what[0].upper() + what[1:], hide_input=True, err=True)
        return typed.strip()
    try:
        raw = sys.stdin.buffer.read(_SECRET_BYTES + 1) if source == "-" else _read(source)
    except OSError as error:
        raise WrongUse(f"the file with {what} cannot be read: {error.strerror} ({source!r})") from error
    try:
        text = raw.removeprefix(_BOM).decode("ascii").strip()  # some editors begin every file with a mark
    except UnicodeDecodeError:
        text = ""
    if not text or len(raw) > _SECRET_BYTES:
        where = "stdin" if source == "-" else repr(source)
        raise WrongUse(f"{where} should hold {what}, one line of visible ASCII characters; it does not")
    return text


def _read(source: str) -> bytes:
    with Path(source).open("rb") as file:
        return file.read(_SECRET_BYTES + 1)


class Moment(click.ParamType[float]):
    """A time: RFC 3339, a date, or how long ago (``90s``, ``15m``, ``2h``, ``7d``). A time without a zone is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Epoch seconds."""
        if isinstance(value, int | float):
            return float(value)
        text = str(value).strip()
        if match := _AGO.fullmatch(text):
            return time.time() - int(match[1]) * _UNIT_S[match[2]]
        try:
            return moment(text)
        except (ValueError, OverflowError):
            self.fail(f"{text[:40]!r} is not a time such as 2026-11-24T10:30:00Z, 2026-11-24, 15m or 7d.", param, ctx)


class Days(click.ParamType[int | str]):
    """For how many days something is kept, or ``forever``."""

    name = "days"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """A number of days, or "forever"; whether it is one that can be is for the ledger to say."""
        text = str(value).strip()
        if text != FOREVER and not re.fullmatch(r"[0-9]{1,9}", text):
            self.fail(f"{text[:40]!r} is neither a number of days nor {FOREVER}.", param, ctx)
        return FOREVER if text == FOREVER else int(text)


class Later(click.ParamType["End"]):
    """A time to come: RFC 3339, a date, or how long from now (``30m``, ``2h``, ``1d``)."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> "End":
        """A moment, or a span until it."""
        if isinstance(value, End):
            return value
        text = str(value).strip()
        if match := _AGO.fullmatch(text):
            return End(in_s=float(int(match[1]) * _UNIT_S[match[2]]))
        try:
            return End(at=moment(text))
        except (ValueError, OverflowError):
            self.fail(f"{text[:40]!r} is not a time such as 2026-11-24T10:30:00Z, 30m or 2h.", param, ctx)


class End(NamedTuple):
    """When something is to end."""

    at: float | None = None
    in_s: float = 0.0

    def after(self, now: float) -> float:
        """Epoch seconds, by the clock that matters."""
        return now + self.in_s if self.at is None else self.at


def moment(text: str) -> float:
    """Epoch seconds of an RFC 3339 time or a date, UTC when it names no zone. Raises ValueError or OverflowError."""
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|$)", text):
        raise ValueError(text)
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


class Address(click.ParamType[tuple[str, int]]):
    """``HOST:PORT``."""

    name = "host:port"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Host and port."""
        if isinstance(value, tuple):
            return value
        from penstock.settings.values import bind

        try:
            return bind(str(value))
        except ValueError as error:
            self.fail(f"it must be {error}.", param, ctx)
