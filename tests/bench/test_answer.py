"""The answer of a webhook, busy and idle, in windows so short that the figures mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.bench import answer

Facts = dict[str, Any]


async def test_the_99th_percentile_stands_beside_the_idle_one(
    tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[Facts], None]
) -> None:
    options = answer.Options(rounds=1, seconds=0.2, rate_per_s=100, size_bytes=4_096, concurrency=4, files_per_s=300)
    facts = await answer.measure(options, tmp_path, told)
    for side in ("idle", "busy"):
        assert 0 < facts[side]["p50_ms"] <= facts[side]["p99_ms"] <= facts[side]["max_ms"]
        assert (facts[side]["webhooks"], facts[side]["errors"]) == (20, 0)
    assert facts["idle"]["fetched_per_s"] == 0
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


def test_a_slow_pace_comes_over_few_connections_so_that_none_is_idle_for_long() -> None:
    assert answer.Options(rate_per_s=1).connections == 1
    assert answer.Options(rate_per_s=1_000).connections == 16
