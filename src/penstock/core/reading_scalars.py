"""Ids, moments and texts as Meta writes them, made fit for keys and columns.

An id that could not be a key (too long, unprintable) is refused, a moment may be text or number, seconds or
milliseconds, and a text loses the one character that no database keeps. Called by the ``reading_*`` modules.

>>> identity(100000000000002), identity("x" * 600)
('100000000000002', None)
>>> moment("1795000000"), moment(1795000000123), moment("soon")
(1795000000.0, 1795000000.123, 0.0)
"""

import math
import re

from penstock.core.reading_shapes import Id, Moment

ID_LENGTH = 512  # characters; Meta's longest known message ids have about 100
NAME_LENGTH = 512
_LARGEST_INTEGER = 10**40
_MILLISECONDS = 100_000_000_000.0  # seconds of the year 5138: whatever is later was meant in milliseconds
_NUMBER = re.compile(r"\d{1,16}(?:\.\d{1,9})?", re.ASCII)


def identity(value: Id, length: int = ID_LENGTH) -> str | None:
    """An id as a key; None when there is none or it could not be one."""
    if value is None:
        return None
    if isinstance(value, int):
        return str(value) if 0 <= value < _LARGEST_INTEGER else None
    return value if 0 < len(value) <= length and value.isprintable() else None


def integer(value: Id) -> int | None:
    """A whole number that fits a column, from number or text; None for anything else."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdecimal() and len(value) <= 18):
            return None
        value = int(value)
    return value if value is not None and 0 <= value < 1 << 63 else None


def moment(value: Moment) -> float:
    """Epoch seconds; 0.0 when it is none."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return 0.0
        value = float(value)
    if value is None or not 0 < value < _MILLISECONDS * 1000 or not math.isfinite(value):
        return 0.0
    return float(value) if value < _MILLISECONDS else value / 1000


def words(text: str | None, length: int | None = None) -> str | None:
    """A text without NULs, cut to ``length`` characters; None when nothing is left."""
    if not text:
        return None
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text[:length] or None
