"""Connections to PostgreSQL: so many at most, made when needed, made again with patience after a failover.

Whoever takes one has it alone, and gives it back or drops it. While the server is away, those who wait share the
pauses between two attempts, and after a while nobody waits any more: a webhook is then refused at once, to be sent
again. It runs no statement of the ledger's. Used by ``postgres``.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import asyncpg

from penstock.adapters.db.postgres_errors import Cure, cure, told
from penstock.core.errors import PenstockError, StoreUnavailable

Connection: TypeAlias = asyncpg.Connection

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
_CLOSE_WITHIN_S = 2.0


class Pool:
    """So many connections at most. ``connect`` makes one."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, size: int, patience_s: float) -> None:
        self._connect = connect
        self._size = size
        self._patience_s = patience_s
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._pause_s = 0.0
        self._again_at = 0.0
        self._away_since: float | None = None
        self._closed = False
        self.in_use = 0

    @property
    def idle(self) -> int:
        """How many are open and nobody's."""
        return len(self._idle)

    async def take(self) -> Connection:
        """A connection of one's own, ``give`` or ``drop`` it. Raises StoreUnavailable when none can be had in time."""
        until = _now() + self._patience_s
        try:
            async with asyncio.timeout_at(until):
                await self._free.acquire()
        except TimeoutError:
            raise StoreUnavailable(
                self._why() or f"all {self._size} connections to PostgreSQL have been busy for {self._patience_s:.0f} s"
            ) from None
        try:
            connection = self._idle_one() or await self._new(until)
        except BaseException:
            self._free.release()
            raise
        self.in_use += 1
        return connection

    def give(self, connection: Connection) -> None:
        """Put a connection back that is in no transaction."""
        if self._closed or connection.is_closed():
            connection.terminate()
        else:
            self._idle.append(connection)
        self._release()

    def drop(self, connection: Connection, *, others: bool = False) -> None:
        """Throw a connection away; with ``others`` the idle ones, too: what broke this one broke them."""
        connection.terminate()
        if others:
            for each in self._idle:
                each.terminate()
            self._idle.clear()
        self._release()

    async def close(self) -> None:
        """Close what is idle, and whatever is given back from now on."""
        self._closed = True
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.close(timeout=_CLOSE_WITHIN_S)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    def _release(self) -> None:
        self.in_use -= 1
        self._free.release()

    def _idle_one(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()  # the one that was used last: its caches are warm, and the others may rest
            if not connection.is_closed():
                return connection
        return None

    async def _new(self, until: float) -> Connection:
        while True:
            if self._closed:
                raise StoreUnavailable("the database is closed: this process is stopping")
            await self._wait_for_turn(until)
            try:
                connection = await self._connect()
            except PenstockError:
                raise
            except Exception as error:
                if cure(error) is Cure.NONE:
                    raise
                self._failed(error)
                # A wrong password does not mend itself, but somebody may: it is told at once, and asked again later.
                if _now() >= until or cure(error) is Cure.WAIT:
                    raise StoreUnavailable(self._last) from error
            else:
                self._away_since, self._pause_s, self._again_at = None, 0.0, 0.0
                return connection

    async def _wait_for_turn(self, until: float) -> None:
        """Keep the pause between two attempts; those who come while the server has been away for long do not wait."""
        left_s = self._again_at - _now()
        if left_s <= 0:
            return
        why = self._why()
        if why is not None and _now() + left_s > until:
            raise StoreUnavailable(why)
        if why is not None and self._away_since is not None and _now() - self._away_since > self._patience_s:
            raise StoreUnavailable(why)
        await asyncio.sleep(left_s)

    def _failed(self, error: BaseException) -> None:
        self._last = told(error)
        self._away_since = self._away_since or _now()
        self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2 or _FIRST_PAUSE_S)
        self._again_at = _now() + self._pause_s * random.uniform(0.7, 1.0)  # noqa: S311 -- spreads attempts, no secret

    def _why(self) -> str | None:
        return self._last if self._away_since is not None else None


def _now() -> float:
    return asyncio.get_running_loop().time()
