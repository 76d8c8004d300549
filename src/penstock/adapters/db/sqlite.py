"""SQLite as a durable store: one writer thread with group commit, a few reading threads.

A result is only given out after its commit is on the disk. Other processes may read and write the same file by short
transactions of their own. It is not a pool and not for network file systems. Chosen by ``wiring``; called through
``port.Database``.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from penstock.adapters.db.port import Script
from penstock.adapters.db.sqlite_connection import (
    BUSY_TIMEOUT_S,
    DAMAGED,
    NOT_NOW,
    OLDEST_SAFE,
    open_for_reading,
    open_for_writing,
)
from penstock.adapters.db.sqlite_writer import Writer, drive
from penstock.core.errors import StoreUnavailable, Unreachable

__all__ = ["OLDEST_SAFE", "SqliteDatabase", "pages"]

T = TypeVar("T")

_READERS = 2


class SqliteDatabase:
    """One database file, opened for writing by one thread of this process. For one start and one stop."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, create: bool = True) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._create = create
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-read")
        self._local = threading.local()
        self._open_readers: list[apsw.Connection] = []
        self._writer: Writer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Open the file; with ``create``, it and its folder are made when they are not there.

        Raises UnsafeStore when this SQLite or this file cannot promise durability, Unreachable when it cannot open.
        """
        connection = await asyncio.to_thread(
            open_for_writing, self._path, busy_timeout_s=self._busy_timeout_s, create=self._create
        )
        self._loop = asyncio.get_running_loop()
        self._writer = Writer(connection)
        self._writer.start()

    async def stop(self) -> None:
        """Commit what is queued, then close. A second call does nothing."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        await writer.flush()
        self._loop = None
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._open_readers:
            connection.close()
        await writer.stop()  # the last to close: SQLite brings the log into the file then

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a transaction; returns once it is durable. Raises StoreUnavailable when nothing could be stored."""
        if self._writer is None:
            raise StoreUnavailable("the database is not open, or this process is stopping")
        return await self._writer.submit(script)

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script on one consistent snapshot."""
        if self._loop is None:
            raise Unreachable("the database is not open, or this process is stopping")
        return await self._loop.run_in_executor(self._readers, self._read, script)

    async def now(self) -> float:
        """Epoch seconds of this machine: the database is a file on it."""
        return time.time()

    def subscribe(self, channel: str, heard: Callable[[str], None]) -> Callable[[], None]:
        """Nobody tells: a file has no way to call those who have it open."""
        del channel, heard
        return lambda: None

    def _read(self, script: Callable[[], Script[T]]) -> T:
        """In a reading thread, each of which has a connection of its own."""
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = open_for_reading(self._path, busy_timeout_s=self._busy_timeout_s)
            self._open_readers.append(connection)
            self._local.connection = connection
        try:
            connection.execute("BEGIN")
            try:
                return drive(connection, script)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except NOT_NOW as error:
            raise Unreachable(f"the database cannot be read right now: {error}") from error
        except DAMAGED as error:
            raise Unreachable(f"the database file is damaged: {error}; restore a backup") from error


def pages(connection: apsw.Connection, target: apsw.Connection, *, step: int = 2_000) -> Iterator[tuple[int, int]]:
    """Copy a live database into ``target`` page by page, yielding (left, total); writers may go on meanwhile.

    The caller holds a reading transaction on ``connection``; without one, every commit of a writer starts it anew.
    """
    with target.backup("main", connection, "main") as backup:
        while not backup.done:
            backup.step(step)
            yield backup.remaining, backup.page_count
