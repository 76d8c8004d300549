"""What a part needs is asked for before it begins."""

from pathlib import Path

import pytest

from penstock.bench import machine
from penstock.core.errors import Unreachable


def test_a_machine_is_described_with_what_figures_depend_on(tmp_path: Path) -> None:
    facts = machine.described(tmp_path)
    assert facts["cores"] >= 1
    assert facts["fsync_ms"]["p99"] >= facts["fsync_ms"]["p50"] >= 0
    assert {"penstock", "python", "sqlite", "aiohttp", "uvicorn", "kernel", "filesystem"} <= facts.keys()
    assert list(tmp_path.iterdir()) == []


def test_too_small_a_disk_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="--folder") as refused:
        machine.must_have(tmp_path, disk_bytes=1 << 60)
    assert "\n" not in str(refused.value)


def test_too_little_memory_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="MiB of memory"):
        machine.must_have(tmp_path, disk_bytes=1, memory_bytes=1 << 60)


def test_too_few_descriptors_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="ulimit -n"):
        machine.must_have(tmp_path, disk_bytes=1, descriptors=1 << 40)


def test_what_a_part_can_have_is_not_refused(tmp_path: Path) -> None:
    machine.must_have(tmp_path, disk_bytes=1, memory_bytes=1, descriptors=16)


def test_a_folder_in_memory_is_warned_of() -> None:
    facts = {"cores": 2, "load_before": 0.0, "filesystem": "tmpfs"}
    assert any("--folder" in sentence for sentence in machine.warnings(facts))
    assert machine.warnings(facts | {"filesystem": "ext4"}) == []
    assert len(machine.warnings({"cores": 1, "load_before": 3.0, "filesystem": "ext4"})) == 2
