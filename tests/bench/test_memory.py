"""Memory of bodies that are truly open at once, with so few that the figure means nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.bench import memory

Facts = dict[str, Any]


async def test_all_bodies_are_open_at_once_and_all_files_attached(
    tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[Facts], None]
) -> None:
    options = memory.Options(downloads=8, size_bytes=1_000_000, pause_ms=10)
    facts = await memory.measure(options, tmp_path, told)
    assert facts["open_at_once"] == 8
    assert facts["not_attached"] == {}
    assert 0 < facts["idle_bytes"] <= facts["peak_bytes"]
    assert facts["mib_each"]["target"] == memory.TARGET_MIB
    assert any("so small" in sentence for sentence in facts["warnings"])
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []
