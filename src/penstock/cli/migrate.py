"""``penstock migrate``: brings the database's schema up to this release, or says whether that is needed.

Starting an instance does the same; this is for those who want to do it before, and see what is done. The secret key is
not needed for it. Called by people and by deployment scripts (``--check``); ``doctor`` asks ``pending``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from penstock.adapters.db.port import Call, Database, Script
from penstock.cli import arguments, session, showing
from penstock.cli.commands import Command
from penstock.ledger import schema


@click.command(cls=Command)
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when there is something to apply.")
@arguments.as_json
def migrate(check: bool, json_: bool) -> int:
    """Bring the database up to this release, making it when there is none."""
    path = session.settings().database_url.path
    if check:
        missing = asyncio.run(pending(path))
        applied: list[str] = []
    else:
        missing, applied = [], asyncio.run(_bring_up(path))
    if json_:
        showing.as_json({"applied": applied, "pending": missing})
    elif missing:
        showing.line(f"to apply: {', '.join(missing)} (`penstock migrate` does it, and so does the next start)")
    elif applied:
        showing.line(f"applied: {', '.join(applied)}")
    else:
        showing.line("the database is up to date")
    return 1 if missing else 0


async def pending(path: Path) -> list[str]:
    """The migrations that this database lacks; all of them when there is none. Raises NewerSchema or Unreachable."""
    if not path.exists():  # noqa: ASYNC240 -- one look at a local file
        return _named(set())
    async with _database(path) as db:
        return _named(await db.read(_known))


async def _bring_up(path: Path) -> list[str]:
    before = await pending(path)
    async with _database(path) as db:
        applied = await db.write(schema.bring_up(db.dialect, await db.now()))
    return before[len(before) - len(applied) :]  # another process may have been quicker with some of them


@asynccontextmanager
async def _database(path: Path) -> AsyncIterator[Database]:
    from penstock.adapters.db.sqlite import SqliteDatabase

    db = SqliteDatabase(path)
    await db.start()
    try:
        yield db
    finally:
        await db.stop()


def _known() -> Script[set[int]]:
    """The numbers of the migrations that were applied."""
    tables = yield Call("SELECT 1 FROM sqlite_master WHERE name = 'migrations'")
    rows = (yield Call("SELECT number FROM migrations")) if tables else []
    return {int(row[0]) for row in rows}


def _named(known: set[int]) -> list[str]:
    ours = schema.available("sqlite")
    schema.refuse_newer(known, {number for number, _, _ in ours})
    return [f"{number:04}_{name}" for number, name, _ in ours if number not in known]
