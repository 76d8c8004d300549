"""The door beside a door that keeps nothing, with sizes so small that the figures mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.bench import receive

Facts = dict[str, Any]
Told = Callable[[int, int], None]


async def test_a_durable_door_is_compared_with_one_that_keeps_nothing(
    tmp_path: Path, told: Told, assert_compared: Callable[[Facts, str], None], assert_told: Callable[[Facts], None]
) -> None:
    options = receive.Options(rounds=1, webhooks=60, connections=8, kinds=("image",))
    facts = await receive.measure(options, tmp_path, told)
    assert_compared(facts["image"], "durable")
    assert facts["ratios"] == facts["image"]["ratios"]
    assert 1_000 <= facts["image"]["body_bytes"] <= 1_600
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []
