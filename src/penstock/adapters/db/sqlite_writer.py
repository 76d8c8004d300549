"""The one thread that writes to an SQLite file: many scripts to a commit, one fsync for all of them.

What is handed in during a turn of the event loop, or while a commit is being fsynced, goes into one transaction. One
script's failure undoes only itself, and nobody is told anything before it is on the disk. Owned by ``SqliteDatabase``;
everything but the thread itself runs in the event loop.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import apsw

from penstock.adapters.db.port import Call, Gives, Row, Script
from penstock.adapters.db.sqlite_connection import NOT_NOW, explained
from penstock.core.errors import StoreUnavailable

T = TypeVar("T")

_BATCH = 500  # scripts of one commit at most, so that nobody waits behind an endless transaction
_CHECKPOINT_PAGES = 8_000  # of 4 KiB in the write-ahead log, when they are brought into the file
_CHANGED: Row = ()
_NO_ROW: list[Row] = [(None,)]
_ROWS, _COUNT, _ROW = (
    Gives.ROWS,
    Gives.COUNT,
    Gives.ROW,
)  # looking an enum's member up costs as much as a small statement

_AnyScript = Callable[[], Script[Any]]
Job = tuple[_AnyScript, "asyncio.Future[Any]"]
Result = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Writer:
    """Runs scripts in its thread, in the order of their arrival. Made and used in one event loop."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._handed: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._waiting: list[Job] = []
        self._busy = False  # the thread has a batch, or will be given one before this turn of the loop ends
        self._stopping: asyncio.Future[None] | None = None
        self._log_pages = 0
        # A daemon: whoever forgot to stop it waits for nothing any more, and the interpreter can end.
        self._thread = threading.Thread(target=self._run, name="sqlite-write", daemon=True)

    def start(self) -> None:
        """Begin to take scripts."""
        self._thread.start()

    async def flush(self) -> None:
        """Take nothing more, and wait until what was handed in is committed."""
        self._stopping = self._loop.create_future()
        if self._busy or self._waiting:
            await self._stopping

    async def stop(self) -> None:
        """Close the connection and end the thread. ``flush`` first."""
        self._handed.put(None)
        await asyncio.to_thread(self._thread.join)

    def submit(self, script: Callable[[], Script[T]]) -> "asyncio.Future[T]":
        """Hand a script in; the future is done once it is durable. Raises StoreUnavailable when it is too late."""
        if self._stopping is not None:
            raise StoreUnavailable("the database is closed: this process is stopping")
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append((script, future))
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._hand_over)
        return future

    # -- in the event loop ------------------------------------------------------------------

    def _hand_over(self) -> None:
        """Give the thread what is waiting."""
        self._busy = bool(self._waiting)
        if self._busy:
            jobs, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            self._handed.put(jobs)
        elif self._stopping is not None:
            self._stopping.set_result(None)

    def _resolve(self, results: list[Result]) -> None:
        """Give each waiter its result or its error. They run first: what they hand in at once joins the next batch."""
        self._loop.call_soon(self._hand_over)
        for future, result, error in results:
            if future.done():  # nobody waits any more
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    # -- in the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        connection = self._connection
        connection.set_wal_hook(self._logged)
        while (jobs := self._handed.get()) is not None:
            try:
                results = commit(connection, jobs)
            except BaseException as error:  # noqa: BLE001 -- whatever it is, those who wait must be told
                results = _failed(jobs, error)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._resolve, results)
            self._checkpoint()
        connection.close()

    def _logged(self, _connection: apsw.Connection, _schema: str, pages: int) -> int:
        """SQLite calls this after a commit, with the length of the log."""
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Bring a long log into the file, after those who waited were told: it is durable without that."""
        if self._log_pages >= _CHECKPOINT_PAGES:
            self._log_pages = 0
            with contextlib.suppress(apsw.Error):  # somebody reads or writes: the next commit tries again
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)


def commit(connection: apsw.Connection, jobs: list[Job]) -> list[Result]:
    """Run the jobs in one transaction; nobody gets a result before it is durable, nobody one that was undone.

    Nearly always all of them succeed, so they run without savepoints first: a savepoint makes SQLite copy every page
    that it touches, a third of the cost of a webhook. When one fails, all are undone and run again with one each.
    """
    try:
        return _together(connection, jobs, drive)
    except NOT_NOW as error:
        return _failed(jobs, error)
    except BaseException as error:  # noqa: BLE001 -- whatever it is, those who wait must be told
        if len(jobs) == 1:
            return _failed(jobs, error)
    try:
        return _together(connection, jobs, _drive_apart)
    except BaseException as error:  # noqa: BLE001 -- as above
        return _failed(jobs, error)


def drive(connection: apsw.Connection, script: Callable[[], Script[T]]) -> T:
    """Run one script to its end, statement by statement."""
    cursor = connection.cursor()
    execute = cursor.execute
    steps = script()
    try:
        call = next(steps)
        while True:
            sql, args, many, gives = call
            if many:
                rows = _for_each(connection, cursor, call)
            else:
                found = execute(sql, args)
                if gives is _ROWS:
                    rows = found.fetchall()
                elif gives is _COUNT:
                    rows = [_CHANGED] * connection.changes()
                else:
                    rows = [(connection.last_insert_rowid(),)] if connection.changes() else []
            call = steps.send(rows)
    except StopIteration as end:
        result: T = end.value
        return result


def _for_each(connection: apsw.Connection, cursor: apsw.Cursor, call: Call) -> list[Row]:
    """A statement for each of its elements."""
    sql, elements, _, gives = call
    if gives is _ROWS:
        cursor.executemany(sql, elements)
        return []
    execute, changes, row_id = cursor.execute, connection.changes, connection.last_insert_rowid
    rows: list[Row] = []
    if gives is _COUNT:
        for args in elements:
            execute(sql, args)
            rows.append((changes(),))
    elif gives is _ROW:
        for args in elements:
            rows += execute(sql, args).fetchall() or _NO_ROW
    else:
        for args in elements:
            execute(sql, args)
            rows.append((row_id() if changes() else None,))
    return rows


_Driver = Callable[[apsw.Connection, _AnyScript], Any]


class _Undone(NamedTuple):
    """A job that failed and was undone by itself."""

    error: BaseException


def _together(connection: apsw.Connection, jobs: list[Job], driver: _Driver) -> list[Result]:
    """All jobs in one durable transaction, or none of them."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        results: list[Result] = []
        for script, future in jobs:
            outcome = driver(connection, script)
            if isinstance(outcome, _Undone):
                results.append((future, None, explained(outcome.error)))
            else:
                results.append((future, outcome, None))
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise
    return results


def _drive_apart(connection: apsw.Connection, script: _AnyScript) -> Any:
    """Run one script in a savepoint of its own, so that its failure undoes nothing else."""
    connection.execute("SAVEPOINT job")
    try:
        result = drive(connection, script)
    except BaseException as error:
        if not connection.in_transaction:
            raise  # a full disk or an I/O error: SQLite has undone everything
        connection.execute("ROLLBACK TO job")
        result = _Undone(error)
    connection.execute("RELEASE job")
    return result


def _failed(jobs: list[Job], error: BaseException) -> list[Result]:
    """Everybody is told, each by an exception of its own: several tasks must not share a traceback."""
    return [(future, None, explained(error)) for _, future in jobs]
