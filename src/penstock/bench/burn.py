"""The burn-rate alarm that is usual in the field, to stand beside the detector: two windows over two limits.

As the SRE workbook describes it: 14.4 times the budget over an hour and five minutes, or six times over six hours and
half an hour, looked at every 15 s without any lag. Pure; the randomness is an argument. Used by ``bench.watching``.
"""

import math
import random
from collections.abc import Sequence

BIN_S = 15
_TIERS = ((3_600, 300, 14.4), (6 * 3_600, 1_800, 6.0))  # long window, short window (seconds), times the budget
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
        if _rings(sums, at, total, 1 - slo):
            return float((at - quiet) * BIN_S)
    return math.inf


def _rings(sums: Sequence[float], at: int, total: float, budget: float) -> bool:
    for long_s, short_s, times in _TIERS:
        if all(_rate(sums, at, window // BIN_S, total) >= times * budget for window in (long_s, short_s)):
            return True
    return False


def _rate(sums: Sequence[float], at: int, bins: int, total: float) -> float:
    first = max(0, at - bins)
    return (sums[at] - sums[first]) / ((at - first) * total)


def _poisson(rng: random.Random, mean: float) -> float:
    if mean > 50:  # near enough
        return max(0.0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
