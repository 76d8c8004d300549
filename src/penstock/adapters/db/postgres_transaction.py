"""One run of a script on a connection to PostgreSQL: from its BEGIN to its COMMIT, statement by statement.

What is to be done about an error is decided by ``postgres``, which alone calls this.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from penstock.adapters.db.port import Call, Gives, Row, Script
from penstock.adapters.db.postgres_pool import Connection

T = TypeVar("T")

READ_ONLY = "READ ONLY"  # the end of a BEGIN

_ROWS = Gives.ROWS
_BROKEN = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InternalClientError,
)


class Unsure(Exception):  # noqa: N818 -- not an error of its own: its cause is
    """The commit was sent, and what became of it is not known."""

    def __str__(self) -> str:
        """In one line."""
        return "the connection to PostgreSQL broke while it was committing, so nobody knows whether it did"


class Several(Exception):  # noqa: N818 -- as above
    """A reading script wants more than one statement."""


async def run(connection: Connection, begin: str | None, script: Callable[[], Script[T]], *, clean: bool) -> T:
    """A script from its start to its commit."""
    if begin is None:
        return await _drive(connection, script, clean=clean, only_one=True)
    await connection.execute(begin)
    result = await _drive(connection, script, clean=clean)
    try:
        ended = await connection.execute("COMMIT")
    except _BROKEN as error:
        if begin.endswith(READ_ONLY):
            raise  # nothing can have come of it: it may be run again
        raise Unsure from error
    if ended != "COMMIT":  # the server had given the transaction up
        raise asyncpg.SerializationError("the transaction was rolled back instead")
    return result


async def _drive(
    connection: Connection, script: Callable[[], Script[T]], *, clean: bool = False, only_one: bool = False
) -> T:
    """Run a script statement by statement."""
    steps = script()
    try:
        call = next(steps)
        while True:
            rows = await _answer(connection, _cleaned(call) if clean else call)
            call = steps.send(rows)
            if only_one:
                raise Several
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


async def _answer(connection: Connection, call: Call) -> list[Row]:
    """One statement, or one for each of many, sent without waiting in between."""
    sql, args, many, gives = call
    if many:
        if not args:
            return []
        if gives is _ROWS:
            await connection.executemany(sql, args)
            return []
        return [tuple(row) for row in await connection.fetchmany(sql, args)]
    if not args and ";" in sql:
        await connection.execute(sql)
        return []
    return [tuple(row) for row in await connection.fetch(sql, *args)]


def _cleaned(call: Call) -> Call:
    """The same without NULs, which PostgreSQL's texts cannot hold."""
    if call.many:
        return call._replace(args=[_without_nul(args) for args in call.args])
    return call._replace(args=_without_nul(call.args))


def _without_nul(args: Sequence[Any]) -> tuple[Any, ...]:
    """Of values, or of columns of values."""
    return tuple(_clean(arg) for arg in args)


def _clean(arg: Any) -> Any:
    if isinstance(arg, str):
        return arg.replace("\0", "")
    return _without_nul(arg) if isinstance(arg, tuple) else arg
