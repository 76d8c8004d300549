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


def test_the_servers_own_cpu_is_said_apart() -> None:
    ratio = {"median": 0.4, "min": 0.3, "max": 0.5, "target": 0.3, "met": True}
    side = {
        "per_s": {"median": 1_000, "min": 900, "max": 1_100},
        "cpu_s_per_1000": {"median": 0.2, "min": 0.1, "max": 0.3},
        "server_cpu_s_per_1000": {"median": 0.12345, "min": 0.1, "max": 0.2},
    }
    one = {"ratios": {"wall": ratio, "cpu": ratio}, "penstock": side, "floor": side}
    facts = {
        "part": "fetch",
        "store": "postgres",
        "machine": MACHINE,
        "server": {"version": "18.4", "filesystem": "ext4"},
        "upstream": {"ceiling_pairs_per_s": None},
        "by_processes": {"1": one, "2": one},
    }
    told = report.of(facts)
    assert [row[0] for row in told.rows] == [
        *("1 process: penstock", "1 process: floor", "2 processes: penstock", "2 processes: floor")
    ]
    assert "PostgreSQL itself used 123 µs of CPU time for each file; that is in no CPU ratio." in told.sentences
    assert "PostgreSQL 18.4 on ext4." in told.sentences
