"""Loads the ``.sql`` files: one statement per file, named for what it does.

Parameters are written ``:name`` in the files and become positional ones of the dialect. Where the dialects differ a
statement has twins, ``name.sqlite.sql`` and ``name.postgres.sql``. What runs for very many rows on PostgreSQL has
another form, ``name.postgres.many.sql``, which takes each parameter as a column of values: one statement for all rows
costs a fraction of one for each, and some do at once what takes several statements elsewhere. No SQL is built at run
time. Used by the stores of this room only.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import Any, NamedTuple

from penstock.adapters.db.port import Call, Gives

_PARAMETER = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)")
_COMMENT = re.compile(r"--[^\n]*")
_ID, _ONE = " RETURNING id", " RETURNING 1"
_RETURNS = re.compile(r" RETURNING [^()]+$")
_MANY = "many"


class Prepared(NamedTuple):
    """A statement as its dialect takes it."""

    sql: str
    names: tuple[str, ...]
    gives: Gives
    pick: Callable[[dict[str, Any]], tuple[Any, ...]]  # the values in the order of the names
    many: str  # the same for when it is run for each of many
    gives_many: Gives
    columns: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None = None  # ``many`` takes columns, in this order

    def call_many(self, rows: list[tuple[Any, ...]]) -> Call:
        """The statement for each row of values, which are in the order of the names."""
        if self.columns is None or not rows:
            return Call(self.many, rows, True, self.gives_many)
        return Call(self.many, self.columns(tuple(zip(*rows, strict=True))))


class Statements:
    """The statements of one dialect: ``sql("claim", limit=5)`` makes a Call."""

    def __init__(self, texts: dict[str, Prepared], at_once: dict[str, Prepared] | None = None) -> None:
        self._texts = texts
        self._at_once = at_once or {}

    def __call__(self, statement: str, /, **values: Any) -> Call:
        """One execution of a statement. A missing or unknown name is a KeyError: a mistake of ours, found by a test."""
        sql, names, gives, pick, *_ = self._texts[statement]
        if len(values) != len(names):
            raise KeyError(f"{statement} takes {names}, not {tuple(values)}")
        return Call(sql, pick(values), False, gives)

    def by_position(self, statement: str, *names: str) -> "ByPosition":
        """A statement that takes its values in this order, for what runs with every webhook.

        The names must be the file's, in the file's order; a KeyError otherwise: a mistake of ours, found by every test.
        """
        prepared = self._texts[statement]
        if names != prepared.names:
            raise KeyError(f"{statement} takes {prepared.names}, not {names}")
        return ByPosition(prepared)

    def many(self, statement: str, rows: list[dict[str, Any]], /) -> Call:
        """The statement once for each row."""
        prepared = self._texts[statement]
        return prepared.call_many([prepared.pick(row) for row in rows])

    def at_once(self, statement: str, rows: list[dict[str, Any]], /) -> Call | None:
        """What PostgreSQL does for all rows in one statement where another dialect needs several; None there."""
        prepared = self._at_once.get(statement)
        if prepared is None:
            return None
        return Call(prepared.sql, tuple(zip(*map(prepared.pick, rows), strict=True)))

    def parameters(self, statement: str) -> tuple[str, ...]:
        """The names of a statement's parameters, in order."""
        return self._texts[statement].names

    def names(self) -> frozenset[str]:
        """Every statement there is."""
        return frozenset(self._texts)


class ByPosition:
    """A statement that is called with its values in order."""

    __slots__ = ("_gives", "_sql", "many")

    def __init__(self, prepared: Prepared) -> None:
        self._sql = prepared.sql
        self._gives = prepared.gives
        self.many = prepared.call_many

    def __call__(self, *values: Any) -> Call:
        """One execution."""
        return Call(self._sql, values, False, self._gives)


@cache
def load(dialect: str) -> Statements:
    """Read the statements of a dialect from the package."""
    folder = files("penstock.ledger") / "sql"
    texts: dict[str, Prepared] = {}
    many: dict[str, Prepared] = {}
    for file in folder.iterdir():
        if not file.name.endswith(".sql"):
            continue
        name, *twin = file.name.removesuffix(".sql").split(".")
        if twin and twin[0] != dialect:
            continue
        (many if twin[1:] == [_MANY] else texts)[name] = prepared(file.read_text("utf-8"), dialect)
    forms = {name: _with_many(texts[name], form) for name, form in many.items() if name in texts}
    return Statements(texts | forms, {name: form for name, form in many.items() if name not in texts})


def _with_many(one: Prepared, form: Prepared) -> Prepared:
    """A statement with its other form. A name that only one of them has is a KeyError, found by every test."""
    if set(one.names) != set(form.names):
        raise KeyError(f"the form for many takes {form.names}, not {one.names}")
    order = tuple(one.names.index(name) for name in form.names)
    columns = itemgetter(*order) if len(order) > 1 else tuple
    return one._replace(many=form.sql, gives_many=Gives.ROWS, columns=columns)


def prepared(text: str, dialect: str) -> Prepared:
    """A file's text as a dialect takes it."""
    names: list[str] = []
    mark = "?" if dialect == "sqlite" else "$"

    def placed(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"{mark}{names.index(match[1]) + 1}"

    bare = _COMMENT.sub("", text)
    sql = " ".join(_PARAMETER.sub(placed, bare).split())
    gives = _gives(sql)
    many, gives_many = sql, gives
    if gives is Gives.ROW_ID and dialect == "sqlite":
        sql = many = sql.removesuffix(_ID)
    elif gives is Gives.ROW_ID:
        many = f"WITH done AS ({sql}) SELECT (SELECT id FROM done)"  # noqa: S608 -- of our own file
    elif gives is Gives.COUNT and dialect == "sqlite":
        sql = many = sql.removesuffix(_ONE)
    elif gives is Gives.COUNT:
        many = f"WITH done AS ({sql}) SELECT count(*) FROM done"  # noqa: S608 -- likewise
    elif _RETURNS.search(sql):
        gives_many = Gives.ROW
        if dialect != "sqlite":
            many = f"WITH done AS ({sql}) SELECT done.* FROM (SELECT 1) AS one LEFT JOIN done ON true"  # noqa: S608
    return Prepared(sql, tuple(names), gives, _picker(tuple(names)), many, gives_many)


def _gives(sql: str) -> Gives:
    """What a statement answers with.

    SQLite knows the new row's id and the number of changed rows anyway; RETURNING costs it a third of an insert.
    PostgreSQL returns them; run for many, it answers with exactly one row for each, so that they can be told apart.
    """
    if sql.endswith(_ID) and sql.startswith("INSERT") and "DO UPDATE" not in sql:
        return Gives.ROW_ID
    return Gives.COUNT if sql.endswith(_ONE) else Gives.ROWS


def _picker(names: tuple[str, ...]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """Takes the values out of a dictionary, in order; this runs several times for every webhook."""
    if not names:
        return lambda _: ()
    if len(names) == 1:
        only = names[0]
        return lambda values: (values[only],)
    return itemgetter(*names)
