"""The machine is examined without changing it: what would lose data fails, what will hurt some day is warned of."""

import asyncio
import os
import resource
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import pytest

from penstock.cli import machine_checks
from penstock.cli.finding import Finding
from penstock.settings import FolderUrl, Settings, SqliteUrl


class Usage(NamedTuple):
    """How full a disk is."""

    total: int
    used: int
    free: int


GIB = 1024**3


def examine(check: Any, settings: Settings | None = None) -> list[Finding]:
    found: list[Finding] = asyncio.run(check(settings or Settings()))
    return found


def test_this_machine_can_run_what_is_installed() -> None:
    found = examine(machine_checks.python) + examine(machine_checks.libraries)

    assert [(each.name, each.state) for each in found] == [
        ("python", "ok"),
        ("sqlite", "ok"),
        ("aiohttp", "ok"),
        ("uvloop", "ok"),
    ]


def test_an_sqlite_that_can_corrupt_its_log_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.40.1")
    (sqlite, *_) = examine(machine_checks.libraries)

    assert sqlite.state == "fail"
    assert "3.40.1" in sqlite.found


@pytest.mark.parametrize(
    ("versions", "states"),
    [
        ({"aiohttp": "3.14.1", "uvloop": "0.23.0"}, ["fail", "ok"]),
        ({"aiohttp": "3.14.5", "uvloop": "0.22.1"}, ["ok", "fail"]),
        ({"aiohttp": "4.0.0a1", "uvloop": "1.0"}, ["ok", "ok"]),
        ({"aiohttp": "3.14.5"}, ["ok", "fail"]),
    ],
)
def test_a_library_that_loses_files_fails(
    versions: dict[str, str], states: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(metadata, "version", version)

    assert [each.state for each in examine(machine_checks.libraries)[1:]] == states


@pytest.mark.parametrize(
    ("soft", "state"), [(1_024, "ok"), (256, "warn"), (511, "warn"), (512, "ok"), (resource.RLIM_INFINITY, "ok")]
)
def test_too_few_descriptors_for_the_downloads_are_warned_of(
    soft: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))

    assert [each.state for each in examine(machine_checks.descriptors, Settings(fetch_concurrency=64))] == [state]


@pytest.mark.parametrize(("now", "state"), [(0.0, "fail"), (1_795_000_000.0, "ok"), (9_999_999_999.0, "fail")])
def test_a_clock_that_cannot_be_right_fails(now: float, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: now)

    assert [each.state for each in examine(machine_checks.clock)] == [state]


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (100 * 1024**2, 100 * GIB, "fail"),
        (GIB, 3 * GIB, "warn"),
        (4 * GIB, 100 * GIB, "warn"),
        (50 * GIB, 100 * GIB, "ok"),
    ],
)
def test_a_disk_that_fills_is_told_of_in_time(
    free: int, total: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total, total - free, free))

    found = examine(machine_checks.room)
    assert [each.state for each in found] == [state]
    assert bool(found[0].advice) == (state != "ok")


def test_two_disks_are_looked_at_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(database_url=SqliteUrl(tmp_path / "a/p.db"), blobs_url=FolderUrl(Path("/dev/shm/blobs")))
    if Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is no disk of its own here")

    assert [each.name for each in examine(machine_checks.room, settings)] == [
        "disk of the database",
        "disk of the files",
    ]


def test_a_disk_without_inodes_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * GIB, 50 * GIB, 50 * GIB))
    real = os.statvfs("/")
    few = os.statvfs_result((*real[:5], 1_000_000, 500, 500, *real[8:]))
    monkeypatch.setattr(os, "statvfs", lambda _: few)
    (found,) = examine(machine_checks.room)

    assert found.state == "warn"
    assert "inodes" in found.found


def test_what_is_not_there_yet_is_judged_by_the_folder_above_it(tmp_path: Path) -> None:
    assert machine_checks.nearest(tmp_path / "a/b/c") == tmp_path
    assert machine_checks.nearest(tmp_path) == tmp_path


async def test_an_address_that_answers_is_reached_without_a_request() -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        (found,) = await machine_checks.reach(Settings(graph_url=f"http://127.0.0.1:{port}"))
        while not heard:
            await asyncio.sleep(0.01)

    assert found.state == "ok"
    assert heard == [b""]


async def test_an_address_that_nobody_listens_on_fails(port: int) -> None:
    (found,) = await machine_checks.reach(Settings(graph_url=f"http://127.0.0.1:{port}"))

    assert found.state == "fail"
    assert "cannot be reached" in found.found


async def test_an_address_without_a_certificate_fails() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        (found,) = await machine_checks.reach(Settings(graph_url=f"https://127.0.0.1:{port}"))

    assert found.state == "fail"
