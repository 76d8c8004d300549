"""The e-detector: one stream of outcomes against a bound on its normal rate of failure, eight bets at a time.

Each bet multiplies what it has by how much likelier the outcome is at its rate than at the bound, and starts anew with
every outcome; the alarm rings when the mean of all reaches the threshold. Whatever the outcomes depend on, as long as
each fails with at most the bound's probability given the past, a false alarm comes no sooner than after as many
outcomes as the threshold says (Shin, Ramdas and Rinaldo, "E-detectors", 2023). Where the run of bad luck began is
``core.onset``'s. No clock, no streams of several kinds: that is ``core.detector``, which calls it.
"""

import math
from collections.abc import Sequence

from penstock.core.onset import Onset

BETS = (0.02, 0.05, 0.10, 0.20, 0.30, 0.50, 0.80, 0.99)  # rates of failure that are betted on
_LEAST = 1.5  # a bet below so many times the bound can hardly win


class Mixture:
    """One stream. ``bound`` is the highest normal rate of failure, in (0, 0.5]. Not shared between threads."""

    def __init__(self, bound: float) -> None:
        if not 0 < bound <= 0.5:
            raise ValueError("a bound on the normal rate of failure is above 0 and at most 0.5")
        self.bound = bound
        self._bets = [bet for bet in BETS if bet > _LEAST * bound]
        self._failed = [bet / bound for bet in self._bets]
        self._passed = [(1 - bet) / (1 - bound) for bet in self._bets]
        self._onset = Onset(bound, self._bets)
        self.restart()

    def restart(self) -> None:
        """Forget everything, as after an alarm."""
        self._wealth = [0.0] * len(self._bets)
        self._onset.restart()
        self._waiting = 0  # successes that are not yet in the wealth: they alone never ring

    def passed(self, count: int = 1) -> None:
        """So many outcomes in a row did not fail."""
        self._waiting += count

    def failed(self, at: float) -> float:
        """An outcome failed at this time (any clock); the mean wealth now."""
        self._onset.failed(at, self._waiting)
        self._settle()
        for k, gain in enumerate(self._failed):
            self._wealth[k] = (1 + self._wealth[k]) * gain
        return sum(self._wealth) / len(self._wealth)

    @property
    def evidence(self) -> float:
        """The mean wealth now."""
        self._settle()
        return sum(self._wealth) / len(self._wealth)

    @property
    def onset(self) -> float | None:
        """When the run of failures began that explains them best; None without one."""
        return self._onset.at()

    @property
    def rate(self) -> float:
        """The rate of failure that explains them best, of those that are betted on."""
        self._settle()
        return self._bets[max(range(len(self._wealth)), key=self._wealth.__getitem__)]

    def _settle(self) -> None:
        """Bring the waiting successes into the wealth: so many steps at once, in closed form."""
        count, self._waiting = self._waiting, 0
        if not count:
            return
        for k, loss in enumerate(self._passed):
            power = loss**count
            self._wealth[k] = power * self._wealth[k] + loss * (1 - power) / (1 - loss)


class Recovery:
    """Evidence that a stream which failed at ``rate`` is back below ``bound``: a cumulative sum the other way round.

    What was estimated from the first few failures is often far too high, and against 80 % a handful of successes would
    do, which a stream of which a third fails has every few seconds. So no higher rate than ``most`` is compared with.
    """

    ENOUGH = math.log(1_000)
    MOST = 0.05

    def __init__(self, rate: float, bound: float, *, most: float = MOST) -> None:
        failing = max(min(rate, most), 2 * bound)
        self._passed = math.log((1 - bound) / (1 - min(failing, 0.99)))
        self._failed = math.log(bound / failing)
        self._sum = 0.0

    def seen(self, *, failed: bool) -> bool:
        """One more outcome; True when there is evidence enough."""
        self._sum = max(0.0, self._sum + (self._failed if failed else self._passed))
        return self._sum >= self.ENOUGH


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed; 0.0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
