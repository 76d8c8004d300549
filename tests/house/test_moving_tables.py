"""A move takes every table along, or says why not: whoever adds a table must decide which."""

import apsw
import pytest

from penstock.adapters.db.sqlite_writer import drive
from penstock.ledger import schema
from penstock.ledger.moving_tables import COPIED, LEFT_BEHIND, TARGETS_OWN


@pytest.fixture
def embedded() -> apsw.Connection:
    """An embedded database of this release."""
    connection = apsw.Connection(":memory:")
    drive(connection, schema.bring_up("sqlite", 5.0))
    return connection


def test_every_table_is_copied_or_left_behind_for_a_reason(embedded: apsw.Connection) -> None:
    named = [table.name for table in COPIED] + list(LEFT_BEHIND)
    there = [
        row[0]
        for row in embedded.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    ]

    assert sorted(there) == sorted(named), "name the table in ledger/moving_tables.py"
    assert all((LEFT_BEHIND | TARGETS_OWN).values())


def test_every_copied_table_has_a_key_to_page_by(embedded: apsw.Connection) -> None:
    keyless = [
        table.name
        for table in COPIED
        if not embedded.execute("SELECT 1 FROM pragma_table_info(?) WHERE pk > 0", (table.name,)).fetchall()
    ]

    assert keyless == []


def test_a_row_comes_after_those_that_it_refers_to(embedded: apsw.Connection) -> None:
    names = [table.name for table in COPIED]
    wrong = [
        f"{name} before {parent}"
        for place, name in enumerate(names)
        for (parent,) in embedded.execute('SELECT "table" FROM pragma_foreign_key_list(?)', (name,))
        if parent in names[place + 1 :] or parent not in names
    ]

    assert wrong == []
