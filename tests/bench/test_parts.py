"""Each part run with sizes so small that its figures mean nothing: what is asserted is that they are there."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from penstock.bench import answer, fetch, memory, receive, report
from penstock.bench.installation import own_folder
from penstock.bench.processes import child
from penstock.cli.main import main
from penstock.core.errors import Unreachable

Facts = dict[str, Any]


def silent(done: int, total: int) -> None:
    assert done <= total


def assert_a_side(side: Facts, *, rounds: int) -> None:
    assert len(side["rounds"]) == rounds
    for figure in ("per_s", "cpu_s_per_1000"):
        assert 0 < side[figure]["min"] <= side[figure]["median"] <= side[figure]["max"]
    assert all(each["errors"] == 0 for each in side["rounds"])


def assert_ratios(ratios: Facts) -> None:
    for which in ("wall", "cpu"):
        assert {"median", "min", "max", "target", "met"} == ratios[which].keys()
        assert 0 < ratios[which]["min"] <= ratios[which]["median"] <= ratios[which]["max"]


def assert_told(facts: Facts) -> None:
    """Everything fits into JSON, and the human form has a table and sentences."""
    json.dumps(facts)
    assert facts["machine"]["cores"] >= 1
    assert isinstance(facts["warnings"], list)
    told = report.of(facts)
    assert told.rows and all(len(row) == len(told.columns) for row in told.rows)
    assert told.sentences


async def test_receive_compares_a_durable_door_with_one_that_keeps_nothing(tmp_path: Path) -> None:
    options = receive.Options(rounds=1, webhooks=60, connections=8, kinds=("image",))
    facts = await receive.measure(options, tmp_path, silent)
    assert_a_side(facts["image"]["durable"], rounds=1)
    assert_a_side(facts["image"]["floor"], rounds=1)
    assert_ratios(facts["image"]["ratios"])
    assert facts["ratios"] == facts["image"]["ratios"]
    assert 1_000 <= facts["image"]["body_bytes"] <= 1_600
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


async def test_fetch_compares_the_fetcher_with_a_bare_loop(tmp_path: Path) -> None:
    options = fetch.Options(rounds=1, files=30, size_bytes=20_000, concurrency=8, tls=True)
    facts = await fetch.measure(options, tmp_path, silent)
    assert_a_side(facts["penstock"], rounds=1)
    assert_a_side(facts["floor"], rounds=1)
    assert_ratios(facts["ratios"])
    assert facts["upstream"]["ceiling_pairs_per_s"] is None  # the cheapest client speaks no TLS
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


async def test_memory_is_that_of_bodies_truly_open_at_once(tmp_path: Path) -> None:
    options = memory.Options(downloads=8, size_bytes=1_000_000, pause_ms=10)
    facts = await memory.measure(options, tmp_path, silent)
    assert facts["open_at_once"] == 8
    assert facts["not_attached"] == {}
    assert 0 < facts["idle_bytes"] <= facts["peak_bytes"]
    assert facts["mib_each"]["target"] == memory.TARGET_MIB
    assert any("so small" in sentence for sentence in facts["warnings"])
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


async def test_answer_has_the_99th_percentile_busy_and_idle(tmp_path: Path) -> None:
    options = answer.Options(rounds=1, seconds=0.2, rate_per_s=100, size_bytes=4_096, concurrency=4, files_per_s=300)
    facts = await answer.measure(options, tmp_path, silent)
    for side in ("idle", "busy"):
        assert 0 < facts[side]["p50_ms"] <= facts[side]["p99_ms"] <= facts[side]["max_ms"]
        assert facts[side]["webhooks"] == 20
        assert facts[side]["errors"] == 0
    assert facts["idle"]["fetched_per_s"] == 0
    assert facts["busy"]["fetched_per_s"] > 0
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


def test_the_command_answers_json_alone_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "made for it"
    assert (
        main(["bench", "fetch", "--rounds", "1", "--files", "10", "--file-kb", "1", "--folder", str(folder), "--json"])
        == 0
    )
    facts = json.loads(capsys.readouterr().out)
    assert facts["part"] == "fetch"
    assert facts["upstream"]["ceiling_pairs_per_s"] > 0
    assert_ratios(facts["ratios"])
    assert not folder.exists()


def test_a_part_that_this_machine_cannot_run_is_one_line_and_exit_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["bench", "memory", "--downloads", "1000", "--file-kb", "102400", "--folder", str(tmp_path), "--json"])
    told = capsys.readouterr()
    if code == 0:
        pytest.skip("this machine has room for 100 GB")
    assert code == 3
    assert told.out == "" and told.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_size_that_means_nothing_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "receive", "--rounds", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


async def test_a_process_that_dies_is_told_of_in_one_line(tmp_path: Path) -> None:
    with own_folder(tmp_path) as folder, pytest.raises(Unreachable, match="ended too early") as told:
        async with child("load", {"kind": "text"}, folder=folder):
            pass
    assert "\n" not in str(told.value)


async def test_a_process_ends_when_nobody_gives_orders_any_more() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "penstock.bench.upstream",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(b'{"order":"start","size_bytes":10}\n')
    assert process.returncode == 0
    assert json.loads(out)["url"].startswith("http://127.0.0.1:")


def test_a_folder_is_removed_whatever_happens(tmp_path: Path) -> None:
    def fail() -> None:
        with own_folder(tmp_path / "a") as folder:
            (folder / "file").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable, match="--folder"), own_folder(tmp_path / "file"):
        pass
