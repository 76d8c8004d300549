"""A command opens what is there, beside a running instance, and makes nothing that it was not asked to make."""

from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.blobs.s3 import S3Blobs
from penstock.core.errors import Unreachable
from penstock.settings import AwsAccess, Bind, FolderUrl, S3Url, Settings, SqliteUrl
from penstock.wiring.instance import Instance
from penstock.wiring.stores import open_blobs, open_ledger


def settings(folder: Path, **more: object) -> Settings:
    return Settings(
        database_url=SqliteUrl(folder / "penstock.db"),
        blobs_url=FolderUrl(folder / "blobs"),
        bind=Bind("127.0.0.1", 0),
        **more,  # type: ignore[arg-type]
    )


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


def in_bucket(folder: Path, server: Any, *, key_id: str | None = None) -> Settings:
    access = AwsAccess(endpoint=server.url, key_id=key_id or server.key_id, secret=server.secret)
    return Settings(
        database_url=SqliteUrl(folder / "penstock.db"),
        blobs_url=S3Url(server.bucket(), "pen/stock", access),
        bind=Bind("127.0.0.1", 0),
    )


async def test_files_are_kept_where_the_url_says(tmp_path: Path, rclone: Any) -> None:
    assert isinstance(open_blobs(settings(tmp_path)), DiskBlobs)
    blobs = open_blobs(in_bucket(tmp_path, rclone))
    assert isinstance(blobs, S3Blobs)
    async with blobs.upload("00000000/0000000000000007") as upload:
        await upload.write(b"a file")
        await upload.commit()
    assert await blobs.size("00000000/0000000000000007") == 6


async def test_an_instance_runs_on_a_bucket(tmp_path: Path, rclone: Any) -> None:
    instance = Instance(in_bucket(tmp_path, rclone))
    await instance.start()
    await instance.stop()


async def test_a_bucket_that_refuses_stops_the_start_in_one_line(tmp_path: Path, rclone: Any) -> None:
    instance = Instance(in_bucket(tmp_path, rclone, key_id="SOMEBODYELSE1234"))
    with pytest.raises(
        Unreachable, match=r"^s3://\S+/pen/stock cannot be used: the bucket \S+ refuses a file: Inv\w+$"
    ):
        await instance.start()
