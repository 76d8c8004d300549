"""One process at a time: a lock beside the database file that dies with its holder.

It guards ``serve`` against a second ``serve``; commands work beside it without it. Used by ``wiring``.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from penstock.core.errors import Conflict, Unreachable


class InstanceLock:
    """Held while an instance runs. Entering raises Conflict when somebody else holds it, Unreachable when it cannot."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._fd: int | None = None

    def __enter__(self) -> Self:
        """Take the lock."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unreachable(f"the lock {self._path} cannot be made: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            raise Conflict(
                f"another process runs this installation already ({self._path} is locked): stop it first, "
                "or give this one another PENSTOCK_DATABASE_URL"
            ) from error
        self._fd = fd
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
