"""A file is opened in the one mode in which a commit is on the disk, or not at all."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from penstock.adapters.db.sqlite_connection import (
    explained,
    open_for_reading,
    open_for_writing,
    refuse_unsafe_library,
)
from penstock.core.errors import NotFound, StoreUnavailable, Unreachable, UnsafeStore


def opened(path: Path, *, create: bool = True) -> apsw.Connection:
    return open_for_writing(path, busy_timeout_s=1.0, create=create)


def test_a_commit_is_on_the_disk_before_it_is_done(path: Path) -> None:
    connection = opened(path)

    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("mmap_size") in (None, 0)
    assert connection.pragma("foreign_keys") == 1
    connection.close()


def test_nobody_else_may_read_what_is_made(path: Path) -> None:
    opened(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nothing_is_made_that_was_not_to_be_made(path: Path) -> None:
    with pytest.raises(Unreachable, match="no database"):
        opened(path, create=False)
    assert not path.parent.exists()


def test_several_may_open_a_new_file_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        connections = list(pool.map(lambda _: opened(path), range(8)))

    assert {connection.pragma("journal_mode") for connection in connections} == {"wal"}
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    "content", [b"this is a text, and a long one at that. " * 50, b"SQLite format 3\0garbage" * 99]
)
def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)

    with pytest.raises(Unreachable, match=r"notes\.txt") as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        opened(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable):
        opened(tmp_path / "file" / "penstock.db")


def test_a_place_without_a_write_ahead_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnsafeStore):
        opened(Path(":memory:"))


def test_a_reader_needs_a_file(path: Path) -> None:
    with pytest.raises(Unreachable):
        open_for_reading(path, busy_timeout_s=0.1)


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.0"])
def test_a_library_that_can_corrupt_the_log_is_refused(version: str) -> None:
    with pytest.raises(UnsafeStore, match=version):
        refuse_unsafe_library(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.60.0", "4.0.0"])
def test_a_safe_library_is_taken(version: str) -> None:
    refuse_unsafe_library(version)


def test_the_library_that_is_installed_is_safe() -> None:
    refuse_unsafe_library(apsw.sqlite_lib_version())


@pytest.mark.parametrize(
    "error",
    [
        apsw.FullError("database or disk is full"),
        apsw.BusyError("locked"),
        apsw.ReadOnlyError("read-only"),
        apsw.IOError("disk I/O error"),
        apsw.CorruptError("malformed"),
        apsw.NoMemError("out of memory"),
    ],
)
def test_a_store_that_cannot_write_is_told_as_such(error: Exception) -> None:
    told = explained(error)

    assert isinstance(told, StoreUnavailable)
    assert "\n" not in str(told)


def test_other_errors_stay_what_they_are() -> None:
    for error in (NotFound("no"), apsw.ConstraintError("UNIQUE"), ValueError("no")):
        assert explained(error) is error


def test_what_no_future_can_carry_is_told_as_something_else() -> None:
    for error in (StopIteration(), KeyboardInterrupt(), SystemExit(1)):
        told = explained(error)
        assert isinstance(told, RuntimeError)
        assert type(error).__name__ in str(told)
