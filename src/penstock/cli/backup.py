"""``penstock backup``: a consistent copy of an installation, made while it runs.

A backup is a directory that settings can point at as it is; files that are in a bucket stay there. It gets its name
only when everything in it is durable and has been compared; until then it is called PATH.partial. The secret key stays
out unless it is asked for: whoever has both can read Meta's tokens. The head of the audit log is told and lies beside
the copy, so that it can be compared afterwards (`penstock audit --head`). The copying is ``cli.copying``'s.
"""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import arguments, session, showing, words
from penstock.cli.commands import Command
from penstock.core.errors import Unreachable, WrongUse

if TYPE_CHECKING:
    from penstock.cli.copying import Copied
    from penstock.settings import Settings


@click.command(cls=Command)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--with-key", is_flag=True, help="Copy the secret key, too: then the backup alone opens what it holds.")
@arguments.as_json
def backup(path: Path, with_key: bool, json_: bool) -> int:
    """Copy a running embedded instance into the new directory PATH: database and attached files, consistently."""
    settings = session.settings()
    partial = _free(path, settings)
    key = _key(settings) if with_key else None
    began = time.monotonic()
    copied = _copy(settings, partial, key)
    partial.rename(path)
    _fsync(path.absolute().parent)
    bucket = str(settings.blobs_url) if settings.blobs_folder is None else None
    if json_:
        showing.as_json(
            {**_facts(path, copied, with_key=with_key, took_s=time.monotonic() - began), "files_stay_in": bucket}
        )
    else:
        _show(path, copied, bucket)
    if not with_key:
        where = "PENSTOCK_SECRET_KEY" if settings.secret_key else str(settings.key_file)
        showing.note(
            f"The secret key ({where}) is not in it: keep it apart, the backup's tokens do not open without it."
        )
    return 1 if copied.problems else 0


def _free(path: Path, settings: "Settings") -> Path:
    """The name that the backup has while it is made. Raises WrongUse, or Unreachable without a database."""
    source, blobs = _file(settings), settings.blobs_folder
    if not source.exists():
        raise Unreachable(f"there is no database at {source}: set PENSTOCK_DATABASE_URL, or start `penstock serve`")
    if path.exists() or path.is_symlink():
        raise WrongUse(f"{str(path)!r} is there already: a backup is never written over anything")
    if not path.absolute().parent.is_dir():
        raise WrongUse(f"{str(path)!r} cannot be made: there is no folder {str(path.absolute().parent)!r}")
    if blobs is not None and path.absolute().is_relative_to(blobs.absolute()):
        raise WrongUse(f"{str(path)!r} is among the files that are to be copied: choose another place")
    partial = path.with_name(path.name + ".partial")
    if partial.exists():
        raise WrongUse(f"{str(partial)!r} is left from a backup that was interrupted, or under way: remove it first")
    return partial


def _file(settings: "Settings") -> Path:
    """The file that is copied. Raises WrongUse when the database is a server's, which has better means."""
    if settings.database_file is None:
        raise WrongUse(
            "this installation is on PostgreSQL: copy it with pg_dump, or by the server's continuous archiving, and "
            "the files with what their store brings"
        )
    return settings.database_file


def _key(settings: "Settings") -> Path:
    if settings.secret_key:
        raise WrongUse(
            "the secret key is in PENSTOCK_SECRET_KEY, not in a file: keep it there, and leave --with-key out"
        )
    if not settings.key_file.exists():
        raise Unreachable(f"there is no secret key at {settings.key_file}: put it back, or leave --with-key out")
    return settings.key_file


def _copy(settings: "Settings", partial: Path, key: Path | None) -> "Copied":
    """Copy; whatever goes wrong, nothing half-made stays."""
    from penstock.cli.copying import copy

    shown: dict[str, showing.Progress] = {}

    def tell(what: str, done: int, of: int) -> None:
        if what not in shown:
            for earlier in shown.values():
                earlier.clear()
            shown[what] = showing.Progress(f"{what} copied")
        shown[what](done, of)

    try:
        copied = copy(_file(settings), settings.blobs_folder, partial, key=key, tell=tell)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise Unreachable(f"the backup cannot be written: {error.strerror} ({error.filename})") from error
        raise
    finally:
        for each in shown.values():
            each.clear()
    return copied


def _fsync(folder: Path) -> None:
    from penstock.cli.copying import fsync

    fsync(folder)


def _facts(path: Path, copied: "Copied", *, with_key: bool, took_s: float) -> dict[str, object]:
    return {
        "path": str(path),
        "database_bytes": copied.database_bytes,
        "files": copied.files,
        "file_bytes": copied.file_bytes,
        "linked": copied.linked,
        "with_key": with_key,
        "problems": copied.problems,
        "audit_log": None if copied.head is None else {"entries": copied.entries, "head": copied.head},
        "took_s": round(took_s, 3),
    }


def _show(path: Path, copied: "Copied", bucket: str | None) -> None:
    if bucket is not None:
        showing.line(f"{path}: database of {words.size(copied.database_bytes)}", style="ok")
        showing.line(f"  The files stay in {bucket}: keep them there, by the bucket's own versions and copies.")
        _show_head(copied)
        return
    linked = f", {words.count(copied.linked)} of them linked" if copied.linked else ""
    showing.line(
        f"{path}: database of {words.size(copied.database_bytes)}, {words.many(copied.files, 'file')} "
        f"of {words.size(copied.file_bytes)}{linked}",
        style="fail" if copied.problems else "ok",
    )
    _show_head(copied)
    for problem in copied.problems:
        showing.line(f"  {problem}")
    if copied.problems:
        showing.line("  The backup holds everything else. `penstock audit --deep` checks what is there.")


def _show_head(copied: "Copied") -> None:
    if copied.head is not None:
        entries = words.many(copied.entries, "entry", "entries")
        showing.line(f"  Audit log: {entries}, head {copied.head}")
