"""Burn rate: how fast the budget of failures is spent, over two pairs of windows, for tickets and not for pages.

14.4 times the budget over an hour and five minutes, or six times over six hours and half an hour, as the SRE workbook
has it: the long window says that it matters, the short one that it goes on. The detector is faster and cannot be fooled
by a lull; this sees what smoulders below its bound. Outcomes are first attempts, counted by the minute. No clock, no
I/O. Called by ``controls.watch`` and, to stand beside the detector, by ``bench.burn``.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from penstock.core.detector import Key
from penstock.core.incident import Severity
from penstock.core.postmortem import duration
from penstock.core.vitals import Sign

BURN_RATE = "burn_rate"  # the class of its incidents
SLO = 0.995  # of first attempts succeed
TIERS = ((3_600, 300, 14.4), (6 * 3_600, 1_800, 6.0))  # long window, short window (seconds), times the budget
MINUTE_S = 60
KEPT_MINUTES = 6 * 60 + 1
FEWEST = 10  # failures in the long window: fewer are single files
_KNOWN = 0.25
CALM = 0.5  # of what would ring: below it there is nothing to wait for


class Burn(NamedTuple):
    """A tier that rings."""

    long_s: int
    times: float  # the budget, over the long window
    failures: int
    outcomes: int


class Count(NamedTuple):
    """First attempts of a stretch of time."""

    outcomes: int = 0
    failures: int = 0

    @property
    def rate(self) -> float:
        """The share that failed."""
        return self.failures / self.outcomes if self.outcomes else 0.0


def rings(rate: Callable[[int], float], budget: float, *, share: float = 1.0) -> tuple[int, int, float] | None:
    """The tier whose two windows (seconds, given to ``rate``) are both over its limit; None when none is."""
    for tier in TIERS:
        long_s, short_s, times = tier
        if all(rate(window) >= share * times * budget for window in (long_s, short_s)):
            return tier
    return None


class Minutes:
    """The first attempts of one operation in the last six hours, by the minute."""

    def __init__(self, known: Mapping[int, Count] | None = None) -> None:
        self._minutes: dict[int, Count] = dict(known or {})

    def add(self, at: float, *, failed: bool) -> None:
        """One first attempt, begun at this time."""
        minute = int(at // MINUTE_S)
        before = self._minutes.get(minute, Count())
        self._minutes[minute] = Count(before.outcomes + 1, before.failures + failed)

    def minute(self, minute: int) -> Count:
        """What was counted in one minute."""
        return self._minutes.get(minute, Count())

    def within(self, window_s: int, now: float) -> Count:
        """What was counted in a window that ends now."""
        first = int((now - window_s) // MINUTE_S)
        found = [count for minute, count in self._minutes.items() if minute > first]
        return Count(sum(count.outcomes for count in found), sum(count.failures for count in found))

    def _known(self, window_s: int, now: float) -> Count:
        """As ``within``; nothing of a window of which less than a quarter is known, as after a first start."""
        oldest = min(self._minutes, default=None)
        if oldest is None or now - oldest * MINUTE_S < window_s * _KNOWN:
            return Count()
        return self.within(window_s, now)

    def forget(self, now: float) -> None:
        """Drop what no window reaches."""
        oldest = int(now // MINUTE_S) - KEPT_MINUTES
        self._minutes = {minute: count for minute, count in self._minutes.items() if minute >= oldest}

    def burn(self, now: float, *, slo: float = SLO) -> Burn | None:
        """The tier that rings now."""
        tier = rings(lambda window_s: self._known(window_s, now).rate, 1 - slo)
        if tier is None:
            return None
        spent = self.within(tier[0], now)
        if spent.failures < FEWEST:
            return None
        return Burn(tier[0], spent.rate / (1 - slo), spent.failures, spent.outcomes)

    def calm(self, now: float, *, slo: float = SLO) -> bool:
        """Whether no tier is near to ringing."""
        return rings(lambda window_s: self.within(window_s, now).rate, 1 - slo, share=CALM) is None


def ticket(key: Key, minutes: Minutes, now: float, *, covered: bool) -> Sign:
    """How an operation stands with its budget. ``covered``: somebody was paged for it; a ticket would say nothing."""
    burn = minutes.burn(now)
    if burn is None or covered:
        text = "It fails no more often than its budget allows, over half an hour and longer."
        return Sign(key, None, text, now, well=minutes.calm(now), hold_s=900.0)
    text = (
        f"{key.operation} spends its budget of failures {burn.times:.0f} times as fast as it may, over "
        f"{duration(burn.long_s)}: {burn.failures} of {burn.outcomes} first attempts failed, of which {1 - SLO:.1%} "
        "may. Nothing is lost, since failed attempts are repeated. `penstock media list --state waiting` and the log "
        "say how they fail."
    )
    return Sign(key, Severity.TICKET, text, now - burn.long_s, hold_s=900.0)
