"""The secret key: the one that a setting names, or the one in a file beside the database, made at the first start.

A key is made only where there is no database yet: beside one, a missing key means that it was lost, and a new one would
open nothing. Called by ``wiring``.
"""

import contextlib
import os
import secrets
from pathlib import Path

from penstock.core.errors import Unreachable, WrongUse
from penstock.settings.model import Settings

_KEY_BYTES = 32


def secret_keys(settings: Settings, *, nothing_sealed: bool = False) -> tuple[str, ...]:
    """The keys that secrets are sealed with, the first of which seals.

    ``nothing_sealed`` says that the database, if there is one, was looked into and is empty.

    Raises WrongUse when the key is lost or its file is empty, Unreachable when it can be neither read nor made.
    """
    if settings.secret_key:
        return settings.secret_key
    path = settings.key_file
    try:
        if not path.exists():
            if not nothing_sealed:
                _refuse_lost(path, settings.database_file or path)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make(path)
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unreachable(f"the secret key {path} cannot be read or made: {error}") from error
    if not text:
        raise WrongUse(f"the secret key {path} is empty: put the key back, or remove the file if nothing is stored yet")
    return tuple(key.strip() for key in text.split(","))


def _refuse_lost(path: Path, database: Path) -> None:
    if database.exists() and database.stat().st_size:
        raise WrongUse(
            f"the database {database} is there, but its secret key {path} is not: put the key back, or set "
            "PENSTOCK_SECRET_KEY; without it the tokens and app secrets in the database cannot be opened"
        )


def _make(path: Path) -> None:
    """Make the key file, complete from the first moment on, whoever else is making it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, secrets.token_urlsafe(_KEY_BYTES).encode() + b"\n")
        os.fsync(fd)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.close(fd)
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
