"""Simulated rollouts: the same seed gives the same run, and what happens in one is what the stages say."""

import math
import random

from penstock.bench import staged
from penstock.core.staging import ROLLED_BACK, WHOLE


def test_a_bad_candidate_is_taken_back_and_the_files_that_it_touched_are_counted() -> None:
    found = staged.caught(random.Random(1), share=0.2, failing=0.3, outage=False, until_s=300.0)
    assert found == staged.caught(random.Random(1), share=0.2, failing=0.3, outage=False, until_s=300.0)
    assert found.guard_s < found.flagger_s
    assert 0 < found.failures <= found.files


def test_an_outage_takes_a_healthy_one_back_by_the_usual_judges_only() -> None:
    found = staged.caught(random.Random(2), share=0.2, failing=staged.NORMAL, outage=True, until_s=1_300.0)
    assert math.isinf(found.guard_s)
    assert math.isfinite(found.flagger_s)


def test_a_healthy_one_takes_about_as_long_as_the_arithmetic_says() -> None:
    found = staged.course(random.Random(3), failing=0.0, normal=0.0)
    assert found.ended == WHOLE
    assert tuple(found.stages_s) == ("1", "5", "25")
    assert 0.7 < found.promoted_s / staged.predicted_s(0.0) < 1.3
    assert staged.predicted_s(0.0) == 100 / 0.1 + 300 / 0.5 + 1_300 / 2.5
    assert staged.predicted_s(staged.NORMAL) > staged.predicted_s(0.0)


def test_a_bad_one_does_not_get_far() -> None:
    found = staged.course(random.Random(4), failing=0.3)
    assert (found.ended, list(found.stages_s)) == (ROLLED_BACK, ["1"])
    assert math.isinf(found.promoted_s)


def test_whole_workspaces_with_bursts_are_told_apart_from_harm() -> None:
    healthy = staged.by_workspace(random.Random(5), stage="25", failing=staged.NORMAL, until_s=300.0)
    harmful = staged.by_workspace(random.Random(5), stage="25", failing=0.3, until_s=300.0)
    assert math.isinf(healthy.guard_s)
    assert math.isfinite(harmful.guard_s)
