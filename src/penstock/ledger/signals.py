"""Signals: a word from process to process that something has changed, so that nobody need look all the time.

It says what to look at and nothing else, and it may be lost; whoever hears it reads the ledger, and reads it now and
then without being told. On PostgreSQL it is LISTEN and NOTIFY; on SQLite nobody is told. Told by the stores here and by
``flow``; heard by what ``wiring`` connects.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable

from penstock.adapters.db.port import Call, Database, Script
from penstock.core.errors import PenstockError
from penstock.ledger.statements import Statements

WORK = "penstock_work"  # there is something new to fetch
GATES = "penstock_gates"  # a gate was set or taken away
RECIPES = "penstock_recipes"  # another recipe is in use, or a rollout was changed
TRACES = "penstock_traces"  # a trace was put on, or is over
_EVERY_S = 0.05  # commits that tell wait for each other, so what happens by the hundred is told at most so often


def told(sql: Statements, channel: str) -> Call:
    """Tell everybody when the transaction is committed, this process included: a statement of its script."""
    return sql("tell", channel=channel, payload="")


class Signals:
    """Tells and hears, for one process."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql
        self._me = secrets.token_hex(8)
        self._due: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def soon(self, channel: str) -> None:
        """Tell the other processes, at once unless that was done a moment ago. For what is committed already."""
        if self._db.dialect == "sqlite":
            return
        self._due.add(channel)
        if self._task is None:
            self._task = asyncio.create_task(self._tell(), name="signals")

    def subscribe(self, channel: str, heard: Callable[[], None]) -> Callable[[], None]:
        """Call ``heard`` when somebody else tells, or may have told; what is given back ends that."""

        def unless_mine(payload: str) -> None:
            if payload != self._me:
                heard()

        return self._db.subscribe(channel, unless_mine)

    async def stop(self) -> None:
        """Tell nothing more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _tell(self) -> None:
        try:
            while self._due:
                channels, self._due = self._due, set()
                with contextlib.suppress(PenstockError):  # then they look by themselves
                    await self._db.write(lambda channels=channels: self._script(channels))  # type: ignore[misc]
                await asyncio.sleep(_EVERY_S)
        finally:
            self._task = None

    def _script(self, channels: set[str]) -> Script[None]:
        for channel in sorted(channels):
            yield self._sql("tell", channel=channel, payload=self._me)
