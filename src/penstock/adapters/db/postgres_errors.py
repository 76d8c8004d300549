"""PostgreSQL's errors in our words, and what may be done about each: try again, connect again, or tell.

No message names a password or a value. Used by ``postgres`` and its pool.
"""

from enum import Enum

import asyncpg

_ASK = "Penstock goes on by itself once that is mended"


class Cure(Enum):
    """What helps against an error."""

    AGAIN = "again"  # two transactions were in each other's way: the script is run again
    RECONNECT = "reconnect"  # the connection is of no use any more, or leads to a server that takes no writes
    WAIT = "wait"  # the server cannot do it now: whoever asked is told
    NONE = "none"  # a mistake of ours, or what the script itself raised


_AGAIN = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # somebody else was quicker; the script sees it when it looks again
    asyncpg.ForeignKeyViolationError,  # likewise
    asyncpg.DuplicateTableError,
    asyncpg.LockNotAvailableError,
)
_RECONNECT = (
    OSError,  # refused, reset, timed out, no such host
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, crashed, starting up
    asyncpg.ReadOnlySQLTransactionError,  # it was the primary until just now
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidCachedStatementError,  # the schema has changed under this connection
    asyncpg.TooManyConnectionsError,
    asyncpg.TargetServerAttributeNotMatched,
    asyncpg.InternalClientError,  # it was interrupted in the middle of something
)
_WAIT = (
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresIOError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,  # a schema was taken away, or belongs to another release
)


# The first that fits is said.
_TOLD: tuple[tuple[type[BaseException], str], ...] = (
    (asyncpg.DiskFullError, "the disk of PostgreSQL is full: free some space; {ask}"),
    (asyncpg.ReadOnlySQLTransactionError, "PostgreSQL takes no writes: it is a standby, or set read-only; {ask}"),
    (asyncpg.TargetServerAttributeNotMatched, "PostgreSQL takes no writes: it is a standby, or set read-only; {ask}"),
    (asyncpg.QueryCanceledError, "PostgreSQL stopped a statement that took too long: look at its load and its locks"),
    (asyncpg.LockNotAvailableError, "PostgreSQL could not get a lock in time: somebody holds a transaction open"),
    (
        asyncpg.TooManyConnectionsError,
        "PostgreSQL has no connection left: raise its max_connections, or lower PENSTOCK_DATABASE_CONNECTIONS",
    ),
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        "PostgreSQL does not let this user in: check the user and the password of PENSTOCK_DATABASE_URL",
    ),
    (
        asyncpg.InvalidCatalogNameError,
        "PostgreSQL has no database of this name: make it (`createdb`), or correct PENSTOCK_DATABASE_URL",
    ),
    (asyncpg.InsufficientPrivilegeError, "PostgreSQL does not permit that to this user: {reason}"),
    (TimeoutError, "PostgreSQL does not answer in time; {ask}"),
    (OSError, "PostgreSQL cannot be reached: {reason}; {ask}"),
)


def cure(error: BaseException) -> Cure:
    """What helps against an error that came out of a transaction."""
    if isinstance(error, asyncpg.QueryCanceledError):  # also an intervention, but the connection is as good as before
        return Cure.WAIT
    if isinstance(error, _AGAIN):
        return Cure.AGAIN
    if isinstance(error, _WAIT):
        return Cure.WAIT
    if isinstance(error, _RECONNECT) or _is_closed(error):
        return Cure.RECONNECT
    return Cure.NONE


def told(error: BaseException) -> str:
    """One line that says what is the matter, and what to do."""
    for kind, line in _TOLD:
        if isinstance(error, kind):
            return line.format(reason=_reason(error), ask=_ASK)
    return f"PostgreSQL cannot do it right now: {_reason(error)}"


def _is_closed(error: BaseException) -> bool:
    """The client library's own word for a connection that went away between two statements."""
    return isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError) and "clos" in str(error)


def _reason(error: BaseException) -> str:
    system = error.strerror if isinstance(error, OSError) else None
    return system or (str(error).splitlines() or [type(error).__name__])[0][:200]
