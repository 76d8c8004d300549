"""How the rows of one table are read, written and compared, whatever its columns are.

The only place where statements are put together from names, all of them out of the two schemas: a file for each table
would say the same, and would have to be changed with every column. Pages follow the primary key and are bounded in
rows and in bytes. Used by ``ledger.moving`` only.
"""

import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from penstock.adapters.db.port import Call, Row, Script
from penstock.core.errors import PenstockError
from penstock.ledger.moving_tables import Table
from penstock.ledger.statements import Statements

PAGE_ROWS = 2_000
PAGE_BYTES = 4_000_000  # of texts and bodies; one row may be larger

Values = list[Any]


class Column(NamedTuple):
    """A column of a copied table."""

    source: str
    target: str
    type: str  # PostgreSQL's name of it


class Shape(NamedTuple):
    """A copied table as the two databases have it."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[int, ...]  # the primary key, as places among the columns
    numbered: tuple[int, ...]  # what the target numbers by itself, as places among the columns
    prefilled: bool

    def last(self, row: Row) -> Row:
        """The key of a row."""
        return tuple(row[place] for place in self.key)


def shape(table: Table, source: Sequence[Row], target: Sequence[Row]) -> Shape:
    """Bring the columns of both sides together. Raises PenstockError when they do not fit: a mistake of ours."""
    names = {name: table.renamed.get(name, name) for name, *_ in source}
    origins = {there: here for here, there in names.items()} | dict(table.given)
    if set(origins) != {name for name, *_ in target}:
        raise PenstockError(
            f"the table {table.name} is not the same in SQLite and in PostgreSQL, so nothing was moved: tell the "
            "makers of Penstock"
        )
    columns = tuple(Column(origins[name], name, type_) for name, type_, *_ in target)
    in_key = sorted((place, names[name]) for name, _, place, _ in source if place)
    at = {column.target: place for place, column in enumerate(columns)}
    return Shape(
        table.name,
        columns,
        tuple(at[name] for _, name in in_key),
        tuple(at[name] for name, _, _, numbered in target if numbered),
        table.prefilled,
    )


def shapes(tables: Sequence[Table], sql: Statements) -> Script[list[Sequence[Row]]]:
    """The columns of each table in one of the databases."""
    found: list[Sequence[Row]] = []
    for table in tables:
        rows = yield sql("list_columns", table_name=table.name)
        found.append(rows)
    return found


class Reader:
    """Reads a table page by page, on one of the two sides."""

    def __init__(self, shape_: Shape, *, is_source: bool) -> None:
        mark = "?" if is_source else "$"
        names = [_quoted(column.source if is_source else column.target) for column in shape_.columns]
        key = [names[place] for place in shape_.key]
        sizes = [
            f"coalesce(octet_length({name}), 0)"
            for name, column in zip(names, shape_.columns, strict=True)
            if column.type in {"text", "bytea"}
        ]
        count = len(key)
        marks = ", ".join(f"{mark}{number}" for number in range(1, count + 1))
        after = f"WHERE ({', '.join(key)}) > ({marks}) "
        self._first, self._next = (
            tuple(
                f"SELECT {what} FROM {_quoted(shape_.name)} {where}ORDER BY {', '.join(key)} LIMIT {mark}{limit}"  # noqa: S608
                for what in (" + ".join(sizes) or "0", ", ".join(names))
            )
            for where, limit in (("", 1), (after, count + 1))
        )

    def page(self, after: Row | None, most: int = PAGE_ROWS) -> Callable[[], Script[list[Row]]]:
        """A script that answers with the rows after a key, so many at most; none when there are none left."""

        def script() -> Script[list[Row]]:
            sizes, rows = self._first if after is None else self._next
            found = yield Call(sizes, (*(after or ()), most))
            if not found:
                return []
            return (yield Call(rows, (*(after or ()), fitting([row[0] for row in found], PAGE_BYTES))))

        return script


def fitting(sizes: Sequence[int], most: int) -> int:
    """How many rows of these sizes in bytes go into one page: one at least.

    >>> fitting([1, 1, 5, 1], most=3), fitting([9], most=3), fitting([1, 1], most=3)
    (2, 1, 2)
    """
    return max(1, sum(total <= most for total in accumulate(sizes)))


def as_columns(shape_: Shape, rows: Sequence[Row]) -> list[Values]:
    """The values of rows column by column, each as PostgreSQL's type holds it and gives it back."""
    return [
        _CONVERTED.get(column.type, list)(values)
        for column, values in zip(shape_.columns, zip(*rows, strict=True), strict=True)
    ]


def insert(shape_: Shape) -> str:
    """The statement that writes a page into the target: one array for each column.

    What is there already stays, and is found when both sides are compared.
    """
    names = ", ".join(_quoted(column.target) for column in shape_.columns)
    arrays = ", ".join(f"${number}::{column.type}[]" for number, column in enumerate(shape_.columns, 1))
    return (
        f"INSERT INTO {_quoted(shape_.name)} ({names}) OVERRIDING SYSTEM VALUE "  # noqa: S608
        f"SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"
    )


def empty(shapes_: Sequence[Shape]) -> Call:
    """Remove every row of these tables from the target."""
    return Call(f"TRUNCATE {', '.join(_quoted(each.name) for each in shapes_)}")


def has_rows(shape_: Shape) -> Call:
    """Whether there is a row in a table."""
    return Call(f"SELECT EXISTS (SELECT 1 FROM {_quoted(shape_.name)})")  # noqa: S608


def count(shape_: Shape) -> Call:
    """How many rows there are in a table."""
    return Call(f"SELECT count(*) FROM {_quoted(shape_.name)}")  # noqa: S608


def highest(shape_: Shape, place: int) -> Call:
    """The highest value of a column in the source, 0 without one."""
    name = _quoted(shape_.columns[place].source)
    return Call(f"SELECT coalesce(max({name}), 0) FROM {_quoted(shape_.name)}")  # noqa: S608


def look_through(shape_: Shape) -> Call:
    """Let the target learn how a table's values are spread, which it would do by itself some time after."""
    return Call(f"ANALYZE {_quoted(shape_.name)}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _texts(values: Sequence[Any]) -> Values:
    """PostgreSQL's texts have no place for NULs; nothing of ours is kept with one."""
    return [value.replace("\0", "") if value and "\0" in value else value for value in values]


def _booleans(values: Sequence[Any]) -> Values:
    return [None if value is None else bool(value) for value in values]


def _floats(values: Sequence[Any]) -> Values:
    return [None if value is None else float(value) for value in values]


def _documents(values: Sequence[Any]) -> Values:
    """JSON in one spelling, as a database may keep it in another."""
    return [
        None if value is None else json.dumps(json.loads(value), ensure_ascii=False, sort_keys=True) for value in values
    ]


_CONVERTED: dict[str, Callable[[Sequence[Any]], Values]] = {
    "text": _texts,
    "boolean": _booleans,
    "double precision": _floats,
    "real": _floats,
    "json": _documents,
    "jsonb": _documents,
}
