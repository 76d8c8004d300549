"""The fetcher with its check and without it, with sizes so small that the figures mean nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.bench import check
from penstock.cli.main import main

Facts = dict[str, Any]


async def test_the_fetcher_is_compared_with_itself_without_the_check(
    tmp_path: Path, told: Callable[[int, int], None], assert_told: Callable[[Facts], None]
) -> None:
    facts = await check.measure(check.Options(rounds=1, files=20, size_bytes=5_000, concurrency=4), tmp_path, told)
    for side in ("checked", "unchecked"):
        assert len(facts[side]["rounds"]) == 1
        assert facts[side]["rounds"][0]["errors"] == 0
    assert facts["share"].keys() == {"median", "min", "max", "target", "met"}
    assert facts["share"]["target"] == 0.05
    assert all(took > 0 for took in facts["alone"]["check_us"])
    assert len(facts["alone"]["check_us"]) == 2  # a look-up and a download
    assert 0 < facts["alone"]["share"] < 1
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


def test_the_command_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = [
        "bench",
        "check",
        "--rounds",
        "1",
        "--files",
        "10",
        "--file-kb",
        "1",
        "--concurrency",
        "2",
        "--folder",
        str(tmp_path),
        "--json",
    ]
    assert main(said) == 0
    assert json.loads(capsys.readouterr().out)["part"] == "check"
