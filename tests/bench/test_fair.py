"""Others beside a workspace that dumps its archive, with sizes so small that the figures mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.bench import fair

Facts = dict[str, Any]


async def test_the_others_are_timed_with_and_without_the_archive(
    tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[Facts], None]
) -> None:
    options = fair.Options(dumped=200, others=3, seconds=1, pause_ms=5, size_bytes=1_000, concurrency=4)
    facts = await fair.measure(options, tmp_path, told)
    for side in ("alone", "beside"):
        assert facts[side]["files"] == 3
        assert 0 < facts[side]["median_s"] <= facts[side]["p90_s"] <= facts[side]["max_s"]
    assert facts["alone"]["dumped_attached_per_s"] == 0
    assert facts["beside"]["dumped_attached_per_s"] > 0
    assert facts["ratio"].keys() == {"value", "target", "met"}
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []
