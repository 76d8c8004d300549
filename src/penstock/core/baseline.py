"""The normal rate of failure: what the detector reckons with, from the hours of the last four weeks.

Twice the 90th percentile of the same hour of the week, never below one in a hundred. Hours in which an incident was
open say nothing about what is normal and are not given here. No clock. Called by ``controls.watch``.
"""

from collections.abc import Iterable
from typing import NamedTuple

from penstock.core.detector import BOUND
from penstock.core.mixture import quantile

HOUR_S = 3_600
WEEK_HOURS = 168
KEPT_HOURS = 4 * WEEK_HOURS
_ENOUGH = 100  # outcomes in an hour, for its rate to say something
_FEW_WEEKS = 2  # of the same hour; with fewer all hours are looked at
_HIGHEST = 0.25  # what fails more often than this is never normal


class Hour(NamedTuple):
    """What a stream did in one hour."""

    hour: int  # epoch hours
    outcomes: int
    failures: int


def bound(hours: Iterable[Hour], now: float) -> float:
    """The bound for the hour of ``now``, epoch seconds."""
    current = int(now // HOUR_S)
    known = [each for each in hours if each.outcomes >= _ENOUGH and current - KEPT_HOURS <= each.hour < current]
    same = [each for each in known if (current - each.hour) % WEEK_HOURS == 0]
    rates = [each.failures / each.outcomes for each in (same if len(same) >= _FEW_WEEKS else known)]
    return min(_HIGHEST, max(BOUND, 2 * quantile(rates, 0.9)))
