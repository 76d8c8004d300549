"""How high a share may really be of which some were seen: the exact bound of Clopper and Pearson, in pure Python.

With k of n seen, it is the share at which so few would be seen with a probability of one in twenty. No approximation by
a normal curve: of a few outcomes, none or one of them failed, that would be wrong in the way that costs files. Used by
``core.rollout``.

>>> round(upper(0, 100), 4)
0.0295
"""

import math

CONFIDENCE = 0.95
_STEPS = 60  # halvings: far below what a float tells apart
_TINY = 1e-300
_CLOSE = 1e-12
_TERMS = 300


def upper(seen: int, of: int, *, confidence: float = CONFIDENCE) -> float:
    """The largest share that ``seen`` of ``of`` do not speak against; 1.0 of none."""
    if of <= 0 or seen >= of:
        return 1.0
    low, high = seen / of, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if at_most(seen, of, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def is_below(share: float, seen: int, of: int, *, confidence: float = CONFIDENCE) -> bool:
    """Whether ``upper`` of these is at most a share, without computing it."""
    return seen < of and at_most(seen, of, share) <= 1 - confidence


def at_most(seen: int, of: int, share: float) -> float:
    """The probability that at most ``seen`` of ``of`` are met, each with the probability ``share``."""
    if seen >= of:
        return 1.0
    return _incomplete_beta(of - seen, seen + 1, 1 - share)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz's method)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
