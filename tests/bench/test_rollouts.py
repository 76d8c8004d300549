"""The whole part, so small that its figures mean little."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.bench import report, rollouts


async def test_every_table_is_filled(
    tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[dict[str, Any]], None]
) -> None:
    facts = await rollouts.measure(rollouts.Options(runs=4, until_s=1_300.0), tmp_path, told)

    assert [(each["share"], each["failing"]) for each in facts["bad"]] == list(rollouts.REFERENCE)
    assert [(each["share"], each["outage"]) for each in facts["healthy"]][:2] == [(0.01, False), (0.01, True)]
    assert all(each["guard"]["rolled_back_percent"] == 0 for each in facts["healthy"])
    assert all(each["rolled_back"] == 0 for each in facts["promoted"])
    assert [each["met"] for each in facts["by_workspace"]] == [None, True, None, True]
    told_to_people = report.of(facts)
    assert len(told_to_people.rows) == 9 + 6 + 4
    assert all(len(row) == len(told_to_people.columns) for row in told_to_people.rows)
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []
