"""The usual alarm, to stand beside ours."""

import math
import random

from penstock.bench import burn


def test_a_large_shift_rings_after_minutes_and_a_small_one_never() -> None:
    large = burn.delay_s(random.Random(1), rate=10, before=0.005, after=0.3, slo=0.99, until_s=6 * 3_600)
    small = burn.delay_s(random.Random(1), rate=10, before=0.005, after=0.05, slo=0.99, until_s=6 * 3_600)
    assert 1_500 <= large <= 2_000
    assert math.isinf(small)


def test_a_tighter_objective_rings_sooner() -> None:
    loose = burn.delay_s(random.Random(1), rate=1, before=0.005, after=0.3, slo=0.99, until_s=6 * 3_600)
    tight = burn.delay_s(random.Random(1), rate=1, before=0.005, after=0.3, slo=0.995, until_s=6 * 3_600)
    assert tight < loose
