"""The secret key is made once, for its owner only, and never in place of one that was lost."""

import asyncio
import os
from pathlib import Path

import pytest

from penstock.core.errors import WrongUse
from penstock.settings import Settings, SqliteUrl
from penstock.settings.key_file import secret_keys


def settings(folder: Path, *keys: str) -> Settings:
    return Settings(database_url=SqliteUrl(folder / "penstock.db"), secret_key=keys)


def test_the_secret_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = secret_keys(settings(tmp_path))
    assert secret_keys(settings(tmp_path)) == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["secret.key"]


async def test_processes_that_start_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    keys = await asyncio.gather(*(asyncio.to_thread(secret_keys, settings(tmp_path)) for _ in range(16)))
    assert len(set(keys)) == 1


def test_a_key_of_the_settings_is_used_and_none_is_made(tmp_path: Path) -> None:
    assert secret_keys(settings(tmp_path, "new", "old")) == ("new", "old")
    assert not (tmp_path / "secret.key").exists()


def test_an_empty_key_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(WrongUse, match="is empty"):
        secret_keys(settings(tmp_path))


def test_a_lost_key_beside_a_database_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "penstock.db").write_bytes(b"a database")
    with pytest.raises(WrongUse, match="put the key back"):
        secret_keys(settings(tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["penstock.db"]
