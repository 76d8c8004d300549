"""The part of the gates, with sizes so small that the figures mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.bench import gates
from penstock.bench.policies import POLICIES

Facts = dict[str, Any]


async def test_every_policy_stands_beside_its_simulation_and_every_gate_is_judged(
    tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[Facts], None]
) -> None:
    facts = await gates.measure(gates.Options(seeds=1, minutes=0.5, seconds=0), tmp_path, told)

    assert [(row["bad"], row["policy"]) for row in facts["virtual"]] == [
        (bad, policy) for bad in gates.BAD for policy in POLICIES
    ]
    assert all(row["reference"].keys() <= row.keys() for row in facts["virtual"])
    assert all(each.keys() == {"gate", "value", "target", "met"} for each in facts["gates"])
    assert len(facts["gates"]) == 6
    assert facts["real"] == []
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_seen_is_not_met() -> None:
    assert gates._at_most("it", None, 1.0)["met"] is False
    assert gates._at_least("it", None, 1.0)["met"] is False
    assert gates._at_most("it", 1.0, 1.0)["met"] is True


def test_the_figures_of_real_time_are_judged_too() -> None:
    row = {
        "within_60_s": 1.0,
        "trips": 0,
        "lost": 0,
        "doubled": 0,
        "audit_ok": True,
        "calls_per_s_shut": None,
        "back_s": None,
        "live_p50_s": None,
        "drained_s": 0.0,
        "normal_p50_s": 0.4,
    }
    down = row | {"trips": 1, "calls_per_s_shut": 0.2, "back_s": 9.0, "live_p50_s": 0.6, "drained_s": 30.0}
    judged = gates._judged_real([row, row, down])

    assert all(each["met"] for each in judged)
    assert [each["value"] for each in judged if "times as long" in each["gate"]] == [1.5]
    slow = gates._judged_real([row, row, down | {"live_p50_s": 0.9}])
    assert [each["met"] for each in slow].count(False) == 1
