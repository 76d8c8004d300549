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


async def test_on_postgresql_one_process_and_two_are_compared_with_as_many_of_the_floor(
    tmp_path: Path,
    told: Told,
    assert_compared: Callable[[Facts, str], None],
    assert_told: Callable[[Facts], None],
    postgres: Any,
) -> None:
    del postgres  # it skips where there is no PostgreSQL
    options = receive.Options(rounds=1, webhooks=60, connections=8, kinds=("text",), store="postgres", processes=(1, 2))
    facts = await receive.measure(options, tmp_path, told)
    assert facts["by_processes"].keys() == {"1", "2"}
    for found in facts["by_processes"].values():
        assert_compared(found["text"], "durable")
        assert found["ratios"]["wall"]["target"] == found["ratios"]["cpu"]["target"] == 0.3
        assert found["text"]["durable"]["server_cpu_s_per_1000"]["median"] > 0
    assert facts["ratios"] == facts["by_processes"]["1"]["ratios"]
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []
