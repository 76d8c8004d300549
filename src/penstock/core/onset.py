"""When a run of failures began: the middle of what the outcomes before the alarm leave possible, not its first failure.

Between two failures the change may have come after any of the successes, so each such place is weighed by how much
likelier it makes all that followed, over every rate that is betted on, and the median is told. The first failure of
the likeliest run alone is late by the time that a failure takes to come, and much too late when the run had a gap. No
clock. Kept by ``core.mixture``.
"""

import math
from collections import deque
from collections.abc import Sequence

_FAILURES = 64  # that are remembered: more than any alarm takes
_NATS = 12.0  # what is less likely than the likeliest place by so much is left out


class Onset:
    """The last failures of one stream, and how many successes came before each. ``bets`` are rates above ``bound``."""

    def __init__(self, bound: float, bets: Sequence[float]) -> None:
        self._steps = [(math.log(bet / bound), math.log((1 - bet) / (1 - bound))) for bet in bets]
        self._failures: deque[tuple[float, int]] = deque(maxlen=_FAILURES)

    def restart(self) -> None:
        """Forget everything."""
        self._failures.clear()

    def failed(self, at: float, passed: int) -> None:
        """An outcome failed at this time, after so many successes in a row."""
        self._failures.append((at, passed))

    def at(self) -> float | None:
        """When it began; None when nothing failed."""
        if not self._failures:
            return None
        places = [place for gain, loss in self._steps for place in self._places(gain, loss)]
        most = max(nats for nats, _ in places)
        likely = sorted((at, math.exp(nats - most)) for nats, at in places if most - nats < _NATS)
        half, total = sum(weight for _, weight in likely) / 2, 0.0
        for at, weight in likely:
            total += weight
            if total >= half:
                return at
        return likely[-1][0]

    def _places(self, gain: float, loss: float) -> list[tuple[float, float]]:
        """(nats, when) of every place where it may have begun, if it fails at the rate of one bet."""
        places, nats, most = [], 0.0, -math.inf
        failures = list(self._failures)
        for nth in range(len(failures) - 1, -1, -1):
            at, passed = failures[nth]
            nats += gain
            # How far the successes before it reach back is known from the failure before them only.
            step_s = (at - failures[nth - 1][0]) / (passed + 1) if nth else 0.0
            for after in range(passed + 1):
                here = nats + after * loss
                most = max(most, here)
                if most - here > _NATS:
                    break
                places.append((here, at - after * step_s))
                if not nth:
                    break
            nats += passed * loss
            if most - nats > 2 * _NATS:  # no earlier place can matter any more
                break
        return places
