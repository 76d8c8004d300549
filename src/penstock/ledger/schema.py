"""Brings the database to the schema of this release: numbered ``.sql`` files, forward only.

All missing files are applied in one write transaction, which SQLite gives to one process at a time, so several
processes may start at once. A database that knows a newer file than this release does is refused. Called when the
ledger starts and by ``penstock migrate``.
"""

from collections.abc import Callable
from importlib.resources import files

from penstock.adapters.db.port import Call, Script
from penstock.core.errors import NewerSchema


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
        yield Call(
            "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at REAL NOT NULL)"
        )
        rows = yield Call("SELECT number FROM migrations")
        known = {int(number) for (number,) in rows}
        ours = available(dialect)
        refuse_newer(known, {number for number, _, _ in ours})
        applied = []
        for number, name, text in ours:
            if number not in known:
                yield Call(text)
                yield Call("INSERT INTO migrations VALUES (?1, ?2, ?3)", (number, name, now))
                applied.append(name)
        return applied

    return script


def refuse_newer(known: set[int], ours: set[int]) -> None:
    """Raise NewerSchema when the database has seen a migration that this release does not know."""
    if unknown := known - ours:
        raise NewerSchema(
            f"this database was changed by a newer Penstock (schema {max(unknown)}, this release knows {max(ours)}); "
            "start that release, or restore a backup made by this one"
        )
