"""A disk that fills up while messages come: nothing acknowledged is lost, one line says so, and room is all it takes."""

import asyncio
import contextlib
import itertools
import json
import os
import resource
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.test_kills import attached
from tests.journeys.troubles import KINDS, LIMIT_S, Whole, one_line_each, soon, whole

from penstock.adapters.db.port import Call, Script
from penstock.core.errors import StoreUnavailable
from penstock.settings import FolderUrl, PostgresUrl, SqliteUrl
from penstock.simulator import Platform

MIB = 1 << 20


class SmallDisk:
    """A file system of a few megabytes, and what fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, leave_bytes: int = 0) -> None:
        """Take all of the room but so much."""
        free = shutil.disk_usage(self.folder).free - leave_bytes
        with self._ballast.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(1, free))

    def make_room(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    """A real file system that can be full; to mount one takes root. PostgreSQL, as nobody, may go there, too."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-small-"))
    folder.chmod(0o755)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0755", "penstock-tests", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("no file system may be mounted here: that takes root")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


async def test_a_full_disk_of_the_files_delays_them_and_nothing_else(
    database_url: Any, tmp_path: Path, small_disk: SmallDisk
) -> None:
    async with whole(tmp_path, database_url, blobs_url=FolderUrl(small_disk.folder / "blobs")) as it:
        await it.send(6)
        await it.settled()
        small_disk.fill()
        await it.send(40)
        await it.meta.drain(LIMIT_S)
        async with asyncio.timeout(LIMIT_S):
            while not it.said("files.unavailable") or it.instance.fetcher._turns:
                await asyncio.sleep(0.05)
        small_disk.make_room()
        await it.settled()
        await it.until_said("files.available_again")
        await it.settled()
        await it.in_order()
        assert it.lines() == ["files.unavailable", "files.available_again"]
        assert it.said("files.unavailable")[0]["reason"] == "No space left on device"
        assert [path for path in small_disk.folder.glob("blobs/**/.*") if path.is_file()] == []


# -- the database's disk -------------------------------------------------------------------------------------------


async def through_a_full_database(it: Whole, fill: Any, make_room: Any) -> None:
    """Send while nothing can be stored; the webhooks come again, and everything is there in the end."""
    await it.send(6)
    await it.settled()
    await fill()
    await it.send(40)
    await it.until_said("store.unavailable")
    async with asyncio.timeout(120):  # that line may be about something else that could not be stored
        while not any(one.status == 503 for each in it.meta.record.deliveries for one in each.attempts):
            await asyncio.sleep(0.05)
    assert all(one.status in {200, 503} for each in it.meta.record.deliveries for one in each.attempts)
    await make_room()
    await it.settled()
    await it.until_said("store.available_again")
    await it.settled()
    await it.in_order()
    assert it.lines() == ["store.unavailable", "store.available_again"]
    one_line_each(it.logged, "store")


async def test_a_full_disk_of_sqlite(tmp_path: Path, small_disk: SmallDisk) -> None:
    async with whole(
        tmp_path, SqliteUrl(small_disk.folder / "penstock.db"), blobs_url=FolderUrl(tmp_path / "blobs")
    ) as it:

        async def fill() -> None:
            small_disk.fill(leave_bytes=4_096)

        async def make_room() -> None:
            small_disk.make_room()

        await through_a_full_database(it, fill, make_room)
        assert "full" in it.said("store.unavailable")[0]["reason"]


async def test_a_database_that_may_not_grow(tmp_path: Path) -> None:
    """SQLite's own limit meets the same end as a full disk, and needs no root."""
    async with whole(tmp_path, SqliteUrl(tmp_path / "penstock.db")) as it:

        async def limited(pages: int | None) -> None:
            def script() -> Script[None]:
                now = (yield Call("PRAGMA page_count"))[0][0]
                yield Call(f"PRAGMA max_page_count = {pages or now}")

            while True:  # it may share its commit with a webhook that does not fit
                with contextlib.suppress(StoreUnavailable):
                    return await it.ledger._db.write(script)

        await through_a_full_database(it, lambda: limited(None), lambda: limited(1_000_000))
        assert "full" in it.said("store.unavailable")[0]["reason"]


async def test_a_full_disk_of_postgresql(tmp_path: Path, postgres: Any, small_disk: SmallDisk) -> None:
    """A tablespace on the small disk: the tables cannot grow, while the server's own log can."""
    space, place = f"small_{os.getpid()}", small_disk.folder / "space"
    place.mkdir(mode=0o700)
    shutil.chown(place, "nobody")
    await postgres.run(f"CREATE TABLESPACE {space} LOCATION '{place}'")
    url = await postgres.new()
    name = url.rpartition("/")[2]
    await postgres.run(f"ALTER DATABASE {name} SET TABLESPACE {space}")
    try:
        async with whole(tmp_path, PostgresUrl(url)) as it:

            async def fill() -> None:
                small_disk.fill()

            async def make_room() -> None:
                small_disk.make_room()

            await through_a_full_database(it, fill, make_room)
            assert "disk of PostgreSQL is full" in it.said("store.unavailable")[0]["reason"]
    finally:
        await postgres.run(f"DROP DATABASE {name} WITH (FORCE)")
        await postgres.run(f"DROP TABLESPACE {space}")


# -- everything on one disk, in a process of its own ---------------------------------------------------------------


class Lines:
    """What a process says on its stderr, which is no file on the disk that is full."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.entries: list[dict[str, Any]] = []
        self._process = process
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self.entries.append(json.loads(line))

    async def ended(self) -> None:
        """Wait until nothing more can be said."""
        await asyncio.to_thread(self._reading.join, 60)

    async def until(self, event: str) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_S):
            while not (found := [entry for entry in self.entries if entry["event"] == event]):
                await asyncio.sleep(0.05)
        return found[0]


async def keep_sending(meta: Platform, number: str, sent: list[Any]) -> None:
    for kind in itertools.cycle(KINDS):
        sent.append(await meta.send(number, kind, customer=len(sent) % 5))
        await asyncio.sleep(0.1)


async def test_a_process_that_may_write_no_further_goes_on_when_it_may(installation: Any) -> None:
    """By a limit of the kernel on the size of any file: no root, and as hard as a full disk."""
    async with Platform(soon()) as meta:
        penstock = installation(meta.graph_url)
        penstock.provision()
        penstock.introduce(meta)
        process = penstock.start(stderr=subprocess.PIPE)
        log = Lines(process)
        await log.until("serve.started")
        sent: list[Any] = []
        sending = asyncio.create_task(keep_sending(meta, penstock.number, sent))
        await log.until("media.attached")
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (512, hard))
        began = await log.until("store.unavailable")
        async with asyncio.timeout(LIMIT_S):
            while not any(one.status == 503 for each in meta.record.deliveries for one in each.attempts):
                await asyncio.sleep(0.05)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        await log.until("store.available_again")
        sending.cancel()
        await meta.drain(LIMIT_S)
        await attached(penstock)
        assert await penstock.stop() == 0
        await log.ended()
        audit = penstock.json("audit", "--deep")
        files = [each for each in sent if each.media is not None]
        assert audit["ok"], audit["problems"]
        assert audit["workspaces"][0]["attached"] == audit["workspaces"][0]["received"] == len(files)
    levels = [entry["event"] for entry in log.entries if entry["level"] in {"warning", "error", "critical"}]
    assert sorted(set(levels)) in (
        ["serve.insecure_upstream", "store.unavailable"],
        ["files.unavailable", "serve.insecure_upstream", "store.unavailable"],  # whichever was to be written first
    )
    assert len(levels) == len(set(levels))
    assert "cannot be written right now" in began["reason"]
