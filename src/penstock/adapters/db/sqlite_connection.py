"""Connections to an SQLite file that can promise durability, and SQLite's errors in our words.

WAL with synchronous=FULL always; an SQLite that can corrupt a write-ahead log, or a place where there can be none, is
refused. It runs no statements of the ledger's. Used by ``sqlite`` and its writer.
"""

import contextlib
import os
import time
from pathlib import Path

import apsw

from penstock.core.errors import StoreUnavailable, Unreachable, UnsafeStore

OLDEST_SAFE = (3, 51, 3)  # older ones can corrupt a WAL database (the WAL-reset bug)
BUSY_TIMEOUT_S = 5.0  # how long another process's short transaction may keep us waiting
_WRITER_CACHE_KIB = 65_536  # keeps the hot ends of the indexes in memory
_READER_CACHE_KIB = 8_192
_STATEMENTS = 256  # prepared ones that a connection keeps
_AGAIN_S = 0.02
_FULL = 2

# The store cannot take this now; nothing is wrong with what it was asked.
NOT_NOW = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.ProtocolError,
    apsw.PermissionsError,
    apsw.NoMemError,
    apsw.InterruptError,
)
DAMAGED = (apsw.CorruptError, apsw.NotADBError)


def open_for_writing(path: Path, *, busy_timeout_s: float, create: bool) -> apsw.Connection:
    """The one connection that writes. Raises UnsafeStore or Unreachable."""
    refuse_unsafe_library(apsw.sqlite_lib_version())
    try:
        if create:
            _make(path)
        elif not path.exists():
            raise Unreachable(f"there is no database at {path}")
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=_STATEMENTS)
    except (apsw.Error, OSError) as error:
        raise Unreachable(f"the database {path} cannot be opened: {error}") from error
    try:
        _make_durable(connection, path, busy_timeout_s)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, *, busy_timeout_s: float) -> apsw.Connection:
    """A connection that cannot write. Raises Unreachable."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=_STATEMENTS)
        connection.set_busy_timeout(_milliseconds(busy_timeout_s))
        connection.pragma("cache_size", -_READER_CACHE_KIB)
    except apsw.Error as error:
        raise Unreachable(f"the database {path} cannot be opened: {error}") from error
    return connection


def refuse_unsafe_library(version: str) -> None:
    """Raise UnsafeStore for an SQLite version that can corrupt a write-ahead log."""
    if tuple(int(part) for part in version.split(".")) < OLDEST_SAFE:
        raise UnsafeStore(
            f"this SQLite is {version}; older than {'.'.join(map(str, OLDEST_SAFE))} can corrupt a "
            "write-ahead log. Run `make install` again to get the pinned one."
        )


def explained(error: BaseException) -> Exception:
    """What is told of an error: StoreUnavailable when the store cannot write now, else the error itself."""
    if isinstance(error, apsw.FullError):
        return StoreUnavailable("the disk of the database is full: free some space; Meta sends again meanwhile")
    if isinstance(error, NOT_NOW):
        return StoreUnavailable(f"the database cannot be written right now: {error}")
    if isinstance(error, DAMAGED):
        return StoreUnavailable(f"the database file is damaged: {error}; restore a backup")
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"a transaction ended with {type(error).__name__}")  # no future may carry these


def _make(path: Path) -> None:
    """Make the file and its folder unless they are there, readable by nobody else, and their names durable."""
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        for folder in (path.parent, *(each.parent for each in missing)):
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


def _make_durable(connection: apsw.Connection, path: Path, busy_timeout_s: float) -> None:
    """Bring a connection into the one mode in which a commit is on the disk."""
    try:
        connection.set_busy_timeout(_milliseconds(busy_timeout_s))
        mode = _into_wal(connection, busy_timeout_s)
        connection.pragma("synchronous", "FULL")
        connection.pragma("fullfsync", True)  # where fsync alone does not reach the disk (macOS)
        connection.pragma("foreign_keys", True)
        connection.pragma("secure_delete", True)  # what is erased is overwritten in the file, not only let go
        connection.pragma("cache_size", -_WRITER_CACHE_KIB)
    except apsw.Error as error:
        raise Unreachable(f"the database {path} cannot be opened: {error}") from error
    if connection.readonly("main"):
        raise Unreachable(f"the database {path} is read-only for this process")
    if mode != "wal" or connection.pragma("synchronous") != _FULL:
        raise UnsafeStore(f"{path} cannot be used with a write-ahead log here; use a local disk")


def _into_wal(connection: apsw.Connection, patience_s: float) -> object:
    """Several processes that start on a new file may be in each other's way; SQLite does not wait by itself here."""
    until = time.monotonic() + patience_s
    while True:
        try:
            return connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if time.monotonic() > until:
                raise
            time.sleep(_AGAIN_S)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
