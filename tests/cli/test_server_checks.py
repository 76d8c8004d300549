"""What doctor says of a PostgreSQL server."""

from pathlib import Path
from typing import Any

from penstock.adapters.db.postgres import Standing
from penstock.cli import instance_checks, server_checks
from penstock.settings import FolderUrl, PostgresUrl, Settings
from penstock.wiring.stores import open_ledger

SOUND = Standing(180004, "on", "on", "on", is_standby=False, read_only="off")
KEY = "a key of the tests that is long enough to be one"


def told(url: str) -> Settings:
    return Settings(database_url=PostgresUrl(url), secret_key=(KEY,), blobs_url=FolderUrl(Path("blobs")))


def test_a_sound_server_is_told_in_one_line() -> None:
    (finding,) = server_checks.said(SOUND)

    assert (finding.state, finding.found) == ("ok", "18.4, fsync on, synchronous_commit on")


def test_what_makes_commits_less_durable_is_told() -> None:
    found = server_checks.said(SOUND._replace(synchronous_commit="off", full_page_writes="off"))

    assert [finding.state for finding in found] == ["ok", "warn", "warn"]


def test_a_clock_that_differs_is_told() -> None:
    assert server_checks.clocks(1_000.0, 1_002.0) == []
    (finding,) = server_checks.clocks(1_000.0, 1_300.0)
    assert (finding.state, finding.name) == ("warn", "clock")


async def test_a_server_that_is_not_there_fails() -> None:
    (finding,) = await server_checks.server(told("postgresql://me:topsecret@127.0.0.1:1/db"))

    assert finding.state == "fail"
    assert "topsecret" not in repr(finding)


async def test_the_whole_of_it_on_a_real_server(postgres: Any) -> None:
    settings = told(await postgres.new())
    before = await instance_checks.database(settings)
    async with open_ledger(settings, create=True):
        pass
    after = await instance_checks.database(settings)

    assert [finding.name for finding in before] == ["postgresql", "schema"]
    assert before[-1].state == "warn"
    assert {finding.state for finding in after} <= {"ok", "warn"}
    assert "durable write" in {finding.name for finding in after}
