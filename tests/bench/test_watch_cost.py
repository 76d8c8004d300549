"""The fetcher with the watch and without it, and the watch's memory, with sizes so small that the figures mean nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.bench import figures, watch_cost
from penstock.cli.main import main

Facts = dict[str, Any]


async def test_the_fetcher_is_compared_with_itself_without_the_watch(
    tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[Facts], None]
) -> None:
    options = watch_cost.Options(rounds=1, files=20, size_bytes=5_000, concurrency=4, attempts=1_000, times=2)
    facts = await watch_cost.measure(options, tmp_path, told)
    for side in ("watched", "unwatched"):
        assert len(facts[side]["rounds"]) == 1
        assert facts[side]["rounds"][0]["errors"] == 0
    assert facts["share"].keys() == {"median", "min", "max", "target", "met"}
    assert facts["share"]["target"] == 0.05
    assert facts["alone"]["attempt_us"] > 0
    assert facts["alone"]["attempts_per_file"] == 2  # a look-up and a download
    assert 0 < facts["alone"]["share"] < 1
    memory = facts["memory"]
    assert (memory["attempts"], memory["times"]) == (1_000, 2)
    assert 0 < memory["idle_mib"] <= memory["last_mib"]
    assert memory["grown_mib"].keys() == {"value", "target", "met"}
    assert_told(facts)
    shown = list(figures.rows(facts | {"command": "penstock bench watch --cost", "at": "2026-11-25T00:00:00Z"}))
    assert len(shown) == 3
    assert list(tmp_path.iterdir()) == []


def test_the_command_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ["bench", "watch", "--cost", "--rounds", "1", "--files", "10", "--attempts", "1000"]
    assert main([*said, "--folder", str(tmp_path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["part"], answer["command"].startswith("penstock bench watch --cost")) == ("watch-cost", True)
