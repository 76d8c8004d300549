"""Everything starts in an order that works, stops in the reverse, and leaves nothing behind when it cannot start."""

from pathlib import Path

import pytest

from penstock.core.errors import Conflict, Unreachable
from penstock.settings import Bind, FolderUrl, Settings, SqliteUrl
from penstock.wiring.instance import Instance


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
