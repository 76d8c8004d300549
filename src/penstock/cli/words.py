"""How times, durations, sizes, counts and ids are said to a person; programs get plain values through ``--json``.

Pure functions of their arguments. Times are epoch seconds. Used by every command that shows something.

>>> duration(8_049)
'2\\u2009h\\u200914\\u2009m'
>>> size(1_800_000)
'1.8\\u2009MB'
>>> plain("1\\u2009234\\u2009567 files after 2\\u2009h\\u200914\\u2009m")
'1234567 files after 2 h 14 m'
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

THIN = "\u2009"
NO_PROBE = "while no file comes, nobody notices that none could"
HOW_TO_PROBE = "`penstock workspace add trial --test` and a number in it make one"
_BETWEEN_THOUSANDS = re.compile(f"(?<=[0-9]){THIN}(?=[0-9]{{3}}(?![0-9]))")
_STEPS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s"))


def duration(seconds: float) -> str:
    """``2 h 14 m``: the two largest units, rounded down; below a second in milliseconds."""
    if seconds < 1:
        return f"{seconds * 1_000:.0f}{THIN}ms"
    if seconds < 10:
        return f"{seconds:.1f}{THIN}s"
    for unit_s, unit, part_s, part in _STEPS:
        if seconds >= unit_s:
            whole, rest = divmod(int(seconds), unit_s)
            parts = rest // part_s
            return f"{whole}{THIN}{unit}" + (f"{THIN}{parts}{THIN}{part}" if parts else "")
    return f"{int(seconds)}{THIN}s"


def ago(at: float, now: float) -> str:
    """``3 m ago``, ``in 6 d 23 h`` or ``now``."""
    if abs(now - at) < 1:
        return "now"
    return f"{duration(now - at)} ago" if at < now else f"in {duration(at - now)}"


def size(count: int) -> str:
    """Bytes in decimal units."""
    if count < 1_000:
        return f"{count}{THIN}B"
    value, units = count / 1_000, ["kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1_000
        units.pop(0)
    return f"{value:.1f}{THIN}{units[0]}" if value < 99.95 else f"{value:.0f}{THIN}{units[0]}"


def count(number: int) -> str:
    """``1 234 567`` with thin spaces."""
    return f"{number:,}".replace(",", THIN)


def many(number: int, one: str, more: str | None = None) -> str:
    """``1 file``, ``2 files``."""
    return f"{count(number)} {one if number == 1 else more or one + 's'}"


def listed(names: Iterable[str]) -> str:
    """``a, b and c``."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def utc(at: float | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond, for programs."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def masked(wamid: str) -> str:
    """Enough of a message id to tell two apart; the part that holds a phone number is left out."""
    return f"wamid.…{wamid[-8:]}" if len(wamid) > 24 else ("wamid.…" if wamid else "")


def plain(text: str) -> str:
    """The text for grep and awk: thousands together, plain spaces."""
    return _BETWEEN_THOUSANDS.sub("", text).replace(THIN, " ")
