"""What every store of files keeps to: the same tests on a folder and on two servers that speak S3."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.blobs.port import Store
from penstock.core import blobkey

KEY = blobkey.key(7)
MIB = 1 << 20


@pytest.fixture(params=["disk", "moto", "rclone"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path, bucket: Callable[..., Any]) -> AsyncIterator[Store]:
    """A store of each kind."""
    kind = request.param
    store: Store = DiskBlobs(tmp_path / "blobs") if kind == "disk" else bucket(request.getfixturevalue(kind))
    await store.start()
    yield store
    await store.stop()


async def put(blobs: Store, key: str, *chunks: bytes, sha256: bytes | None = None) -> None:
    async with blobs.upload(key, sha256=sha256) as upload:
        for chunk in chunks:
            await upload.write(chunk)
        await upload.commit()


async def whole(blobs: Store, key: str, **span: int) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(key, **span)])


async def keys(blobs: Store) -> list[str]:
    return [key async for key in blobs.keys_older_than(time.time() + 3_600)]


@pytest.mark.parametrize("size", [0, 1, 700_000, 8 * MIB, 8 * MIB + 1, 17 * MIB + 5])
async def test_a_committed_file_is_what_was_written(blobs: Store, size: int) -> None:
    data = os.urandom(size)
    await put(blobs, KEY, *(data[at : at + 300_000] for at in range(0, size, 300_000)))

    assert await blobs.size(KEY) == size
    assert await blobs.digest(KEY) == (size, hashlib.sha256(data).digest())
    assert await keys(blobs) == [KEY]


async def test_a_file_can_be_read_in_part(blobs: Store) -> None:
    data = os.urandom(5 * MIB)
    await put(blobs, KEY, data)

    assert await whole(blobs, KEY) == data
    assert await whole(blobs, KEY, start=0, end=1) == data[:1]
    assert await whole(blobs, KEY, start=5, end=3 * MIB + 1) == data[5 : 3 * MIB + 1]
    assert await whole(blobs, KEY, start=len(data) - 1) == data[-1:]
    assert await whole(blobs, KEY, start=7, end=len(data) + 100) == data[7:]
    assert await whole(blobs, KEY, start=len(data)) == b""


async def test_what_is_not_there_is_not_there(blobs: Store) -> None:
    assert await blobs.size(KEY) is None
    assert await blobs.digest(KEY) is None
    with pytest.raises(FileNotFoundError):
        await whole(blobs, KEY)
    await blobs.delete(KEY)


@pytest.mark.parametrize("size", [100, 20 * MIB])
async def test_an_upload_without_a_commit_leaves_nothing(blobs: Store, size: int) -> None:
    async with blobs.upload(KEY) as upload:
        for _ in range(0, size, MIB):
            await upload.write(os.urandom(min(size, MIB)))
    assert await blobs.size(KEY) is None
    assert await keys(blobs) == []
    assert await blobs.drop_unfinished(time.time() + 3_600) == 0


async def test_an_upload_that_is_cancelled_leaves_nothing(blobs: Store) -> None:
    began = asyncio.Event()

    async def endless() -> None:
        async with blobs.upload(KEY) as upload:
            while True:
                for _ in range(10):
                    await upload.write(bytes(MIB))
                began.set()

    task = asyncio.create_task(endless())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await blobs.size(KEY) is None
    assert await blobs.drop_unfinished(time.time() + 3_600) == 0


async def test_an_upload_left_by_an_error_leaves_nothing(blobs: Store) -> None:
    async def broken_off() -> None:
        async with blobs.upload(KEY) as upload:
            for _ in range(9):
                await upload.write(bytes(MIB))
            raise KeyError("the download broke off")

    with pytest.raises(KeyError):
        await broken_off()
    assert await blobs.size(KEY) is None
    assert await blobs.drop_unfinished(time.time() + 3_600) == 0


async def test_writing_a_key_again_keeps_one_file_with_the_last_bytes(blobs: Store) -> None:
    await put(blobs, KEY, b"the same")
    await put(blobs, KEY, b"the same")
    await put(blobs, KEY, b"other bytes")
    assert await whole(blobs, KEY) == b"other bytes"
    assert await keys(blobs) == [KEY]


async def test_uploads_that_race_for_a_key_leave_the_whole_of_one_of_them(blobs: Store) -> None:
    contents = [os.urandom(200_000 + n) for n in range(8)] + [os.urandom(9 * MIB)]
    await asyncio.gather(*(put(blobs, KEY, data) for data in contents))
    assert await whole(blobs, KEY) in contents
    assert await keys(blobs) == [KEY]


async def test_many_uploads_at_once_are_all_there_in_order(blobs: Store) -> None:
    rows = range(4_080, 4_112)
    await asyncio.gather(*(put(blobs, blobkey.key(row), row.to_bytes(4, "big")) for row in rows))
    for row in rows:
        assert await whole(blobs, blobkey.key(row)) == row.to_bytes(4, "big")
    assert await keys(blobs) == [blobkey.key(row) for row in rows]


async def test_a_deleted_file_is_gone_and_deleting_it_again_is_nothing(blobs: Store) -> None:
    await put(blobs, KEY, b"x")
    await blobs.delete(KEY)
    await blobs.delete(KEY)
    assert await blobs.size(KEY) is None
    assert await keys(blobs) == []


async def test_only_what_is_older_is_listed(blobs: Store) -> None:
    await put(blobs, KEY, b"x")
    assert [key async for key in blobs.keys_older_than(time.time() - 3_600)] == []


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "x", "00000001/0000000000001001/..", "/etc/passwd"])
async def test_only_keys_of_media_rows_are_keys(blobs: Store, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await blobs.size(key)
    with pytest.raises(ValueError, match="not a key"):
        await blobs.delete(key)
