"""The process of a whole instance beside a fleet that falls ill, for a moment only."""

from pathlib import Path

from penstock.bench.processes import child


async def test_files_of_before_during_and_after_the_trouble_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "troubled"
    folder.mkdir()
    async with child("troubled", {"folder": str(folder), "pause_s": 0.0}, folder=tmp_path) as process:
        trial = {"bad": 0.5, "calm_s": 1.0, "trouble_s": 1.0, "after_s": 30.0, "per_s": 10.0}
        facts = await process.ask("run", trial=trial)

    assert facts["files"] == facts["sent"] > 0
    assert (facts["lost"], facts["doubled"], facts["audit_ok"]) == (0, 0, True)
    assert (facts["trips"], facts["calls_per_s_shut"], facts["back_s"]) == (0, None, None)
