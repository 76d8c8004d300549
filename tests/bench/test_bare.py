"""The floor of the fetcher does the work that it is said to do."""

import hashlib
from pathlib import Path

from penstock.bench import bodies
from penstock.bench.processes import child


async def test_the_bare_loop_writes_the_files_that_it_fetched(tmp_path: Path) -> None:
    async with child("upstream", {"size_bytes": 5_000}, folder=tmp_path) as upstream:
        files = tmp_path / "files"
        files.mkdir()
        told = {"folder": str(files), "graph_url": upstream.ready["url"], "concurrency": 2}
        async with child("bare", told, folder=tmp_path) as bare:
            facts = await bare.ask("fetch", warm_up=1, items=3)
        sha256 = upstream.ready["sha256"]
    assert facts["operations"] == 3 and facts["not_attached"] == {}
    written = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files.iterdir()}
    assert written == {bodies.media_id(number): sha256 for number in range(4)}
