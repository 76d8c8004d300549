"""The arithmetic of a comparison."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.bench.ratios import Targets, Window, by_processes, compared, disturbed, percentile, spread


def window(*, operations: int = 1_000, wall_s: float = 1.0, cpu_s: float = 1.0) -> Window:
    return Window(operations, wall_s, cpu_s, helper_cpu_s=0.2, others_cpu_s=0.0)


def test_a_side_that_takes_twice_as_long_has_a_ratio_of_one_half() -> None:
    facts = compared([(window(wall_s=2.0), window())], ours="ours", targets=Targets(0.5, 0.5))
    assert facts["ratios"]["wall"] == {"median": 0.5, "min": 0.5, "max": 0.5, "target": 0.5, "met": True}


def test_a_side_that_needs_more_cpu_has_a_smaller_ratio() -> None:
    facts = compared([(window(cpu_s=4.0), window(cpu_s=1.0))], ours="ours", targets=Targets(0.5, 0.5))
    assert facts["ratios"]["cpu"]["median"] == 0.25
    assert facts["ratios"]["cpu"]["met"] is False


def test_ratios_are_of_pairs_so_a_slow_round_of_both_sides_changes_nothing() -> None:
    pairs = [(window(wall_s=2.0), window(wall_s=1.0)), (window(wall_s=20.0), window(wall_s=10.0))]
    wall = compared(pairs, ours="ours", targets=Targets(0.5, 0.5))["ratios"]["wall"]
    assert wall["min"] == wall["max"] == 0.5


def test_spread_is_median_and_range() -> None:
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 3.0}


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_a_percentile_is_one_of_the_values_and_so_many_do_not_exceed_it(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


def test_the_99th_percentile_of_a_hundred_is_the_last_but_one() -> None:
    assert percentile([float(value) for value in range(1, 101)], 0.99) == pytest.approx(99.0)


def test_other_programs_that_took_part_of_the_machine_are_told_of() -> None:
    busy = Window(1_000, 2.0, 1.0, helper_cpu_s=0.2, others_cpu_s=1.6)
    assert disturbed([window(), window()]) == []
    (sentence,) = disturbed([window(), busy])
    assert "0.8 cores" in sentence


def test_one_process_on_sqlite_is_printed_as_it_always_was() -> None:
    found = {"ratios": {"wall": 1}}
    assert by_processes("sqlite", (1,), [found]) == found
    told = by_processes("postgres", (1, 2), [found, {"ratios": {"wall": 2}}])
    assert told == {"by_processes": {"1": found, "2": {"ratios": {"wall": 2}}}, "ratios": {"wall": 1}}
