"""The documentation's table is written from the JSON of the runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from penstock.bench import figures

MACHINE = {
    **dict.fromkeys(["penstock", "python", "sqlite", "aiohttp", "uvicorn", "kernel", "cpu", "filesystem"], "x"),
    "cores": 2,
    "load_before": 0.1,
    "fsync_ms": {"p50": 0.2, "p99": 0.4},
}
RATIOS = {
    "wall": {"median": 0.71, "min": 0.7, "max": 0.72, "target": 0.5, "met": True},
    "cpu": {"median": 0.39, "min": 0.38, "max": 0.4, "target": 0.4, "met": False},
}
WHEN = {"at": "2026-11-25T10:00:00.000Z", "machine": MACHINE}
RUNS: list[dict[str, Any]] = [
    {
        **WHEN,
        "part": "receive",
        "command": "penstock bench receive",
        "sizes": {"kinds": ["image"]},
        "image": {"ratios": RATIOS},
    },
    {**WHEN, "part": "fetch", "command": "penstock bench fetch", "ratios": RATIOS},
    {
        **WHEN,
        "part": "memory",
        "command": "penstock bench memory",
        "mib_each": {"value": 1.7, "target": 2.0, "met": True},
    },
    {
        **WHEN,
        "part": "answer",
        "command": "penstock bench answer",
        "idle": {"p99_ms": 3.0, "p99_ms_of_rounds": [2.0, 4.0]},
        "busy": {"p99_ms": 30.0, "p99_ms_of_rounds": [20.0, 40.0]},
    },
    {
        **WHEN,
        "part": "rollouts",
        "command": "penstock bench rollouts",
        "bad": [
            {
                "share": 0.01,
                "failing": 0.3,
                "guard": {"median_s": 121.0, "rolled_back_percent": 100.0},
                "reference": {"median_s": 124},
                "met": True,
            }
        ],
        "healthy": [{"guard": {"rolled_back_percent": 0.0}}],
        "promoted": [{"failing": 0.0, "outage": False, "mean_s": 2_100, "predicted_s": 2_120, "met": True}],
    },
    {
        **WHEN,
        "part": "watch",
        "command": "penstock bench watch",
        "delays": [
            {
                "rate_per_s": 1,
                "workspaces": 20,
                "outcomes": {"median": 20.0, "p95": 40.0},
                "reference": {"median": 22, "p95": 40},
                "met": True,
            },
            {"reference": None},
        ],
        "false_alarms": [{"rate_per_s": 1, "workspaces": 20, "calm": 0.0, "with_bursts": 0.5, "met": True}],
        "diagnosis": {"by_failures": [{"failures": 100, "cause": 100.0}], "met": True},
    },
]


def test_every_figure_is_a_row_with_its_command_and_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for run in RUNS:
        path = tmp_path / f"{run['part']}.json"
        path.write_text(json.dumps(run))
        paths.append(str(path))
    figures.main(paths)
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("| ")][1:]
    assert len(rows) == 2 + 2 + 1 + 2 + 3 + 3
    assert rows[0] == (
        "| receive, image, throughput ratio | 0.71 | 0.70 to 0.72 | ≥ 0.5 | met | `penstock bench receive` | 2026-11-25 |"
    )
    assert "**not met**" in rows[1]
    assert len({row.count("|") for row in rows}) == 1
    assert lines[-1].startswith("Machine: 2 cores")


def test_an_unknown_part_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no part"):
        list(figures.rows({"part": "nothing", "command": "", "at": ""}))


def test_figures_of_postgresql_say_how_many_processes_and_what_the_server_used() -> None:
    used = {"server_cpu_s_per_1000": {"median": 0.123, "min": 0.1, "max": 0.2}}
    run = {
        **WHEN,
        "store": "postgres",
        "server": {"version": "18.4", "filesystem": "ext4"},
        "command": "penstock bench …",
        "sizes": {"kinds": ["image"]},
    }
    one = {"image": {"ratios": RATIOS, "durable": used}, "ratios": RATIOS, "penstock": used}
    for part, name in (("receive", "receive, postgres, 2 processes, image"), ("fetch", "fetch, postgres, 2 processes")):
        lines = list(figures.rows({**run, "part": part, "by_processes": {"2": one}}))
        assert [line.split(" | ")[0] for line in lines] == [
            f"| {name}, throughput ratio",
            f"| {name}, CPU ratio",
            f"| {name}, PostgreSQL's own CPU, µs each",
        ]
        assert "| 123 | 100 to 200 |" in lines[2]
    ratio = {"value": 1.2, "target": 1.5, "met": True}
    (line,) = figures.rows({**run, "part": "fair", "ratio": ratio})
    assert line.startswith("| fair, postgres, median beside an archive | 1.20 |")
