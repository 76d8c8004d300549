"""Arrivals that have gone silent: how unlikely a gap is by a number's own habit, hour by hour of the week.

A habit is kept as one mask for each hour, a bit for each minute in which something came, so that a burst counts as the
minutes that it took. Within a silence, the chance that it ends with the next minute is the rate at which silences ended
in the same hours of earlier weeks, those an hour before and after included, and the lowest of what is known counts:
so a night, a weekend, a shifted clock or a number that is rarely written to explains its own gaps. The chances of all
minutes of a gap together are the chance of the gap. Before a week is known the same hours of several days serve.
Where nothing is known nothing is said. No clock, no I/O. Called by ``controls.watch``.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

HOUR_S, MINUTE_S = 3_600.0, 60.0
DAY_HOURS, WEEK_HOURS = 24, 168
WEEKS = 4
KEPT_HOURS = WEEKS * WEEK_HOURS + 2
ANY = 0  # the stream of everything that comes, beside those of the numbers
ANY_LEAST_S, NUMBER_LEAST_S = 180.0, 900.0  # no shorter gap is one
HABIT_S = 7 * 86_400.0  # who has been silent for so long has made it a habit
_PERIOD_MINUTES = 30 * 1_440  # one false alarm in so long, over all streams
_MARGIN = 2.0  # a day may be slower than every one before it
_MOST_NATS = 5.0  # that one minute can say
_PRIOR = 2.0  # minutes
_FEWEST_DAYS = 3
_MOST_STEP_S = 120.0  # who did not look for longer knows nothing of the time between

Masks = Mapping[int, int]  # epoch hour -> its minutes, a bit for each


class Gap(NamedTuple):
    """A silence that no habit explains."""

    stream: int
    since: float  # epoch seconds
    nats: float  # minus the logarithm of its chance


def bit(at: float) -> int:
    """The bit of a moment's minute."""
    return 1 << int(at % HOUR_S // MINUTE_S)


def ends(mask: int) -> float:
    """The rate at which silences ended in an hour, in a minute: 0 when nothing came in it."""
    came = mask.bit_count()
    if not came:
        return 0.0
    starts = (mask & ~(mask << 1) & ~1).bit_count()  # what came with the first minute ended a silence that is not known
    return min((starts + _PRIOR * came / 60) / (60 - came + _PRIOR), 1 - math.exp(-_MOST_NATS))


def references(hour: int, *, known_from: int) -> list[int]:
    """The hours that an hour is like, of those since somebody looks; none when that is not long enough."""
    weeks = [hour - k * WEEK_HOURS for k in range(1, WEEKS + 1) if hour - k * WEEK_HOURS > known_from]
    if weeks:
        return weeks
    days = [hour - k * DAY_HOURS for k in range(1, 7) if hour - k * DAY_HOURS > known_from]
    return days if len(days) >= _FEWEST_DAYS else []


def needed(hour: int, *, known_from: int) -> set[int]:
    """Every hour whose masks ``habit`` reads for an hour."""
    return {like for near in (hour - 1, hour, hour + 1) for like in references(near, known_from=known_from)}


def habit(masks: Masks, hour: int, *, known_from: int) -> float:
    """What a minute of silence says in this hour, in nats; 0 when silence is nothing unusual, or nothing is known."""
    rates = []
    for near in (hour - 1, hour, hour + 1):
        found = sorted(ends(masks.get(like, 0)) for like in references(near, known_from=known_from))
        if not found:
            return 0.0
        # One week may have been an outage or a holiday: of four weeks the quietest is left out.
        rates.append(found[1] if len(found) >= WEEKS else found[0])
    return -math.log1p(-min(rates))


class Silence:
    """The silences of all streams. Times are epoch seconds of one clock."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._last: dict[int, float] = {}
        self._nats: dict[int, float] = {}

    def resume(self, stream: int, last_at: float) -> None:
        """An earlier leader found this silent, and nothing has come since."""
        self._last[stream], self._nats[stream] = last_at, math.inf

    def doubtful(self, stream: int, streams: int) -> bool:
        """Whether a silence is half of the way to one that no habit explains."""
        return self._nats.get(stream, 0.0) >= _threshold(streams) / 2

    def look(self, last: Mapping[int, float], says: Callable[[int], float], now: float) -> list[Gap]:
        """The gaps at this moment. ``last`` is when something came to each stream, ``says`` its habit in nats a minute.

        Whoever has only begun to look, or did not for a while, counts from now.
        """
        step_s = 0.0 if self._at is None else now - self._at
        if not 0 <= step_s <= _MOST_STEP_S:
            step_s = 0.0
        self._at = now
        self._nats = {stream: nats for stream, nats in self._nats.items() if stream in last}
        threshold = _threshold(len(last))
        found = []
        for stream, at in last.items():
            if at != self._last.get(stream):
                self._nats[stream] = 0.0
                continue
            nats = self._nats[stream] = self._nats[stream] + says(stream) * step_s / MINUTE_S
            least_s = ANY_LEAST_S if stream == ANY else NUMBER_LEAST_S
            if nats >= threshold and least_s <= now - at < HABIT_S:
                found.append(Gap(stream, at, nats))
        self._last = dict(last)
        return found


def _threshold(streams: int) -> float:
    return _MARGIN * math.log(_PERIOD_MINUTES * max(1, streams))


def silent_numbers(gaps: Iterable[Gap], registered: Collection[int]) -> list[Gap]:
    """The gaps of single numbers, the longest first; none while everything is silent, which says it all."""
    found = list(gaps)
    if any(gap.stream == ANY for gap in found):
        return []
    return sorted((gap for gap in found if gap.stream in registered), key=lambda gap: gap.since)
