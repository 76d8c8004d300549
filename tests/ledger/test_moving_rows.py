"""Rows are read in pages that bound the memory, and arrive with the values and types that they had."""

from typing import Any

import apsw
import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.adapters.db.sqlite_writer import drive
from penstock.core.errors import PenstockError
from penstock.ledger import moving_rows, schema
from penstock.ledger.moving_rows import Column, Reader, Shape, as_columns, fitting, insert, shape
from penstock.ledger.moving_tables import COPIED, LEFT_BEHIND, TARGETS_OWN, Table
from penstock.ledger.statements import load

TABLES = """SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace"""
STATUSES = Shape(
    "statuses",
    (Column("number_id", "number_id", "bigint"), Column("wamid", "wamid", "text"), Column("note", "note", "text")),
    (0, 1),
    (),
    False,
)


@given(sizes=st.lists(st.integers(0, 50), min_size=1), most=st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_a_page_is_as_large_as_it_may_be(sizes: list[int], most: int) -> None:
    rows = fitting(sizes, most)

    assert rows == 1 or sum(sizes[:rows]) <= most
    assert rows == len(sizes) or sum(sizes[: rows + 1]) > most


def test_pages_follow_a_key_of_several_columns_and_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(
        "CREATE TABLE statuses (number_id INTEGER, wamid TEXT, note TEXT, PRIMARY KEY (number_id, wamid))"
    )
    rows = [(number, f"wamid.{wamid}", "é" * 400 if wamid == 3 else None) for number in (1, 2) for wamid in range(7)]
    connection.executemany("INSERT INTO statuses VALUES (?, ?, ?)", rows[::-1])
    monkeypatch.setattr(moving_rows, "PAGE_BYTES", 100)
    reader = Reader(STATUSES, is_source=True)
    found: list[tuple[Any, ...]] = []
    pages = []
    while page := drive(connection, reader.page(STATUSES.last(found[-1]) if found else None, 4)):
        found += page
        pages.append(len(page))

    assert found == rows
    assert max(pages) == 4
    assert 1 in pages, "a row that is too large for a page is one"


def test_a_page_is_found_by_the_key_and_not_by_looking_through_the_table() -> None:
    connection = apsw.Connection(":memory:")
    drive(connection, schema.bring_up("sqlite", 5.0))
    for table in COPIED:
        columns = drive(connection, lambda table=table: moving_rows.shapes([table], load("sqlite")))[0]  # type: ignore[misc]
        theirs = [(table.renamed.get(name, name), "text", 0, 0) for name, *_ in columns]
        made = shape(table, columns, [*theirs, *((name, "bigint", 0, 0) for name in table.given)])
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {Reader(made, is_source=True)._next[1]}", [1] * (len(made.key) + 1)
        )
        steps = [str(row[3]) for row in plan]
        assert [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step] == [], (table.name, steps)


def test_tables_that_do_not_fit_are_refused() -> None:
    table = Table("t", renamed={"only": "only_row"}, given={"position": "id"})
    here = [("only", "INTEGER", 0, 0), ("id", "INTEGER", 1, 0)]
    there = [("only_row", "integer", 0, 0), ("id", "bigint", 0, 1), ("position", "bigint", 0, 0)]

    made = shape(table, here, there)
    assert [(column.source, column.target) for column in made.columns] == [
        ("only", "only_row"),
        ("id", "id"),
        ("id", "position"),
    ]
    assert (made.key, made.numbered) == ((1,), (1,))
    for wrong in (there[:-1], [*there, ("more", "text", 0, 0)]):
        with pytest.raises(PenstockError, match="the table t is not the same in SQLite and in PostgreSQL"):
            shape(table, here, wrong)


async def test_both_schemas_fit_each_other_and_every_table_of_postgresql_is_accounted_for(postgres_url: str) -> None:
    embedded = apsw.Connection(":memory:")
    drive(embedded, schema.bring_up("sqlite", 5.0))
    here = drive(embedded, lambda: moving_rows.shapes(COPIED, load("sqlite")))
    connection = await asyncpg.connect(postgres_url)
    try:
        there = [
            await connection.fetch(load("postgres")("list_columns", table_name=t.name).sql, t.name) for t in COPIED
        ]
        tables = {row[0] for row in await connection.fetch(TABLES)}
    finally:
        await connection.close()

    for table, ours, theirs in zip(COPIED, here, there, strict=True):
        assert shape(table, ours, [tuple(row) for row in theirs]).key, table.name
    assert tables - {table.name for table in COPIED} - LEFT_BEHIND.keys() == TARGETS_OWN.keys()


async def test_whatever_numbers_a_column_is_known(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute("CREATE SEQUENCE ids; CREATE TABLE t (id bigint DEFAULT nextval('ids'), at bigint)")
        await connection.execute("ALTER SEQUENCE ids OWNED BY t.id")
        found = await connection.fetch(load("postgres")("list_columns", table_name="t").sql, "t")
    finally:
        await connection.execute("DROP TABLE IF EXISTS t")
        await connection.close()

    assert [tuple(row) for row in found] == [("id", "bigint", 0, 1), ("at", "bigint", 0, 0)]


async def test_every_type_arrives_as_it_was_and_reads_the_same_on_both_sides(postgres_url: str) -> None:
    types = ("bigint", "text", "bytea", "double precision", "boolean", "jsonb", "integer", "real")
    made = Shape("kinds", tuple(Column(f"c{n}", f"c{n}", kind) for n, kind in enumerate(types)), (0,), (0,), False)
    rows = [
        (1, "a\0b", b"\x00\xff", 1, 1, '{"b": 1, "a": "ü"}', 7, 0.5),
        (2, None, None, None, None, None, None, None),
        (3, "", b"", 1e308, 0, "[]", -1, 1.0),
    ]
    connection = await asyncpg.connect(postgres_url)
    try:
        columns = ", ".join(
            f"c{n} {kind}{' GENERATED ALWAYS AS IDENTITY PRIMARY KEY' if not n else ''}" for n, kind in enumerate(types)
        )
        await connection.execute(f"CREATE TEMP TABLE kinds ({columns})")
        await connection.execute(insert(made), *as_columns(made, rows))
        back = [tuple(row) for row in await connection.fetch("SELECT * FROM kinds ORDER BY c0")]
    finally:
        await connection.close()

    assert back[0][:5] == (1, "ab", b"\x00\xff", 1.0, True)
    assert back[1] == rows[1]
    assert as_columns(made, back) == as_columns(made, rows)
