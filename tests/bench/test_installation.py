"""An installation for one round: made new, filled the way files come, removed without a trace."""

from pathlib import Path

import pytest

from penstock.bench import bodies, installation
from penstock.core.errors import Unreachable


def test_a_folder_is_removed_whatever_happens(tmp_path: Path) -> None:
    def fail() -> None:
        with installation.own_folder(tmp_path / "a") as folder:
            (folder / "file").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_stays_with_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "somebody's").touch()
    with installation.own_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["somebody's"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable, match="--folder"), installation.own_folder(tmp_path / "file"):
        pass


async def test_a_backlog_waits_without_a_url_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    settings = installation.settings(tmp_path)
    async with installation.provisioned(settings) as ledger:
        await installation.fill(ledger, items=3, sha256=bytes(32))
        await installation.fill(ledger, first=3, items=2, sha256=bytes(32))
        claims = await ledger.queue.claim(owner="test", limit=10, now=await ledger.now(), lease_s=60)
    assert sorted(claim.media_id for claim in claims) == [bodies.media_id(number) for number in range(5)]
    assert all(claim.url is None for claim in claims)


async def test_a_backlog_that_is_not_taken_is_told_of(tmp_path: Path) -> None:
    async with installation.provisioned(installation.settings(tmp_path)) as ledger:
        await installation.fill(ledger, items=1, sha256=bytes(32))
        with pytest.raises(Unreachable, match="not taken"):
            await installation.fill(ledger, items=1, sha256=bytes(32))  # the same message again brings no file
