"""The whole part, so small that its figures mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.bench import report, watch


async def test_every_table_is_filled(
    tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[dict[str, Any]], None]
) -> None:
    options = watch.Options(rates=(1,), workspaces=(20,), runs=12, days=1, months=1, seeds=2, quiet_runs=1)
    facts = await watch.measure(options, tmp_path, told)

    assert [each["failing"] for each in facts["delays"]] == [0.3, 0.05]
    assert facts["delays"][0]["reference"] == {"median": 22, "p95": 40}
    assert facts["delays"][0]["outcomes_with_bursts"]["median"] > 0
    assert facts["delays"][1]["met"] is None
    assert len(facts["false_alarms"]) == 1
    assert {row["slo"] for row in facts["burn_rate"][0]["rows"]} == {0.99, 0.995}
    assert [each["failures"] for each in facts["diagnosis"]["by_failures"]] == [5, 10, 20, 40, 100]
    assert facts["diagnosis"]["by_failures"][-1]["cause"] == 100
    told_to_people = report.of(facts)
    assert len(told_to_people.rows) == 2
    assert all(len(row) == len(told_to_people.columns) for row in told_to_people.rows)
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []
