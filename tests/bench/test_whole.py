"""The whole instance as a process: a door that answers and a fetcher that fetches its backlog."""

import asyncio
from pathlib import Path

from penstock.bench.processes import child


async def test_an_instance_fetches_the_backlog_that_it_was_given(tmp_path: Path) -> None:
    async with child("upstream", {"size_bytes": 1_000}, folder=tmp_path) as upstream:
        told = {
            "folder": str(tmp_path / "instance"),
            "graph_url": upstream.ready["url"],
            "sha256": upstream.ready["sha256"],
            "concurrency": 4,
            "backlog": 5,
        }
        async with child("whole", told, folder=tmp_path) as instance:
            assert instance.ready["port"] > 0
            async with asyncio.timeout(60):
                while (await upstream.ask("count"))["served"] < 5:
                    await asyncio.sleep(0.02)
