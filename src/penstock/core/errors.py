"""Errors that are meant for people: what happened, whose fault, what to do.

Every error that may reach a person is one of these; foreign exceptions are turned into them at the adapters. Each says
its fault (``ours``, ``theirs``, ``yours``), whether trying again can help, and the exit code of a command that ends
with it. They are not for control flow. Raised by every room, shown by ``cli`` and ``web``.
"""


class PenstockError(Exception):
    """Something that a person must know. The message is one line and carries no secret and no phone number."""

    fault = "ours"
    retryable = False
    exit_code = 1


class WrongUse(PenstockError):
    """The caller asked for something that cannot be: a malformed argument, setting or file."""

    fault = "yours"
    exit_code = 2


class NotFound(PenstockError):
    """The named thing does not exist (or is not visible to the caller)."""

    fault = "yours"
    exit_code = 1


class Conflict(PenstockError):
    """The name is taken, or the thing is still in use."""

    fault = "yours"
    exit_code = 1


class Unreachable(PenstockError):
    """The database, the folder or the upstream that is needed cannot be reached right now."""

    fault = "theirs"
    retryable = True
    exit_code = 3


class StoreUnavailable(Unreachable):
    """The store cannot take a write right now: disk full, locked, read-only. Nothing was acknowledged."""


class NewerSchema(PenstockError):
    """The database was written by a newer Penstock. Run that version, or restore a backup of this one."""

    fault = "yours"
    exit_code = 3


class UnsafeStore(PenstockError):
    """The store on this machine cannot promise durability (old SQLite, no WAL, fsync off)."""

    fault = "yours"
    exit_code = 3
