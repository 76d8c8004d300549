"""Says once, for everybody, that a store is away, and once that it is back.

It logs what ``core.outage`` decides. Used by whatever stands in front of a store in a running instance: the database's
is ``ledger.watched``, the files' is ``flow.filing``.
"""

import time
from collections.abc import Callable

import structlog

from penstock.core import outage
from penstock.core.outage import Outage, Word

_log = structlog.get_logger()


class Teller:
    """Of one store. ``what`` begins the names of its events, ``meaning`` is what its absence means for the rest."""

    def __init__(self, what: str, *, meaning: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._meaning = meaning
        self._clock = clock
        self._outage: Outage | None = None

    def lacks(self, doing: str) -> bool:
        """Whether this could not be done, and the outage is not called over yet."""
        return self._outage is not None and doing in self._outage.lacking

    def failed(self, doing: str, reason: str) -> None:
        """Something could not be done."""
        now = self._clock()
        self._outage, word = outage.failed(self._outage, doing, now=now)
        if word is Word.BEGAN:
            _log.warning(f"{self._what}.unavailable", reason=reason, meaning=self._meaning)
        elif word is Word.LASTS:
            _log.warning(f"{self._what}.still_unavailable", reason=reason, **_so_far(self._outage, now))

    def went(self, doing: str) -> None:
        """Something was done."""
        before = self._outage
        if before is None:
            return
        now = self._clock()
        self._outage, word = outage.went(before, doing, now=now)
        if word is Word.OVER:
            _log.info(f"{self._what}.available_again", **_so_far(before, now))


def _so_far(lasting: Outage, now: float) -> dict[str, object]:
    return {"after_s": round(now - lasting.since, 1), "failures": lasting.failures}
