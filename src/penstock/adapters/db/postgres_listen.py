"""Listens on channels of PostgreSQL by one connection of its own, and connects again by itself.

A word that is lost while the connection is away, or that a pooler in between swallows, is no harm: whoever listens also
looks by itself, only later. After every connecting all are told to look, for something may have been said meanwhile.
It tells nothing (that is a statement of the ledger's) and connects only once somebody listens. Used by ``postgres``.
"""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable

import asyncpg

from penstock.adapters.db.postgres_pool import Connection
from penstock.core.errors import PenstockError

Heard = Callable[[str], None]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_LOOK_S = 10.0  # how often the connection is tried: a server that is gone without a word says nothing
_ANSWER_S = 5.0
_WELL = "SELECT NOT pg_is_in_recovery()"  # a primary that has become a standby says nothing any more
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, PenstockError)


class Listener:
    """The channels that this process listens on. ``connect`` makes a connection to a server that takes writes."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, look_s: float = _LOOK_S) -> None:
        self._connect = connect
        self._look_s = look_s
        self._heard: defaultdict[str, list[Heard]] = defaultdict(list)
        self._changed = asyncio.Event()  # there is another channel, or the connection was lost
        self._connection: Connection | None = None  # kept here: one that nobody refers to is collected, and silent
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, channel: str, heard: Heard) -> Callable[[], None]:
        """Call ``heard`` with what is said on a channel, and with "" whenever something may have been missed.

        What is given back ends that.
        """
        self._heard[channel].append(heard)
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name="listening to PostgreSQL")
        return lambda: self._forget(channel, heard)

    async def stop(self) -> None:
        """Hear nothing more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _forget(self, channel: str, heard: Heard) -> None:
        with contextlib.suppress(ValueError):
            self._heard[channel].remove(heard)

    async def _keep(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                self._connection = await self._connect()
                pause_s = _FIRST_PAUSE_S
                await self._listen(self._connection)
            except _AWAY:  # the statements of this process meet the same, and tell it
                pass
            finally:
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.0))  # noqa: S311 -- spreads attempts, no secret
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    async def _listen(self, connection: Connection) -> None:
        """Listen until the connection is of no use any more."""
        connection.add_termination_listener(lambda _: self._changed.set())
        there: set[str] = set()
        while not connection.is_closed():
            self._changed.clear()
            for channel in self._heard.keys() - there:
                await connection.add_listener(channel, self._said)
                there.add(channel)
                self._tell(channel, "")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._look_s)
                continue
            if not await connection.fetchval(_WELL, timeout=_ANSWER_S):
                return

    def _said(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        self._tell(channel, str(payload))

    def _tell(self, channel: str, payload: str) -> None:
        for heard in tuple(self._heard[channel]):
            heard(payload)
