"""The copying behind ``penstock backup``: one consistent directory out of an installation that goes on running.

The database comes first, as of one moment; then the bytes of every file that this copy says is attached. Attached files
never change, so a hard link is a copy where the file system allows one. Everything is fsynced and compared before the
directory gets its name. For the embedded profile only. Used by ``cli.backup``.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from penstock.adapters.db.port import Call, Row
from penstock.adapters.db.sqlite import pages
from penstock.core import blobkey
from penstock.core.errors import StoreUnavailable, Unreachable
from penstock.ledger import statements

DATABASE, BLOBS, KEY, HEAD = "penstock.db", "blobs", "secret.key", "audit-log-head.json"

_PAGE = 1_000  # rows read at once
_BUSY_MS = 5_000
_NAMED = 5  # missing files that are named one by one

Tell = Callable[[str, int, int], None]  # what is copied, how much is done, of how much


@dataclass
class Copied:
    """What a backup holds."""

    database_bytes: int = 0
    files: int = 0
    file_bytes: int = 0
    linked: int = 0  # part of files
    problems: list[str] = field(default_factory=list)
    entries: int = 0  # of the audit log
    head: str | None = None  # its digest in hex; None in a database of a release that kept no such log


def copy(database: Path, blobs: Path | None, target: Path, *, key: Path | None, tell: Tell) -> Copied:
    """Copy an installation into the new directory ``target``, durably. Raises Unreachable or OSError.

    A file whose bytes are missing or of another size is reported in ``problems``; the rest is copied all the same.
    Without a folder of files only the database is copied.
    """
    copied = Copied()
    target.mkdir(mode=0o700)
    snapshot = target / DATABASE
    _copy_database(database, snapshot, tell)
    copied.database_bytes = snapshot.stat().st_size
    _note_head(snapshot, target / HEAD, copied)
    if blobs is not None:
        (target / BLOBS).mkdir(mode=0o700)
        _copy_files(snapshot, blobs, target / BLOBS, copied, tell)
        fsync(target / BLOBS)
    if key is not None:
        _copy_bytes(key, target / KEY)
    fsync(target)
    return copied


def fsync(path: Path) -> None:
    """Make a file's bytes or a folder's entries durable."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _copy_database(source: Path, target: Path, tell: Tell) -> None:
    try:
        with _opened(source, apsw.SQLITE_OPEN_READONLY) as live, _opened(target) as copy:
            # One reading transaction all the way: otherwise every commit of the running instance would start us again.
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master").fetchall()
            copy.pragma("synchronous", "OFF")  # the whole file is fsynced below
            for left, of in pages(live, copy):
                tell("pages of the database", of - left, of)
            live.execute("COMMIT")
            copy.pragma("journal_mode", "DELETE")  # one file, without a write-ahead log beside it
            (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchall()[0]
    except (apsw.FullError, apsw.IOError) as error:
        raise StoreUnavailable(f"the copy of the database cannot be written: {error}") from error
    except apsw.Error as error:
        raise Unreachable(f"the database {source} cannot be copied: {error}") from error
    if verdict != "ok":
        raise Unreachable(f"the copy of the database is not sound, so no backup was made: {str(verdict)[:200]}")
    target.chmod(0o600)
    fsync(target)


def _note_head(snapshot: Path, target: Path, copied: Copied) -> None:
    """Put the head of the audit log beside the copy, so that one that is rewritten afterwards shows."""
    sql = statements.load("sqlite")
    with _opened(snapshot, apsw.SQLITE_OPEN_READONLY) as rows:
        if ("audit_head",) not in _rows(rows, sql("list_tables")):
            return
        found = _rows(rows, sql("get_audit_head"))
    if not found:
        copied.problems.append("the head of the audit log is gone: `penstock audit` says more")
        return
    copied.entries, copied.head = int(found[0][0]), bytes(found[0][1]).hex()
    with open(target, "x", encoding="ascii", opener=_private) as written:
        json.dump({"entries": copied.entries, "head": copied.head}, written)
        written.write("\n")
        written.flush()
        os.fsync(written.fileno())


def _copy_files(snapshot: Path, blobs: Path, target: Path, copied: Copied, tell: Tell) -> None:
    """Bring over the bytes of every attached file, and compare their sizes with the rows."""
    folders: set[Path] = set()
    with _opened(snapshot, apsw.SQLITE_OPEN_READONLY) as rows:
        of = _count(rows)
        for media_row, size in _attached(rows):
            name = blobkey.key(media_row)
            folder = (target / name).parent
            if folder not in folders:
                folder.mkdir(mode=0o700)
                folders.add(folder)
            _copy_file(blobs / name, target / name, size, copied)
            tell("files", copied.files + len(copied.problems), of)
    for folder in folders:
        fsync(folder)
    if len(copied.problems) > _NAMED:
        copied.problems[_NAMED:] = [f"and {len(copied.problems) - _NAMED} more like these"]


def _copy_file(source: Path, target: Path, size: int, copied: Copied) -> None:
    linked = True
    try:
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:  # another file system, or one without hard links
            linked = False
            _copy_bytes(source, target)
    except FileNotFoundError:
        copied.problems.append(f"the bytes of {source.name} are missing")
        return
    if (found := target.stat().st_size) != size:
        copied.problems.append(f"{source.name} has {found} bytes instead of {size}")
        return
    copied.files += 1
    copied.file_bytes += size
    copied.linked += linked


def _copy_bytes(source: Path, target: Path) -> None:
    with source.open("rb") as read, open(target, "xb", opener=_private) as written:
        shutil.copyfileobj(read, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _rows(connection: apsw.Connection, call: Call) -> list[Row]:
    return connection.execute(call.sql, call.args).fetchall()


def _attached(rows: apsw.Connection) -> Iterator[tuple[int, int]]:
    """(media row, size in bytes) of every attached file, by the ledger's own statement."""
    sql = statements.load("sqlite")
    after = 0
    while True:
        page = _rows(rows, sql("list_attached", after=after, limit=_PAGE))
        for media_row, _, size, _ in page:
            yield int(media_row), int(size)
            after = int(media_row)
        if len(page) < _PAGE:
            return


def _count(rows: apsw.Connection) -> int:
    return sum(int(row[4]) for row in _rows(rows, statements.load("sqlite")("tally")))


@contextlib.contextmanager
def _opened(path: Path, flags: int = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(_BUSY_MS)
    try:
        yield connection
    finally:
        connection.close()
