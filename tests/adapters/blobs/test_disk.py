"""Files on disk: durable when committed, absent otherwise, whatever dies in between."""

import asyncio
import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.core import blobkey
from penstock.core.errors import Unreachable

KEY = blobkey.key(7)


@pytest.fixture(params=["unnamed", "named"])
async def blobs(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[DiskBlobs]:
    """A store, once with unnamed temporary files and once on a file system that has none."""
    store = DiskBlobs(tmp_path / "blobs")
    store._unnamed = request.param == "unnamed"
    await store.start()
    yield store
    await store.stop()


async def put(blobs: DiskBlobs, key: str, *chunks: bytes) -> None:
    async with blobs.upload(key) as upload:
        for chunk in chunks:
            await upload.write(chunk)
        await upload.commit()


def files(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path / "blobs")) for path in tmp_path.glob("blobs/**/*") if path.is_file())


async def test_a_committed_file_can_be_read_in_whole_and_in_part(blobs: DiskBlobs) -> None:
    data = os.urandom(700_000)
    await put(blobs, KEY, data[:100], data[100:300_000], data[300_000:])
    assert b"".join([chunk async for chunk in blobs.read(KEY)]) == data
    assert b"".join([chunk async for chunk in blobs.read(KEY, start=5, end=300_001)]) == data[5:300_001]
    assert b"".join([chunk async for chunk in blobs.read(KEY, start=699_999)]) == data[-1:]
    assert await blobs.size(KEY) == len(data)
    assert await blobs.digest(KEY) == (len(data), hashlib.sha256(data).digest())


async def test_an_empty_file_is_a_file(blobs: DiskBlobs) -> None:
    await put(blobs, KEY)
    assert await blobs.size(KEY) == 0
    assert [chunk async for chunk in blobs.read(KEY)] == []


async def test_an_upload_without_a_commit_leaves_nothing(blobs: DiskBlobs, tmp_path: Path) -> None:
    async with blobs.upload(KEY) as upload:
        await upload.write(os.urandom(400_000))
        await upload.write(b"and a little more")
    assert files(tmp_path) == []
    assert await blobs.size(KEY) is None
    assert await blobs.digest(KEY) is None
    with pytest.raises(FileNotFoundError):
        [chunk async for chunk in blobs.read(KEY)]


async def test_an_upload_that_is_cancelled_leaves_nothing(blobs: DiskBlobs, tmp_path: Path) -> None:
    began = asyncio.Event()

    async def endless() -> None:
        async with blobs.upload(KEY) as upload:
            while True:
                await upload.write(os.urandom(300_000))
                began.set()

    task = asyncio.create_task(endless())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == []


async def test_writing_a_key_again_keeps_one_file_with_the_last_bytes(blobs: DiskBlobs, tmp_path: Path) -> None:
    await put(blobs, KEY, b"the same")
    await put(blobs, KEY, b"the same")
    assert files(tmp_path) == [KEY]
    await put(blobs, KEY, b"other bytes")
    assert files(tmp_path) == [KEY]
    assert b"".join([chunk async for chunk in blobs.read(KEY)]) == b"other bytes"


async def test_a_hundred_uploads_at_once_are_all_there(blobs: DiskBlobs) -> None:
    await asyncio.gather(*(put(blobs, blobkey.key(row), row.to_bytes(4, "big")) for row in range(4_050, 4_150)))
    for row in range(4_050, 4_150):
        assert b"".join([chunk async for chunk in blobs.read(blobkey.key(row))]) == row.to_bytes(4, "big")


async def test_a_deleted_file_is_gone_and_deleting_it_again_is_nothing(blobs: DiskBlobs) -> None:
    await put(blobs, KEY, b"x")
    await blobs.delete(KEY)
    await blobs.delete(KEY)
    assert await blobs.size(KEY) is None


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "x", "00000001/0000000000001001/..", "/etc/passwd"])
async def test_only_keys_of_media_rows_are_keys(blobs: DiskBlobs, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await blobs.size(key)


async def test_a_later_start_sweeps_what_a_dead_process_left_and_nobody_elses_work(tmp_path: Path) -> None:
    folder = tmp_path / "blobs" / "00000000"
    folder.mkdir(parents=True)
    (folder / ".5f0c").write_bytes(b"half a file")
    os.utime(folder / ".5f0c", (1, 1))
    (folder / ".77aa").write_bytes(b"somebody is at it")
    (folder / "0000000000000007").write_bytes(b"a file")
    store = DiskBlobs(tmp_path / "blobs")
    await store.start()
    assert files(tmp_path) == ["00000000/.77aa", KEY]
    await store.stop()


async def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    store = DiskBlobs(tmp_path / "blobs")
    with pytest.raises(Unreachable, match=r"the folder for files .* cannot be used"):
        await store.start()
    await store.stop()


async def test_a_full_disk_is_an_os_error_and_leaves_nothing(blobs: DiskBlobs, tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # a file of more than this cannot be written: EFBIG
    try:
        with pytest.raises(OSError, match=r".*") as caught:
            await put(blobs, KEY, b"x" * 300_000)
        assert caught.value.errno == errno.EFBIG
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == []


async def test_a_disk_that_is_full_at_the_start_is_told_from_one_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DiskBlobs(tmp_path / "blobs")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "writev", full)
    for trial in (store.start, store.probe):
        with pytest.raises(OSError, match="No space"):
            await trial()
    monkeypatch.undo()
    await store.start()
    await store.probe()
    await store.stop()
    assert files(tmp_path) == []


def test_a_process_killed_in_the_middle_of_an_upload_leaves_no_file(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, pathlib, signal, sys\n"
        "from penstock.adapters.blobs.disk import DiskBlobs\n"
        "async def main():\n"
        "    blobs = DiskBlobs(pathlib.Path(sys.argv[1]))\n"
        "    await blobs.start()\n"
        f"    async with blobs.upload({KEY!r}) as upload:\n"
        "        await upload.write(os.urandom(600_000))\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "blobs")], check=False, timeout=300)
    assert ended.returncode == -9
    assert files(tmp_path) == []
