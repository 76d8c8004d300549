"""Migrations: numbered, complete, forward only."""

import apsw
import pytest

from penstock.adapters.db.sqlite_writer import drive
from penstock.core.errors import NewerSchema, Unreachable
from penstock.ledger import schema


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [number for number, _, _ in schema.available("sqlite")]

    assert numbers == list(range(1, len(numbers) + 1))


def test_bringing_up_twice_applies_once() -> None:
    connection = apsw.Connection(":memory:")
    assert drive(connection, schema.bring_up("sqlite", 5.0)) == [name for _, name, _ in schema.available("sqlite")]
    assert drive(connection, schema.bring_up("sqlite", 6.0)) == []
    assert {row[0] for row in connection.execute("SELECT applied_at FROM migrations")} == {5.0}


def test_every_table_is_strict_about_its_types() -> None:
    connection = apsw.Connection(":memory:")
    drive(connection, schema.bring_up("sqlite", 5.0))
    loose = connection.execute("SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0").fetchall()

    assert {row[0] for row in loose} - {"sqlite_schema", "sqlite_temp_schema", "sqlite_sequence", "migrations"} == set()


def test_a_database_that_knows_more_is_refused() -> None:
    with pytest.raises(NewerSchema):
        schema.refuse_newer({1, 2, 3}, {1, 2})
    schema.refuse_newer({1, 2}, {1, 2})
    schema.refuse_newer(set(), {1, 2})


def test_who_may_not_change_it_is_told_what_to_do() -> None:
    with pytest.raises(Unreachable, match="penstock migrate"):
        schema.refuse_older([(1, "first", "")])
    schema.refuse_older([])
