"""A command opens what is there, beside a running instance, and makes nothing that it was not asked to make."""

from pathlib import Path

import pytest

from penstock.core.errors import Unreachable
from penstock.settings import Bind, FolderUrl, Settings, SqliteUrl
from penstock.wiring.instance import Instance
from penstock.wiring.stores import open_ledger


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
