"""An outage as a log tells of it: a line when it begins, one now and then while it lasts, one when it is over.

A store that is away is met by every webhook, every file and every loop at once; a line from each of them would hide the
one that somebody needs. So whoever watches a store notes every failure and every success here, and says what this
returns. An outage is over when everything that could not be done has been done again and nothing has failed for a
while: a store that comes and goes is one outage. Pure: the time is an argument. Called by ``ledger.telling``.
"""

from enum import StrEnum

import msgspec

from penstock.core.errors import Unreachable

QUIET_S = 5.0  # nothing may have failed for so long before it is called over
REMIND_S = 600.0
_QUIETLY, _LOUDLY = 10, 30  # DEBUG and WARNING of the log


class Word(StrEnum):
    """What there is to say."""

    BEGAN = "began"
    LASTS = "lasts"
    OVER = "over"


class Outage(msgspec.Struct, frozen=True):
    """One that goes on."""

    since: float
    failed_at: float  # the last time
    said_at: float
    failures: int
    lacking: frozenset[str]  # what could not be done, and has not been done again


def failed(outage: Outage | None, doing: str, *, now: float) -> tuple[Outage, Word | None]:
    """Something could not be done: the outage from now on, and what is to be said of it."""
    if outage is None:
        return Outage(now, now, now, 1, frozenset({doing})), Word.BEGAN
    remind = now - outage.said_at >= REMIND_S
    said_at = now if remind else outage.said_at
    lacking = outage.lacking | {doing}
    return Outage(outage.since, now, said_at, outage.failures + 1, lacking), Word.LASTS if remind else None


def went(outage: Outage, doing: str, *, now: float) -> tuple[Outage | None, Word | None]:
    """Something was done while an outage goes on: what is left of it, and what is to be said."""
    if now - outage.failed_at < QUIET_S:
        return outage, None
    lacking = outage.lacking - {doing}
    if lacking:
        return msgspec.structs.replace(outage, lacking=lacking), None
    return None, Word.OVER


def level(error: Exception) -> int:
    """How loudly one of the many that meet an error logs it: not at all when the outage has been told once for all."""
    return _QUIETLY if isinstance(error, Unreachable) else _LOUDLY
