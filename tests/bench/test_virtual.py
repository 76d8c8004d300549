"""A fleet in trouble in virtual time: whatever happens, every file arrives once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.bench.policies import POLICIES, Ours
from penstock.bench.virtual import Trouble, run

SMALL = Trouble(1.0, heals_s=60.0, arrivals_s=90.0)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_run_goes_on_until_nothing_waits(policy: str) -> None:
    found = run(POLICIES[policy](), SMALL, 0)

    assert found.files > 700
    assert (found.lost, found.doubled) == (0, 0)
    assert found.p50_s <= found.p99_s


def test_the_same_seed_is_the_same_run() -> None:
    assert run(Ours(), SMALL, 1) == run(Ours(), SMALL, 1)
    assert run(Ours(), SMALL, 1) != run(Ours(), SMALL, 2)


def test_a_fleet_that_is_down_is_hardly_called_and_is_back_soon_after_it_healed() -> None:
    found = run(Ours(), Trouble(1.0, heals_s=300.0, arrivals_s=400.0), 0)

    assert found.opens == 1
    assert found.calls_per_s_shut is not None
    assert found.calls_per_s_shut <= 0.5
    assert found.back_s is not None
    assert found.back_s <= 15.0
    assert found.live_p50_s <= 2.0


@pytest.mark.parametrize("seed", range(2))
def test_a_third_of_a_fleet_delivers_everything_without_a_gate(seed: int) -> None:
    found = run(Ours(), Trouble(0.3, heals_s=300.0, arrivals_s=300.0), seed)

    assert found.opens == 0
    assert found.within_60_s > 0.995


@settings(max_examples=25, deadline=None)
@given(
    bad=st.floats(0.0, 1.0),
    fails=st.floats(0.0, 1.0),
    heals_s=st.integers(0, 120),
    per_s=st.floats(1.0, 30.0),
    seed=st.integers(0, 1_000),
)
def test_whatever_the_fleet_does_no_file_is_lost_and_none_comes_twice(
    bad: float, fails: float, heals_s: int, per_s: float, seed: int
) -> None:
    trouble = Trouble(bad, heals_s=heals_s + 1.0, arrivals_s=60.0, per_s=per_s, fails_bad=fails)
    found = run(Ours(), trouble, seed)

    assert (found.lost, found.doubled) == (0, 0)
