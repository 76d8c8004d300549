"""Both ends of a move are examined before the first row: running, locked with another key, too old, somebody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from penstock.core.errors import Conflict, NewerSchema, PenstockError, Unreachable, WrongUse
from penstock.ledger.moving import Standing
from penstock.settings import Bind, FolderUrl, PostgresUrl, Settings, SqliteUrl
from penstock.wiring.instance import Instance
from penstock.wiring.moving import Ends, open_move
from penstock.wiring.stores import open_ledger


def settings(folder: Path) -> Settings:
    return Settings(
        database_url=SqliteUrl(folder / "penstock.db"),
        blobs_url=FolderUrl(folder / "blobs"),
        bind=Bind("127.0.0.1", 0),
    )


@pytest.fixture
async def source(tmp_path: Path) -> Settings:
    """A stopped installation with a secret in it."""
    told = settings(tmp_path)
    async with open_ledger(told, create=True) as ledger:
        await ledger.provisioning.add_credential("token-a", token="EAAGtokenA", now=1.0)
    return told


@asynccontextmanager
async def opened(told: Settings, url: str) -> AsyncIterator[Ends]:
    assert isinstance(told.database_url, SqliteUrl)
    async with open_move(told, told.database_url, PostgresUrl(url)) as ends:
        yield ends


async def refused(told: Settings, url: str, kind: type[PenstockError]) -> str:
    with pytest.raises(kind) as caught:
        async with opened(told, url):
            pass
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_both_ends_are_open_and_the_source_is_locked_meanwhile(source: Settings, postgres_url: str) -> None:
    async with opened(source, postgres_url) as ends:
        assert await ends.move.begin() is Standing.NEW
        with pytest.raises(Conflict, match="is locked"):
            await Instance(source).start()
        assert "is being moved already" in await refused(source, postgres_url, Conflict)
    instance = Instance(source)
    await instance.start()
    await instance.stop()


async def test_no_instance_starts_on_a_target_before_the_move_has_ended(source: Settings, postgres_url: str) -> None:
    there = replace(source, database_url=PostgresUrl(postgres_url), secret_key=("a key",))
    async with opened(source, postgres_url) as ends:
        await ends.move.begin()
        with pytest.raises(Unreachable, match="the target of a move that has not ended"):
            await Instance(there).start()


async def test_a_running_source_is_refused(source: Settings, postgres_url: str) -> None:
    instance = Instance(source)
    await instance.start()
    try:
        assert "is running" in await refused(source, postgres_url, Conflict)
    finally:
        await instance.stop()


async def test_a_source_that_is_not_there_is_not_made(tmp_path: Path, postgres_url: str) -> None:
    assert "there is no database" in await refused(settings(tmp_path), postgres_url, Unreachable)
    assert list(tmp_path.iterdir()) == []


async def test_the_key_must_open_what_comes_along_sealed(source: Settings, postgres_url: str, tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("another key\n")
    assert "does not open what is stored" in await refused(source, postgres_url, WrongUse)
    (tmp_path / "secret.key").unlink()
    assert "secret key" in await refused(source, postgres_url, WrongUse)


async def test_a_source_of_another_release_is_refused(source: Settings, postgres_url: str, tmp_path: Path) -> None:
    file = apsw.Connection(str(tmp_path / "penstock.db"))
    file.execute("INSERT INTO migrations VALUES (9999, 'of_tomorrow', 1.0)")
    assert "newer Penstock" in await refused(source, postgres_url, NewerSchema)
    file.execute("DELETE FROM migrations WHERE number > 1")
    assert "run `penstock migrate`" in await refused(source, postgres_url, Unreachable)
    file.close()


async def test_a_file_of_something_else_is_no_source(tmp_path: Path, postgres_url: str) -> None:
    file = apsw.Connection(str(tmp_path / "penstock.db"))
    file.execute("CREATE TABLE songs (id INTEGER PRIMARY KEY)")
    file.close()
    (tmp_path / "secret.key").write_text("a key\n")
    assert "no database of Penstock's" in await refused(settings(tmp_path), postgres_url, WrongUse)


async def test_a_target_that_holds_something_else_is_left_alone(source: Settings, postgres: Any) -> None:
    url = await postgres.new()
    await postgres.run("CREATE TABLE songs (id integer)", url=url)

    assert "holds something else than Penstock" in await refused(source, url, WrongUse)
    await postgres.run("DROP TABLE songs", url=url)


async def test_an_empty_target_is_brought_up(source: Settings, postgres: Any) -> None:
    async with opened(source, await postgres.new()) as ends:
        assert await ends.move.begin() is Standing.NEW


async def test_a_target_that_is_not_there_is_unreachable(source: Settings, postgres: Any) -> None:
    said = await refused(source, postgres.server.url("nobody_made_this"), Unreachable)
    assert said.startswith("the target cannot be used: PostgreSQL has no database of this name")


async def test_what_somebody_was_fetching_waits_again(source: Settings, postgres_url: str, tmp_path: Path) -> None:
    file = apsw.Connection(str(tmp_path / "penstock.db"))
    file.execute(
        "INSERT INTO fetches VALUES (1, 1, 1, 'image', 'taken', 0, 0, 0, 0, 3, 'host:1', 9e9, NULL, NULL, NULL, NULL)"
    )
    async with opened(source, postgres_url):
        pass
    assert file.execute("SELECT turn, owner, fence FROM fetches").fetchall() == [("ready", None, 3)]
    file.close()
