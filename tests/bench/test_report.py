"""What is said to people: the figure, its target, and whether it was met."""

from typing import Any

from penstock.bench import report

MACHINE = {
    **dict.fromkeys(["penstock", "python", "sqlite", "aiohttp", "uvicorn", "kernel", "cpu", "filesystem"], "x"),
    "cores": 2,
    "load_before": 0.1,
    "fsync_ms": {"p50": 0.2, "p99": 0.4},
}


def memory(*, each: float, met: bool) -> dict[str, Any]:
    return {
        "part": "memory",
        "machine": MACHINE,
        "sizes": {"size_bytes": 16 * 1_048_576},
        "idle_bytes": 50 * 1_048_576,
        "peak_bytes": 450 * 1_048_576,
        "after_bytes": 60 * 1_048_576,
        "open_at_once": 200,
        "mib_each": {"value": each, "target": 2.0, "met": met},
    }


def test_a_target_that_was_met_and_one_that_was_not_are_both_said() -> None:
    assert "1.70 MiB" in report.of(memory(each=1.7, met=True)).sentences[0]
    assert ": met)" in report.of(memory(each=1.7, met=True)).sentences[0]
    assert ": not met)" in report.of(memory(each=2.3, met=False)).sentences[0]


def test_the_machine_is_told_beside_every_figure() -> None:
    assert "2 cores" in report.of(memory(each=1.0, met=True)).sentences[-1]
