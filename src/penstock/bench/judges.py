"""Judges of a rollout as they are usual: checks at intervals of the candidate's success, so many of which may fail.

Models of the documented behaviour of Flagger and of Argo Rollouts with usual thresholds; failed checks accumulate. They
look at the candidate alone, so an outage that meets everybody is its fault. Used by ``bench.rollouts``.
"""

import math


class Interval:
    """Fails a check where less than ``least`` succeeded in ``every_s``; after so many failed ``checks`` it is over."""

    def __init__(self, *, every_s: float, least: float, checks: int) -> None:
        self._every_s = every_s
        self._least = least
        self._left = checks
        self._until = every_s
        self._outcomes = self._failures = 0
        self.rolled_back_at = math.inf

    def saw(self, *, outcomes: int, failures: int, at: float) -> None:
        """What became of the candidate's attempts until now."""
        while at > self._until and math.isinf(self.rolled_back_at):
            if self._outcomes and 1 - self._failures / self._outcomes < self._least:
                self._left -= 1
                if not self._left:
                    self.rolled_back_at = self._until
            self._outcomes = self._failures = 0
            self._until += self._every_s
        self._outcomes += outcomes
        self._failures += failures


def flagger() -> Interval:
    """Every minute, 99 % of it must succeed; the fifth failed check rolls back."""
    return Interval(every_s=60.0, least=0.99, checks=5)


def argo() -> Interval:
    """Every five minutes, 95 % of it must succeed; the fourth failed check aborts."""
    return Interval(every_s=300.0, least=0.95, checks=4)
