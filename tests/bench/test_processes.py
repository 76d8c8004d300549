"""The processes of a measurement neither hang nor outlive it."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from penstock.bench.processes import child
from penstock.core.errors import Unreachable


async def test_a_process_that_dies_is_told_of_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="ended too early") as told:
        async with child("load", {"kind": "text"}, folder=tmp_path):
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


async def test_a_process_answers_order_by_order(tmp_path: Path) -> None:
    async with child("upstream", {"size_bytes": 10}, folder=tmp_path) as upstream:
        assert upstream.ready["port"] > 0
        for _ in range(3):
            assert (await upstream.ask("count"))["served"] == 0
