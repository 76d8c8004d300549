"""``penstock import media``: media ids that somebody else failed to fetch, from a CSV file or stdin.

The whole file is checked before the first row is stored: either every line is well-formed and every number known, or
nothing is imported. Rows are then stored a thousand to a transaction. What is there already stays as it is, so an
import that was interrupted is simply run again. Reading of lines is ``cli.media_csv``'s, storing ``ledger.imports``'s.
"""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import click

from penstock.cli import arguments, media_csv, session, showing, words
from penstock.cli.commands import Family
from penstock.core.errors import NotFound, WrongUse
from penstock.ledger.imports import ImportRow

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger

_ROWS = 1_000  # of one transaction
# A waiting writer looks every tenth of a second whether the database is free; this is long enough for it to be seen.
_BREATH_S = 0.12


@dataclass
class Checked:
    """What a file holds, all of it well-formed."""

    columns: tuple[str, ...]
    rows: int = 0
    numbers: dict[str, int] = field(default_factory=dict)  # phone_number_id → the first line that names it


@dataclass
class Done:
    """How far an import has come."""

    new: int = 0
    known: int = 0


@click.group("import", cls=Family)
def import_() -> None:
    """Bring media ids that somebody else failed to fetch."""


@import_.command("media")
@click.argument("file", metavar="FILE.csv|-")
@click.option("--workspace", required=True, metavar="NAME", help="Whose files they are.")
@arguments.as_json
def import_media(file: str, workspace: str, json_: bool) -> None:
    """Fetch the media ids listed in FILE.csv; - reads stdin.

    The first line names the columns: media_id, phone_number_id and, if you have them, wamid, kind, mime_type, sha256
    (hex or base64) and received_at (RFC 3339 or epoch seconds). If any line is malformed, nothing is imported.
    """
    done = Done()
    with _opened(file) as lines:
        checked = _check(lines)
        try:
            session.with_ledger(lambda ledger: _store(ledger, lines, checked, workspace, done))
        except KeyboardInterrupt:
            stored = words.many(done.new, "new file")
            showing.note(f"interrupted after {stored}, which are kept; run the same command again for the rest")
            raise
    if json_:
        showing.as_json({"workspace": workspace, "rows": checked.rows, "new": done.new, "known": done.known})
        return
    known = f"; {words.many(done.known, 'row')} known already" if done.known else ""
    showing.line(f"imported {words.many(done.new, 'new file')} into workspace {workspace}{known}")


def _check(file: BinaryIO) -> Checked:
    """Read the file to its end. Names every malformed line on stderr; raises WrongUse if there is one."""
    from time import time

    lines = media_csv.lines(file)
    first = next(lines, None)
    if first is None:
        raise WrongUse("the file is empty: its first line names the columns, such as media_id,phone_number_id")
    checked = Checked(media_csv.header(first[1]))
    malformed, now = 0, time()
    with showing.Progress("lines checked") as progress:
        for number, line in lines:
            progress(number)
            if not line.strip():
                continue
            checked.rows += 1
            try:
                row = media_csv.row(line, checked.columns, now=now)
            except media_csv.Malformed as reason:
                malformed += 1
                progress.note(f"line {number}: {reason}")
            else:
                checked.numbers.setdefault(row.phone_number_id, number)
    if malformed:
        raise WrongUse(
            f"{words.plain(words.many(malformed, 'line'))} of {checked.rows} malformed: nothing was imported"
        )
    return checked


async def _store(ledger: "Ledger", file: BinaryIO, checked: Checked, workspace: str, done: Done) -> None:
    now = await ledger.now()
    await _all_known(ledger, checked, workspace)
    beside_others = bool(await ledger.processes.alive(now=now))
    with showing.Progress("rows imported") as progress:
        for rows in _batches(file, checked, now):
            new, known = await ledger.imports.add(rows, workspace=workspace, now=now)
            done.new += new
            done.known += known
            progress(done.new + done.known, checked.rows)
            if beside_others:
                await asyncio.sleep(_BREATH_S)


async def _all_known(ledger: "Ledger", checked: Checked, workspace: str) -> None:
    """Raise NotFound unless the workspace is there and every number is registered in it."""
    if workspace not in {row["name"] for row in await ledger.provisioning.workspaces()}:
        raise NotFound(f"there is no workspace {workspace[:80]!r}; `penstock workspace list` shows them")
    ours = {row["phone_number_id"] for row in await ledger.provisioning.numbers() if row["workspace"] == workspace}
    unknown = [number for number in checked.numbers if number not in ours]
    if unknown:
        which = f"{unknown[0]} (line {checked.numbers[unknown[0]]})"
        which += f" and {len(unknown) - 1} more are" if len(unknown) > 1 else " is"
        raise NotFound(
            f"number {which} not registered in workspace {workspace}: "
            "add it with `penstock number add`, then import again; nothing was imported"
        )


def _batches(file: BinaryIO, checked: Checked, now: float) -> Iterator[list[ImportRow]]:
    """The rows once more, from the beginning. Raises WrongUse when the file is not what it was."""
    file.seek(0)
    batch: list[ImportRow] = []
    for number, line in media_csv.lines(file):
        if number == 1 or not line.strip():
            continue
        try:
            batch.append(media_csv.row(line, checked.columns, now=now))
        except media_csv.Malformed as reason:
            raise WrongUse(f"line {number}: {reason}; the file has changed since it was checked") from reason
        if len(batch) == _ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


@contextlib.contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """The file, or what comes on stdin; a pipe is kept in a temporary file, as it is read twice. Raises WrongUse."""
    import shutil
    import tempfile
    from pathlib import Path

    if source == "-" and sys.stdin is None:
        raise WrongUse("the file was to be read from stdin, but stdin is closed")
    with contextlib.ExitStack() as stack:
        try:
            file: BinaryIO = sys.stdin.buffer if source == "-" else stack.enter_context(Path(source).open("rb"))
            if source == "-" or not file.seekable():
                kept = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(file, kept)
                kept.seek(0)
                file = kept
        except OSError as error:
            raise WrongUse(f"{source!r} cannot be read: {error.strerror}") from error
        yield file
