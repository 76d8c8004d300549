"""Others beside a workspace that dumps its archive, with sizes so small that the figures mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.bench import fair
from penstock.bench.postgres import programs

Facts = dict[str, Any]


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_the_others_are_timed_with_and_without_the_archive(
    store: str, tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[Facts], None]
) -> None:
    if store == "postgres" and programs() is None:
        pytest.skip("there is no PostgreSQL on this machine; install it with: make install")
    options = fair.Options(dumped=200, others=3, seconds=1, pause_ms=5, size_bytes=1_000, concurrency=4, store=store)
    facts = await fair.measure(options, tmp_path, told)
    for side in ("alone", "beside"):
        assert facts[side]["files"] == 3
        assert 0 < facts[side]["median_s"] <= facts[side]["p90_s"] <= facts[side]["max_s"]
    assert facts["alone"]["dumped_attached_per_s"] == 0
    assert facts["beside"]["dumped_attached_per_s"] > 0
    assert facts["ratio"].keys() == {"value", "target", "met"}
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []
