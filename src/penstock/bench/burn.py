"""The burn-rate alarm that is usual in the field, to stand beside the detector: two windows over two limits.

The windows and their limits are ``core.burn``'s, looked at every 15 s without any lag. Pure; the randomness is an
argument. Used by ``bench.watching``.
"""

import math
import random
from collections.abc import Sequence
from functools import partial

from penstock.core.burn import rings

BIN_S = 15
_BEFORE_S = 7 * 3_600


def delay_s(rng: random.Random, *, rate: float, before: float, after: float, slo: float, until_s: int) -> float:
    """Seconds from the change of the rate of failure to the alarm; infinite when there is none within ``until_s``."""
    total = rate * BIN_S
    quiet, bad = _BEFORE_S // BIN_S, until_s // BIN_S
    failed = [_poisson(rng, total * before) for _ in range(quiet)] + [_poisson(rng, total * after) for _ in range(bad)]
    sums = [0.0]
    for each in failed:
        sums.append(sums[-1] + each)
    for at in range(quiet + 1, len(sums)):
        if rings(partial(_rate, sums, at, total), 1 - slo):
            return float((at - quiet) * BIN_S)
    return math.inf


def _rate(sums: Sequence[float], at: int, total: float, window_s: int) -> float:
    first = max(0, at - window_s // BIN_S)
    return (sums[at] - sums[first]) / ((at - first) * total)


def _poisson(rng: random.Random, mean: float) -> float:
    if mean > 50:  # near enough
        return max(0.0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
