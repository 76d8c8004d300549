"""Files that cannot be written are told of once, fetching rests meanwhile, and a trial finds out when they are back."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.core import blobkey, outage
from penstock.flow import filing as module
from penstock.flow.filing import Filing

KEY = blobkey.key(7)


class Disk(DiskBlobs):
    """A real folder on a disk that can be full."""

    full = False

    def open_unnamed(self, folder: Path) -> tuple[int, Path | None]:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().open_unnamed(folder)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "blobs")


@pytest.fixture
async def filing(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Filing]:
    monkeypatch.setattr(outage, "QUIET_S", 0.0)
    monkeypatch.setattr(module, "_TRY_EVERY_S", 0.01)
    made = Filing(disk)
    yield made
    await made.stop()


async def put(filing: Filing) -> None:
    async with filing.upload(KEY) as upload:
        await upload.write(b"a file")
        await upload.commit()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_it_is_the_store_that_it_stands_before(filing: Filing) -> None:
    await filing.start()
    await put(filing)
    await filing.probe()
    assert await filing.size(KEY) == 6
    assert [chunk async for chunk in filing.read(KEY, start=2)] == [b"file"]
    assert (await filing.digest(KEY) or (0, b""))[0] == 6
    assert [key async for key in filing.keys_older_than(4e9)] == [KEY]
    assert await filing.presign(KEY, seconds=1, content_type="image/jpeg", disposition="inline") is None
    assert await filing.drop_unfinished(4e9) == 0
    await filing.delete(KEY)
    assert await filing.size(KEY) is None
    assert not filing.away


async def test_a_full_disk_is_one_line_and_one_when_there_is_room_again(filing: Filing, disk: Disk) -> None:
    backs: list[bool] = []
    filing.back = lambda: backs.append(filing.away)
    await filing.start()
    with capture_logs() as logged:
        disk.full = True
        for _ in range(5):
            with pytest.raises(OSError, match="No space"):
                await put(filing)
        assert filing.away
        assert backs == []
        disk.full = False
        await until(lambda: len(logged) == 2)
    assert backs == [False]
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [
        ("files.unavailable", "warning"),
        ("files.available_again", "info"),
    ]
    assert logged[0]["reason"] == "No space left on device"
    await put(filing)


async def test_a_disk_that_is_full_at_the_start_stops_nothing(filing: Filing, disk: Disk) -> None:
    disk.full = True
    with capture_logs() as logged:
        await filing.start()
        assert filing.away
        disk.full = False
        await until(lambda: not filing.away)
    assert logged[0]["event"] == "files.unavailable"


async def test_files_that_cannot_be_read_are_told_of_and_do_not_keep_others_from_being_written(
    filing: Filing, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filing.start()

    async def broken(_key: str) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with capture_logs() as logged:
        with monkeypatch.context() as patched:
            patched.setattr(disk, "size", broken)
            for _ in range(3):
                with pytest.raises(OSError, match="Input"):
                    await filing.size(KEY)
        assert not filing.away
        with pytest.raises(FileNotFoundError):
            [chunk async for chunk in filing.read(KEY)]
        assert await filing.size(KEY) is None
    assert [entry["event"] for entry in logged] == ["files.unavailable", "files.available_again"]


async def test_stopping_ends_the_trials(filing: Filing, disk: Disk) -> None:
    await filing.start()
    disk.full = True
    with pytest.raises(OSError, match="No space"):
        await put(filing)
    await filing.stop()
    assert filing._trying is None


async def test_a_mistake_of_our_own_does_not_keep_the_files_away(
    filing: Filing, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise KeyError("a mistake")

    await filing.start()
    monkeypatch.setattr(disk, "probe", broken)
    disk.full = True
    with pytest.raises(OSError, match="No space"):
        await put(filing)
    await until(lambda: not filing.away)
