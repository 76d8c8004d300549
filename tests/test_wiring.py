"""Everything starts in an order that works, stops in the reverse, and leaves nothing behind when it cannot start."""

import asyncio
import os
from pathlib import Path

import pytest

from penstock.core.errors import Conflict, Unreachable, WrongUse
from penstock.settings import Bind, FolderUrl, Settings, SqliteUrl
from penstock.wiring import Instance, open_ledger, secret_keys


def settings(folder: Path, **more: object) -> Settings:
    return Settings(
        database_url=SqliteUrl(folder / "penstock.db"),
        blobs_url=FolderUrl(folder / "blobs"),
        bind=Bind("127.0.0.1", 0),
        **more,  # type: ignore[arg-type]
    )


async def test_an_instance_starts_on_nothing_and_starts_again_on_what_it_left(tmp_path: Path) -> None:
    for applied_something in (True, False):
        instance = Instance(settings(tmp_path))
        assert bool(await instance.start()) is applied_something
        await instance.stop()


async def test_two_instances_do_not_share_one_database(tmp_path: Path) -> None:
    first = Instance(settings(tmp_path))
    await first.start()
    second = Instance(settings(tmp_path))
    with pytest.raises(Conflict, match="another process runs this installation"):
        await second.start()
    await first.stop()
    await second.start()
    await second.stop()


async def test_a_start_that_fails_half_way_gives_everything_back(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    broken = Instance(settings(tmp_path))
    with pytest.raises(Unreachable, match="the folder for files"):
        await broken.start()
    (tmp_path / "blobs").unlink()
    whole = Instance(settings(tmp_path))
    await whole.start()
    await whole.stop()


async def test_a_command_works_beside_a_running_instance(tmp_path: Path) -> None:
    instance = Instance(settings(tmp_path))
    await instance.start()
    async with open_ledger(settings(tmp_path)) as beside:
        await beside.provisioning.add_workspace("acme", now=await beside.now())
    assert [each["name"] for each in await instance.ledger.provisioning.workspaces()] == ["acme"]
    await instance.stop()


async def test_a_command_that_only_reads_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="there is no database"):
        async with open_ledger(settings(tmp_path)):
            pass
    assert not (tmp_path / "penstock.db").exists()


def test_the_secret_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = secret_keys(settings(tmp_path))
    assert secret_keys(settings(tmp_path)) == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["secret.key"]


async def test_processes_that_start_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    keys = await asyncio.gather(*(asyncio.to_thread(secret_keys, settings(tmp_path)) for _ in range(16)))
    assert len(set(keys)) == 1


def test_a_key_of_the_settings_is_used_and_none_is_made(tmp_path: Path) -> None:
    assert secret_keys(settings(tmp_path, secret_key=("new", "old"))) == ("new", "old")
    assert not (tmp_path / "secret.key").exists()


def test_an_empty_key_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(WrongUse, match="is empty"):
        secret_keys(settings(tmp_path))
