"""PostgreSQL as a durable store: each script is a transaction on a connection of its own.

Writing is READ COMMITTED: every statement sees what was committed before it, so the ledger's scripts lock what they
decide by. Two transactions that get in each other's way are run again from their start, and so is one whose connection
broke before its commit was sent. When it breaks while the commit is under way nobody knows, and the caller is told that
it is not stored: everything that is written may be written twice. Chosen by ``wiring``; called through
``port.Database``.
"""

import asyncio
from collections.abc import Callable
from types import CodeType
from typing import NamedTuple, TypeVar

import asyncpg

from penstock.adapters.db.port import Call, Script
from penstock.adapters.db.postgres_clock import Clock
from penstock.adapters.db.postgres_errors import Cure, cure, told
from penstock.adapters.db.postgres_listen import Listener
from penstock.adapters.db.postgres_pool import Connection, Pool
from penstock.adapters.db.postgres_transaction import READ_ONLY, Several, Unsure, run
from penstock.core.errors import StoreUnavailable, Unreachable, UnsafeStore

__all__ = ["OLDEST", "PostgresDatabase", "Standing"]

T = TypeVar("T")

OLDEST = 15  # the oldest version that the statements were tried on
CONNECTIONS = 8
_PATIENCE_S = 5.0  # how long a transaction waits for a server that is away; Meta waits longer
_CONNECT_S = 3.0
_STATEMENT_S = 30.0
_LOCK_S = 5.0
_IDLE_S = 5.0  # an open transaction of a process that hangs holds others up no longer
_TRIES = 20  # of a script that others get in the way of
_PAUSE_S = 0.005

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_BEGIN_READING = f"BEGIN ISOLATION LEVEL REPEATABLE READ {READ_ONLY}"
_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"
_STANDING = """SELECT current_setting('server_version_num')::int, current_setting('fsync'),
  current_setting('synchronous_commit'), current_setting('full_page_writes'), pg_is_in_recovery(),
  current_setting('transaction_read_only')"""


class Standing(NamedTuple):
    """What a server says of itself."""

    version: int  # 150004 is 15.4
    fsync: str
    synchronous_commit: str
    full_page_writes: str
    is_standby: bool
    read_only: str


class PostgresDatabase:
    """One database of a PostgreSQL server, or of a primary and its standbys. For one start and one stop."""

    dialect = "postgres"

    def __init__(
        self,
        dsn: str,
        *,
        connections: int = CONNECTIONS,
        patience_s: float = _PATIENCE_S,
        statement_timeout_s: float = _STATEMENT_S,
    ) -> None:
        self._dsn = dsn
        self._statement_timeout_s = statement_timeout_s
        self._patience_s = patience_s
        self._connections = connections
        self._pool: Pool | None = None
        self._clock = Clock(self._ask_time)
        self._listener = Listener(self._connect)
        self._several: set[CodeType] = set()  # reading scripts of more than one statement, by their code
        self._standing: Standing | None = None

    async def start(self) -> None:
        """Connect. Raises UnsafeStore when this server cannot promise durability, Unreachable when it is not there."""
        self._pool = Pool(self._connect, size=self._connections, patience_s=self._patience_s)
        try:
            self._pool.give(await self._pool.take())
        except StoreUnavailable as error:
            raise Unreachable(str(error)) from error
        except (ValueError, asyncpg.ClientConfigurationError) as error:
            raise Unreachable("PENSTOCK_DATABASE_URL is not one that PostgreSQL's client understands") from error

    async def stop(self) -> None:
        """Close every connection. What is under way ends first, or with an error. A second call does nothing."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await self._listener.stop()
            await self._clock.stop()
            await pool.close()

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run one transaction; returns when it is durable. Raises StoreUnavailable when it cannot be."""
        return await self._tried(_BEGIN, script)

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script on one consistent snapshot.

        A script of one statement needs no transaction for that. Which ones those are is learnt: a script that wants a
        second statement is begun again, in a transaction, and from then on at once.
        """
        code = getattr(script, "__code__", None)
        if code is None or code in self._several:
            return await self._tried(_BEGIN_READING, script)
        try:
            return await self._tried(None, script)
        except Several:
            self._several.add(code)
            return await self._tried(_BEGIN_READING, script)

    async def now(self) -> float:
        """The database's clock, epoch seconds, as of a second ago at most and carried on from there."""
        return await self._clock.now()

    def subscribe(self, channel: str, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call ``heard`` with what is told on a channel. It takes one connection more, for all channels together."""
        return self._listener.subscribe(channel, heard)

    @property
    def connections(self) -> tuple[int, int, int] | None:
        """How many connections there may be, how many are in use and how many are idle; None while it is closed."""
        return None if self._pool is None else (self._connections, self._pool.in_use, self._pool.idle)

    @property
    def standing(self) -> Standing:
        """What the server said of itself at the last connection that was made to it."""
        if self._standing is None:
            raise Unreachable("the database is not open")
        return self._standing

    # -- one transaction --------------------------------------------------------------------

    async def _tried(self, begin: str | None, script: Callable[[], Script[T]]) -> T:
        """Run a script until it is done, or until it is clear that it cannot be now."""
        effort = _Effort(self._patience_s)
        while True:
            pool = self._pool
            if pool is None:
                raise StoreUnavailable("the database is not open, or this process is stopping")
            connection = await pool.take()
            try:
                result = await run(connection, begin, script, clean=effort.clean)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the connection must be put away first
                await _put_away(pool, connection, error)
                await effort.after(error)
            except BaseException:
                pool.drop(connection)  # cancelled in the middle of something
                raise
            else:
                pool.give(connection)
                return result

    async def _ask_time(self) -> float:
        def script() -> Script[float]:
            rows = yield Call(_CLOCK)
            return float(rows[0][0])

        return await self._tried(None, script)

    async def _connect(self) -> Connection:
        connection: Connection = await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT_S,
            command_timeout=self._statement_timeout_s + _LOCK_S,  # for a server that is gone without a word
            statement_cache_size=512,
            max_cached_statement_lifetime=0,
            **({} if "target_session_attrs" in self._dsn else {"target_session_attrs": "read-write"}),
            server_settings={
                "application_name": "penstock",
                "statement_timeout": _milliseconds(self._statement_timeout_s),
                "lock_timeout": _milliseconds(min(_LOCK_S, self._statement_timeout_s)),
                "idle_in_transaction_session_timeout": _milliseconds(_IDLE_S),
                "jit": "off",  # short statements: compiling them costs more than running them
            },
        )
        try:
            standing = Standing(*(await connection.fetchrow(_STANDING) or ()))
            _refuse_unsafe(standing)
            if standing.synchronous_commit == "off":
                await connection.execute("SET synchronous_commit = on")
        except BaseException:
            connection.terminate()
            raise
        self._standing = standing
        return connection


class _Effort:
    """How often a script was tried, and whether trying again makes sense."""

    def __init__(self, patience_s: float) -> None:
        self._until = _now() + patience_s
        self._tries = 0
        self.clean = False  # texts are to be sent without NULs, for which PostgreSQL has no place

    async def after(self, error: Exception) -> None:
        """Wait as long as makes sense after an error. Raises what is to be told when trying again makes none."""
        if isinstance(error, Unsure):
            raise StoreUnavailable(str(error)) from error.__cause__
        if isinstance(error, asyncpg.CharacterNotInRepertoireError) and not self.clean:
            self.clean = True
            return
        helps = cure(error)
        late = _now() >= self._until
        if helps is Cure.NONE:
            raise error
        if helps is Cure.WAIT or (helps is Cure.RECONNECT and late):
            raise StoreUnavailable(told(error)) from error
        if helps is Cure.AGAIN:
            self._tries += 1
            if self._tries >= _TRIES or late:
                if isinstance(error, asyncpg.IntegrityConstraintViolationError):
                    raise error  # nobody was quicker: the script itself is wrong
                raise StoreUnavailable(told(error)) from error
            await asyncio.sleep(_PAUSE_S * self._tries)


async def _put_away(pool: Pool, connection: Connection, error: Exception) -> None:
    """Undo what a script did, and give its connection back if it is still good."""
    if isinstance(error, Unsure) or cure(error) is Cure.RECONNECT:
        pool.drop(connection, others=True)
        return
    try:
        if connection.is_in_transaction():
            await connection.execute("ROLLBACK")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pool.drop(connection)
    except BaseException:
        pool.drop(connection)
        raise
    else:
        pool.give(connection)


def _refuse_unsafe(standing: Standing) -> None:
    """Raise UnsafeStore for a server whose commits may be lost, or that is too old."""
    if standing.version < OLDEST * 10_000:
        raise UnsafeStore(f"PostgreSQL {standing.version // 10_000} is too old: Penstock needs {OLDEST} or later")
    if standing.fsync != "on":
        raise UnsafeStore("PostgreSQL runs with fsync off, so a commit may be lost: set fsync = on and restart it")


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _now() -> float:
    return asyncio.get_running_loop().time()
