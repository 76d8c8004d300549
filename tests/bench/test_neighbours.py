"""The process of ten workspaces: a small archive is worked off beside what comes in."""

from pathlib import Path

from penstock.bench.processes import child


async def test_what_comes_in_is_timed_and_the_archive_goes_on(tmp_path: Path) -> None:
    async with child("upstream", {"size_bytes": 1_000}, folder=tmp_path) as upstream:
        told = {
            "folder": str(tmp_path / "neighbours"),
            "graph_url": upstream.ready["url"],
            "sha256": upstream.ready["sha256"],
            "concurrency": 4,
            "others": 2,
            "dumped": 20,
        }
        async with child("neighbours", told, folder=tmp_path) as process:
            answer = await process.ask("send", seconds=1)
    assert len(answer["took_s"]) == 2
    assert all(took_s > 0 for took_s in answer["took_s"])
    assert 0 < answer["dumped_attached"] <= 20
