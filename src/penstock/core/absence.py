"""Who has gone without a word: judged by beats that do not come any more, as one observer sees them.

A process is gone when its last beat has stayed the same for so long while the observer looked again and again. One that
could not look for a while (the database was away, or it was stopped itself) begins anew, since those who could not beat
either are not gone. Being wrong costs work that is done twice, and nothing else. Pure. Used by the fetcher's leases.
"""

from collections.abc import Mapping
from typing import NamedTuple

GONE_S = 15.0  # three beats of the slowest
GAP_S = 10.0  # an observer that has not looked for longer knows nothing


class Sight(NamedTuple):
    """What is known of one process."""

    seen_at: float  # its last beat
    since: float  # when the observer first saw that beat


class Watch(NamedTuple):
    """What an observer remembers from look to look. Times are of one clock, epoch seconds."""

    looked_at: float = float("-inf")
    sights: Mapping[str, Sight] = {}


def look(watch: Watch, beats: Mapping[str, float], now: float, *, gap_s: float = GAP_S) -> Watch:
    """The last beats as they are now, by process."""
    known = watch.sights if 0 <= now - watch.looked_at <= gap_s else {}
    sights = {}
    for process, seen_at in beats.items():
        before = known.get(process)
        sights[process] = before if before is not None and before.seen_at == seen_at else Sight(seen_at, now)
    return Watch(now, sights)


def gone(watch: Watch, *, gone_s: float = GONE_S) -> dict[str, float]:
    """Those that are gone, with their last beats."""
    return {
        process: sight.seen_at for process, sight in watch.sights.items() if watch.looked_at - sight.since >= gone_s
    }
