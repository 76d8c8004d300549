"""A claim on either store, with sizes so small that the figures mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.bench import claim
from penstock.bench.postgres import programs

Facts = dict[str, Any]


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_a_claim_is_measured_at_every_size(
    store: str, tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[Facts], None]
) -> None:
    if store == "postgres" and programs() is None:
        pytest.skip("there is no PostgreSQL on this machine; install it with: make install")
    options = claim.Options(sizes=(60, 120), workspaces=30, items=20, rounds=2, stores=(store,))
    facts = await claim.measure(options, tmp_path, told)
    found = facts["stores"][store]
    for name, lanes in (("spread", 30), ("one_lane_shut", 31)):
        assert [size["waiting"] for size in found[name]] == [60, 120]
        assert [size["lanes"] for size in found[name]] == [lanes, lanes]
        for size in found[name]:
            assert size["claimed"] == 20
            assert size["visited"] > 0
            assert size["gate_ms"] > 0
    assert found["growth"].keys() == {
        f"{name}, {figure}" for name in ("spread", "one lane shut") for figure in ("wall_ms", "cpu_ms", "visited")
    }
    # Twice as much waits in one lane, and nothing more is looked at: this is no matter of the machine.
    assert found["growth"]["one lane shut, visited"]["ratio"] < 2
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


async def test_a_machine_without_postgresql_measures_the_other_store_and_says_so(
    tmp_path: Path, told: Callable[[int, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "programs", lambda: None)
    facts = await claim.measure(claim.Options(sizes=(20,), workspaces=5, items=5, rounds=1), tmp_path, told)
    assert facts["stores"].keys() == {"sqlite"}
    assert any("PostgreSQL was left out" in warning for warning in facts["warnings"])
