"""SQLite as a durable store: one writer thread with group commit, a few reading threads.

Scripts that arrive while a commit is being fsynced run together in the next transaction, so one fsync serves them all;
one script's failure undoes only itself. WAL with synchronous=FULL always: a result is only
given out after the commit is on the disk. It is not a pool and not for network file systems. Chosen by ``wiring``;
called through ``port.Database``.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import apsw

from penstock.adapters.db.port import Row, Script
from penstock.core.errors import StoreUnavailable, Unreachable, UnsafeStore

T = TypeVar("T")

OLDEST_SAFE = (3, 51, 3)  # older ones can corrupt a WAL database (the WAL-reset bug)
_BUSY_MS = 5_000  # how long another process's short transaction may keep us waiting
_BATCH = 500  # scripts of one commit at most, so that nobody waits behind an endless transaction
_READERS = 2
_CHECKPOINT_PAGES = 4_000

_NOT_NOW = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
)

_Job = tuple[Callable[[], Script[Any]], "asyncio.Future[Any]"]
_Result = tuple["asyncio.Future[Any]", Any, BaseException | None]


class SqliteDatabase:
    """One database file, opened for writing by one thread of this process."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-read")
        self._local = threading.local()
        self._open_readers: list[apsw.Connection] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._accepting = False

    async def start(self) -> None:
        """Open the file, making it and its folder when they are not there.

        Raises UnsafeStore when this SQLite or this file cannot promise durability, Unreachable when it cannot be opened.
        """
        self._loop = asyncio.get_running_loop()
        connection = await asyncio.to_thread(self._open_for_writing)
        self._accepting = True
        self._thread = threading.Thread(target=self._write_all, args=(connection,), name="sqlite-write")
        self._thread.start()

    async def stop(self) -> None:
        """Commit what is queued, then close. A second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._accepting = False
        self._queue.put(None)
        await asyncio.to_thread(thread.join)
        self._readers.shutdown()
        for connection in self._open_readers:
            connection.close()

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a transaction; returns once it is durable. Raises StoreUnavailable when nothing could be stored."""
        if not self._accepting or self._loop is None:
            raise StoreUnavailable("the database is closed: this process is stopping")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put((script, future))
        return await future

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script on one consistent snapshot."""
        if self._loop is None:
            raise Unreachable("the database is not open")
        return await self._loop.run_in_executor(self._readers, self._read, script)

    async def now(self) -> float:
        """Epoch seconds of this machine: the database is a file on it."""
        return time.time()

    # -- the writer thread ------------------------------------------------------------------

    def _write_all(self, connection: apsw.Connection) -> None:
        """Take what has queued up, commit it, tell those who wait; until the end is queued."""
        ending = False
        while not ending:
            jobs: list[_Job] = []
            job = self._queue.get()
            while True:
                if job is None:
                    ending = True
                    break
                jobs.append(job)
                if len(jobs) >= _BATCH:
                    break
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
            if jobs:
                self._tell(_commit(connection, jobs))
        connection.close()

    def _tell(self, results: list[_Result]) -> None:
        """Hand results to the event loop, unless it is gone already."""
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop closed while we committed: nobody waits any more
            self._loop.call_soon_threadsafe(_resolve, results)

    def _open_for_writing(self) -> apsw.Connection:
        _refuse_unsafe_library()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = apsw.Connection(
                str(self._path),
                flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE,
                statementcachesize=256,
            )
            connection.set_busy_timeout(_BUSY_MS)
            mode = connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "FULL")
            connection.pragma("foreign_keys", True)
            connection.pragma("wal_autocheckpoint", _CHECKPOINT_PAGES)
            connection.pragma("cache_size", -65_536)  # KiB: 64 MiB keeps the hot indexes in memory
        except (apsw.Error, OSError) as error:
            raise Unreachable(f"the database {self._path} cannot be opened: {error}") from error
        if mode != "wal" or connection.pragma("synchronous") != 2:
            raise UnsafeStore(f"{self._path} cannot be used with a write-ahead log here; use a local disk")
        return connection

    # -- the reading threads ----------------------------------------------------------------

    def _read(self, script: Callable[[], Script[T]]) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open_for_reading()
            self._local.connection = connection
        try:
            connection.execute("BEGIN")
            try:
                return _drive(connection, script)
            finally:
                connection.execute("COMMIT")
        except _NOT_NOW as error:
            raise Unreachable(f"the database cannot be read right now: {error}") from error

    def _open_for_reading(self) -> apsw.Connection:
        try:
            connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=256)
        except apsw.Error as error:
            raise Unreachable(f"the database {self._path} cannot be opened: {error}") from error
        connection.set_busy_timeout(_BUSY_MS)
        self._open_readers.append(connection)
        return connection


def _commit(connection: apsw.Connection, jobs: list[_Job]) -> list[_Result]:
    """Run the jobs in one transaction; nobody gets a result before it is durable, nobody one that was undone.

    Nearly always all of them succeed, so they run without savepoints first: a savepoint makes SQLite copy every page
    that it touches, a third of the cost of a webhook. When one fails, all are undone and run again with one each.
    """
    try:
        return _together(connection, jobs, _drive)
    except _NOT_NOW as error:
        return [(future, None, _explained(error)) for _, future in jobs]
    except Exception as error:  # noqa: BLE001 -- whatever it is, those who wait must be told
        if len(jobs) == 1:
            return [(jobs[0][1], None, error)]
    try:
        return _together(connection, jobs, _drive_apart)
    except Exception as error:  # noqa: BLE001 -- as above
        return [(future, None, _explained(error)) for _, future in jobs]


def _together(connection: apsw.Connection, jobs: list[_Job], drive: "_Driver") -> list[_Result]:
    """All jobs in one durable transaction, or none of them."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        results: list[_Result] = []
        for script, future in jobs:
            outcome = drive(connection, script)
            failed = isinstance(outcome, _Undone)
            results.append((future, None, outcome.error) if failed else (future, outcome, None))
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise
    return results


class _Undone(NamedTuple):
    """A job that failed and was undone by itself."""

    error: Exception


_Driver = Callable[[apsw.Connection, Callable[[], Script[Any]]], Any]


def _drive_apart(connection: apsw.Connection, script: Callable[[], Script[Any]]) -> Any:  # noqa: ANN401
    """Run one script in a savepoint of its own, so that its failure undoes nothing else."""
    connection.execute("SAVEPOINT job")
    try:
        result = _drive(connection, script)
    except Exception as error:
        if not connection.in_transaction:
            raise  # a full disk or an I/O error: SQLite has undone everything
        connection.execute("ROLLBACK TO job")
        result = _Undone(error)
    connection.execute("RELEASE job")
    return result


def _drive(connection: apsw.Connection, script: Callable[[], Script[T]]) -> T:
    """Run one script to its end, statement by statement."""
    steps = script()
    rows: list[Row] = []
    try:
        call = next(steps)
        while True:
            if call.many:
                rows = connection.executemany(call.sql, call.args).fetchall()
            else:
                rows = connection.execute(call.sql, call.args).fetchall()
            call = steps.send(rows)
    except StopIteration as end:
        result: T = end.value
        return result


def _resolve(results: list[_Result]) -> None:
    """Runs in the event loop: give each waiter its result or its error."""
    for future, result, error in results:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _explained(error: Exception) -> Exception:
    """A store that cannot write now becomes StoreUnavailable; every other error stays what it is."""
    if isinstance(error, apsw.FullError):
        return StoreUnavailable("the disk of the database is full: free some space; Meta sends again meanwhile")
    if isinstance(error, _NOT_NOW):
        return StoreUnavailable(f"the database cannot be written right now: {error}")
    return error


def _refuse_unsafe_library() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < OLDEST_SAFE:
        raise UnsafeStore(
            f"this SQLite is {apsw.sqlite_lib_version()}; older than {'.'.join(map(str, OLDEST_SAFE))} can corrupt a "
            "write-ahead log. Run `make install` again to get the pinned one."
        )


def pages(connection: apsw.Connection, target: apsw.Connection, *, step: int = 2_000) -> Iterator[tuple[int, int]]:
    """Copy a live database into ``target`` page by page, yielding (left, total); writers may go on meanwhile."""
    with target.backup("main", connection, "main") as backup:
        while not backup.done:
            backup.step(step)
            yield backup.remaining, backup.page_count
