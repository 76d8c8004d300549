"""Weeks of attempts: which parts of their table are to be made ahead, and which hold nothing that is kept any more.

A week begins where the number of seconds since 1970 is a multiple of a week's. Called by ``ledger.partitions``.

>>> part_of("attempts_first", "FOR VALUES FROM (MINVALUE) TO ('1814400')")
Part(name='attempts_first', starts_at=-inf, ends_at=1814400.0)
>>> part_of("attempts_other", "DEFAULT") is None
True
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

WEEK_S = 604_800
AHEAD = 2  # weeks that are made before they begin

_BOUND = re.compile(r"FOR VALUES FROM \((MINVALUE|'?[0-9.e+]+'?)\) TO \('?([0-9.e+]+)'?\)")


class Part(NamedTuple):
    """A part of the table, with what was tried from one time up to another."""

    name: str
    starts_at: float
    ends_at: float


def part_of(name: str, bound: str) -> Part | None:
    """A part by what the database says of it; None for the one that everything else falls into."""
    found = _BOUND.fullmatch(bound)
    if found is None:
        return None
    starts_at = float("-inf") if found[1] == "MINVALUE" else float(found[1].strip("'"))
    return Part(name, starts_at, float(found[2]))


def missing(there: Iterable[Part], *, now: float, oldest_outside: float | None) -> list[Part]:
    """The parts to make: for this week and those ahead, and for the first of what fell into none."""
    parts = tuple(there)
    wanted = {_week(now) + ahead * WEEK_S for ahead in range(AHEAD + 1)}
    if oldest_outside is not None:
        wanted.add(_week(oldest_outside))
    return [
        Part(f"attempts_{start}", start, start + WEEK_S)
        for start in sorted(wanted)
        if start >= 0 and not any(part.starts_at < start + WEEK_S and start < part.ends_at for part in parts)
    ]


def over(there: Iterable[Part], *, before: float) -> list[Part]:
    """The parts of which everything was tried before a time."""
    return [part for part in there if part.ends_at <= before]


def _week(at: float) -> int:
    return int(at // WEEK_S) * WEEK_S
