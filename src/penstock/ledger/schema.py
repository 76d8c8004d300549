"""Brings the database to the schema of this release: numbered ``.sql`` files, forward only.

All missing files are applied in one write transaction. SQLite gives it to one process at a time; on PostgreSQL the
table of migrations is locked, or is what only one can make. So several processes may start at once. A database that
knows a newer file than this release does is refused, and so is one that holds something else. Called when the ledger
starts and by ``penstock migrate``.
"""

from collections.abc import Callable
from importlib.resources import files

from penstock.adapters.db.port import Call, Script
from penstock.core.errors import NewerSchema, Unreachable, WrongUse
from penstock.ledger import statements

_CREATE = """CREATE TABLE IF NOT EXISTS migrations
  (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at DOUBLE PRECISION NOT NULL)"""


def available(dialect: str) -> list[tuple[int, str, str]]:
    """(number, name, text) of every migration of this release, in order."""
    folder = files("penstock.ledger") / "migrations" / dialect
    found = []
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append((int(number), name, file.read_text("utf-8")))
    return sorted(found)


def bring_up(dialect: str, now: float) -> Callable[[], Script[list[str]]]:
    """A script that applies what is missing and returns the names of what it applied."""

    def script() -> Script[list[str]]:
        sql = statements.load(dialect)
        if ("migrations",) in (yield sql("list_tables")):
            yield sql("lock_migrations")
        missing = yield from lacking(dialect)
        if missing:
            yield Call(_CREATE)
        for number, name, text in missing:
            yield Call(text)
            yield sql("insert_migration", number=number, name=name, now=now)
        return [name for _, name, _ in missing]

    return script


def lacking(dialect: str) -> Script[list[tuple[int, str, str]]]:
    """The migrations that a database lacks. Raises NewerSchema, or WrongUse when it is none of ours."""
    sql = statements.load(dialect)
    tables = {row[0] for row in (yield sql("list_tables"))}
    if tables and not tables >= {"migrations", "provisioning"}:
        raise WrongUse(
            "this database belongs to something else than Penstock: name another file in PENSTOCK_DATABASE_URL"
        )
    known = {int(number) for (number,) in (yield sql("list_migrations"))} if tables else set()
    ours = available(dialect)
    refuse_newer(known, {number for number, _, _ in ours})
    return [each for each in ours if each[0] not in known]


def refuse_newer(known: set[int], ours: set[int]) -> None:
    """Raise NewerSchema when the database has seen a migration that this release does not know."""
    if unknown := known - ours:
        raise NewerSchema(
            f"this database was changed by a newer Penstock (schema {max(unknown)}, this release knows {max(ours)}); "
            "start that release, or restore a backup made by this one"
        )


def refuse_older(missing: list[tuple[int, str, str]]) -> None:
    """Raise Unreachable when the database is not up to this release, for those who must not change it."""
    if missing:
        raise Unreachable("this database is empty, or of an older Penstock: run `penstock migrate`, or start it once")
