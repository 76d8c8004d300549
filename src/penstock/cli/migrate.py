"""``penstock migrate``: brings the database's schema up to this release, or says whether that is needed.

Starting an instance does the same; this is for those who want to do it before, and see what is done. A new
database gets its secret key with it. With ``--from`` and ``--to`` an installation moves to PostgreSQL, which is
``cli.moving``'s. Called by people and by deployment scripts (``--check``); ``doctor`` asks ``pending``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from penstock.adapters.db.port import Database
from penstock.cli import arguments, session, showing
from penstock.cli.commands import Command
from penstock.core.errors import WrongUse
from penstock.ledger import schema
from penstock.settings import Settings
from penstock.settings.key_file import secret_keys


@click.command(cls=Command)
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when there is something to apply.")
@click.option("--from", "source", metavar="sqlite:///FILE", help="Move the stopped installation of this database.")
@click.option(
    "--to",
    "target",
    metavar="postgresql://…",
    help="Where it moves to: an empty database. The same command again goes on.",
)
@click.option(
    "--blobs-to", metavar="URL", help="Carry the attached files there, too: s3://BUCKET/PREFIX or file:///FOLDER."
)
@click.option("--blobs-from", metavar="URL", help="Where they are now, if not where the settings say.")
@arguments.as_json
def migrate(
    check: bool, source: str | None, target: str | None, blobs_to: str | None, blobs_from: str | None, json_: bool
) -> int:
    """Bring the database up to this release, making it when there is none.

    With --from and --to, move a stopped installation from SQLite to PostgreSQL: every row is copied and compared, the
    source is left as it is.
    """
    settings = session.settings()
    if source or target or blobs_to or blobs_from:
        from penstock.cli import moving

        if check:
            raise WrongUse("--check is about the schema alone: leave it out to move an installation")
        return moving.move(moving.plan(settings, source, target, blobs_from, blobs_to), json_=json_)
    if check:
        missing = asyncio.run(pending(settings))
        applied: list[str] = []
    else:
        if settings.database_file is not None:  # before the database is: beside one, a missing key counts as lost
            empty = len(asyncio.run(pending(settings))) == len(schema.available("sqlite"))
            secret_keys(settings, nothing_sealed=empty)
        missing, applied = [], asyncio.run(_bring_up(settings))
    if json_:
        showing.as_json({"applied": applied, "pending": missing})
    elif missing:
        showing.line(f"to apply: {', '.join(missing)} (`penstock migrate` does it, and so does the next start)")
    elif applied:
        showing.line(f"applied: {', '.join(applied)}")
    else:
        showing.line("the database is up to date")
    return 1 if missing else 0


async def pending(settings: Settings) -> list[str]:
    """The migrations that this database lacks; all of them when there is none.

    Raises NewerSchema, Unreachable, or WrongUse when the database belongs to something else.
    """
    if settings.database_file is not None and not settings.database_file.exists():
        return [_name(number, name) for number, name, _ in schema.available("sqlite")]
    async with _database(settings) as db:
        return [_name(number, name) for number, name, _ in await db.read(lambda: schema.lacking(db.dialect))]


async def _bring_up(settings: Settings) -> list[str]:
    before = await pending(settings)
    async with _database(settings) as db:
        applied = await db.write(schema.bring_up(db.dialect, await db.now()))
    return before[len(before) - len(applied) :]  # another process may have been quicker with some of them


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    from penstock.wiring.stores import open_database

    db = open_database(settings)
    await db.start()
    try:
        yield db
    finally:
        await db.stop()


def _name(number: int, name: str) -> str:
    return f"{number:04}_{name}"
