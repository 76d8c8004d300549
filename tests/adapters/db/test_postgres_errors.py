"""What helps against an error of PostgreSQL's, and how it is told."""

import asyncpg
import pytest

from penstock.adapters.db.postgres_errors import Cure, cure, told


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        (asyncpg.DeadlockDetectedError("x"), Cure.AGAIN),
        (asyncpg.SerializationError("x"), Cure.AGAIN),
        (asyncpg.UniqueViolationError("x"), Cure.AGAIN),
        (ConnectionResetError(104, "reset"), Cure.RECONNECT),
        (TimeoutError(), Cure.RECONNECT),
        (asyncpg.AdminShutdownError("x"), Cure.RECONNECT),
        (asyncpg.CannotConnectNowError("x"), Cure.RECONNECT),
        (asyncpg.ReadOnlySQLTransactionError("x"), Cure.RECONNECT),
        (asyncpg.InterfaceError("connection is closed"), Cure.RECONNECT),
        (asyncpg.QueryCanceledError("x"), Cure.WAIT),
        (asyncpg.DiskFullError("x"), Cure.WAIT),
        (asyncpg.InvalidPasswordError("x"), Cure.WAIT),
        (asyncpg.DataError("value out of range"), Cure.NONE),
        (LookupError("x"), Cure.NONE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value.value,
)
def test_every_error_has_its_cure(error: BaseException, helps: Cure) -> None:
    assert cure(error) is helps


def test_every_error_is_told_in_one_line_that_says_what_to_do() -> None:
    for error in (
        asyncpg.DiskFullError("could not extend file\nHINT: free"),
        asyncpg.ReadOnlySQLTransactionError("x"),
        asyncpg.TooManyConnectionsError("x"),
        asyncpg.InvalidPasswordError("password authentication failed for user me"),
        ConnectionRefusedError(111, "Connection refused"),
        asyncpg.InternalServerError("first\nsecond"),
    ):
        assert "\n" not in told(error)
        assert "PostgreSQL" in told(error)
    assert "full" in told(asyncpg.DiskFullError("x"))
    assert "Connection refused" in told(ConnectionRefusedError(111, "Connection refused"))
