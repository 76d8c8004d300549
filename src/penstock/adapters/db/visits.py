"""Databases that tell what a transaction looks at: for measuring what grows with the rows and what does not.

Every transaction is undone at its end. SQLite counts the steps of its machine, PostgreSQL the rows of its scans and the
pages that it touched. Nothing that serves traffic uses them; called by ``bench``.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw
import asyncpg
import msgspec

from penstock.adapters.db.port import Call, Gives, Row, Script
from penstock.adapters.db.sqlite_connection import BUSY_TIMEOUT_S, open_for_writing
from penstock.adapters.db.sqlite_writer import drive

T = TypeVar("T")

_STEPS = "SQLITE_STMTSTATUS_VM_STEP"


class Visited(msgspec.Struct):
    """What was looked at since it was made."""

    steps: int = 0  # of SQLite's machine
    rows: int = 0  # that PostgreSQL's scans gave or passed over
    pages: int = 0  # of PostgreSQL, in memory or not


class SqliteVisits:
    """A database file, looked at by one connection of its own. It may be open elsewhere."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection | None = None
        self.visited = Visited()

    async def start(self) -> None:
        """Open."""
        self._connection = open_for_writing(self._path, busy_timeout_s=BUSY_TIMEOUT_S, create=False)
        self._connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._count)

    async def stop(self) -> None:
        """Close."""
        if self._connection is not None:
            self._connection.close()

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a transaction, and undo it."""
        assert self._connection is not None
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            return drive(self._connection, script)
        finally:
            self._connection.execute("ROLLBACK")

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """As ``write``."""
        return await self.write(script)

    async def now(self) -> float:
        """Epoch seconds of this machine."""
        return time.time()

    def subscribe(self, channel: str, heard: Callable[[str], None]) -> Callable[[], None]:
        """Nothing is ever committed, so nothing is told."""
        del channel, heard
        return lambda: None

    def _count(self, event: dict[str, Any]) -> None:
        self.visited.steps += event["stmt_status"][_STEPS]


class PostgresVisits:
    """A database on a server, looked at by one connection of its own."""

    dialect = "postgres"

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection | None = None
        self.visited = Visited()

    async def start(self) -> None:
        """Connect."""
        self._connection = await asyncpg.connect(self._dsn, server_settings={"jit": "off"})

    async def stop(self) -> None:
        """Close."""
        if self._connection is not None:
            await self._connection.close()

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a transaction with each statement explained first, and undo it."""
        assert self._connection is not None
        transaction = self._connection.transaction()
        await transaction.start()
        steps = script()
        try:
            call = next(steps)
            while True:
                call = steps.send(await self._run(self._connection, call))
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            await transaction.rollback()

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """As ``write``."""
        return await self.write(script)

    async def now(self) -> float:
        """Epoch seconds of this machine: close enough for a measurement on it."""
        return time.time()

    def subscribe(self, channel: str, heard: Callable[[str], None]) -> Callable[[], None]:
        """As above."""
        del channel, heard
        return lambda: None

    async def _run(self, connection: asyncpg.Connection, call: Call) -> list[Row]:
        async with connection.transaction() as _:
            trial = connection.transaction()
            await trial.start()
            plan = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {call.sql}", *call.args)
            await trial.rollback()
            self._count(json.loads(plan)[0]["Plan"], top=True)
            rows = [tuple(row) for row in await connection.fetch(call.sql, *call.args)]
        return [() for _ in rows] if call.gives is Gives.COUNT else rows

    def _count(self, node: dict[str, Any], *, top: bool = False) -> None:
        if top:
            self.visited.pages += node["Shared Hit Blocks"] + node["Shared Read Blocks"]
        if "Scan" in node["Node Type"] and "Relation Name" in node:
            passed = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            self.visited.rows += round(passed * node["Actual Loops"])
        for child in node.get("Plans", ()):
            self._count(child)
