"""The fetching process counts what ended, and its slow disk is a disk."""

from pathlib import Path

from penstock.bench.fetching import Count, SlowBlobs
from penstock.core import blobkey
from penstock.core.work import Attached, Claim, Outcome, RetryLater

CLAIM = Claim(1, 1, 1, "w", 1, "n", "a", 1, "c", "image", "m", "wamid", 0.0, 1.0, 0)


async def test_endings_are_counted_by_what_they_are() -> None:
    count = Count()
    window = count.clocks.window(warm_up=0, items=3)
    for ending in (
        Attached(1, b"", "image/jpeg"),
        RetryLater(1.0, Outcome.UPSTREAM, "no"),
        Attached(1, b"", "image/jpeg"),
    ):
        count.ended(CLAIM, ending)
    assert (await window)["operations"] == 3
    assert count.endings == {"attached": 2, "retrylater": 1}


async def test_a_slow_disk_keeps_what_is_written(tmp_path: Path) -> None:
    blobs = SlowBlobs(tmp_path, each_s=0.001)
    await blobs.start()
    key = blobkey.key(7)
    async with blobs.upload(key) as upload:
        await upload.write(b"some ")
        await upload.write(b"bytes")
        await upload.commit()
    assert [chunk async for chunk in blobs.read(key)] == [b"some bytes"]
    await blobs.stop()
