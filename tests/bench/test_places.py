"""Where windows keep their ledgers: empty each time, and gone afterwards, on either store."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from penstock.bench import places
from penstock.bench.places import opened


def test_a_place_on_sqlite_is_a_folder(tmp_path: Path) -> None:
    with opened("sqlite", tmp_path) as there:
        with there.new("a") as place:
            assert place.told() == {"folder": str(tmp_path / "a"), "database_url": None}
            assert place.folder.is_dir()
        assert there.server_cpu_s() == 0.0
        assert there.facts() == {}
    assert list(tmp_path.iterdir()) == []


async def test_a_place_on_postgresql_is_a_database_of_its_own(tmp_path: Path, postgres: Any) -> None:
    del postgres  # it skips where there is no PostgreSQL
    with opened("postgres", tmp_path) as there:
        for name in ("a", "b"):
            with there.new(name) as place:
                assert place.database_url is not None
                connection = await asyncpg.connect(place.database_url)
                assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
                await connection.execute("CREATE TABLE left_behind (x int)")
                connection.terminate()
        assert there.server_cpu_s() > 0
        assert there.facts()["server"]["version"][:2].isdigit()
    assert list(tmp_path.iterdir()) == []


def test_the_server_is_on_the_measured_disk_when_its_user_can_get_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "closed" / "folder"
    inner.mkdir(parents=True)
    monkeypatch.setattr("os.geteuid", lambda: 1_000)
    assert places._for_server(inner) == inner
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (tmp_path / "closed").chmod(0o700)
    assert places._for_server(inner) is None
