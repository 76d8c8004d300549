"""The command of the benchmarks, with sizes so small that the figures mean nothing."""

import json
from pathlib import Path

import pytest

from penstock.cli.main import main


def test_json_is_alone_on_stdout_and_the_folder_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "made for it"
    said = ["bench", "fetch", "--rounds", "1", "--files", "10", "--file-kb", "1", "--folder", str(folder), "--json"]
    assert main(said) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["part"] == "fetch"
    assert facts["command"] == "penstock bench fetch --rounds 1 --files 10 --file-kb 1"
    assert facts["at"].endswith("Z")
    assert facts["upstream"]["ceiling_pairs_per_s"] > 0
    assert facts["ratios"].keys() == {"wall", "cpu"}
    assert not folder.exists()


def test_people_get_a_table_and_what_the_ratio_means(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "memory", "--downloads", "2", "--file-kb", "200", "--folder", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "per open download" in told.out and "MiB" in told.out
    assert "note: the bodies are so small" in told.err


def test_a_part_that_this_machine_cannot_run_is_one_line_and_exit_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1_000})())
    code = main(["bench", "memory", "--folder", str(tmp_path), "--json"])
    told = capsys.readouterr()
    assert code == 3
    assert told.out == "" and told.err.count("\n") == 1 and "--folder" in told.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "said", [["receive", "--rounds", "0"], ["fetch", "--file-kb", "x"], ["listen"], ["fetch", "--processes", "2"]]
)
def test_what_means_nothing_is_wrong_use(said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *said]) == 2
    assert capsys.readouterr().err.count("\n") == 1
