"""What is asserted of every part, whatever its figures are: that they are there, and that people and programs can read
them. A time or a ratio is never asserted.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from penstock.bench import report

Facts = dict[str, Any]


def _told(facts: Facts) -> None:
    json.dumps(facts)
    assert facts["machine"]["cores"] >= 1
    assert isinstance(facts["warnings"], list)
    shown = report.of(facts)
    assert shown.rows and all(len(row) == len(shown.columns) for row in shown.rows)
    assert shown.sentences


def _compared(facts: Facts, ours: str) -> None:
    for side in (facts[ours], facts["floor"]):
        assert len(side["rounds"]) == 1
        assert side["rounds"][0]["errors"] == 0
        for figure in ("per_s", "cpu_s_per_1000"):
            assert 0 < side[figure]["min"] <= side[figure]["median"] <= side[figure]["max"]
    for which in ("wall", "cpu"):
        ratio = facts["ratios"][which]
        assert ratio.keys() == {"median", "min", "max", "target", "met"}
        assert 0 < ratio["min"] <= ratio["median"] <= ratio["max"]


@pytest.fixture
def assert_told() -> Callable[[Facts], None]:
    """Asserts that the facts fit into JSON and into a table with a sentence."""
    return _told


@pytest.fixture
def assert_compared() -> Callable[[Facts, str], None]:
    """Asserts that a comparison of one round has both sides and both ratios."""
    return _compared


@pytest.fixture
def told() -> Callable[[int, int], None]:
    """Somebody who watches a run."""

    def check(done: int, total: int) -> None:
        assert done <= total

    return check
