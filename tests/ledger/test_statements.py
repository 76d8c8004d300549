"""Every statement is one that the schema knows, and the ones of the hot path look at nothing that they do not need."""

import re
from importlib.resources import files

import apsw
import pytest

from penstock.adapters.db.port import Gives
from penstock.ledger import schema, statements

SQL = statements.load("sqlite")

# What runs for every webhook, every fetch and every page: it may not look through a table, nor sort one.
HOT = (
    *(
        "app_signed",
        "delete_stray",
        "fill_gap",
        "fill_message",
        "find_conversation",
        "find_media_of_number",
        "find_ready",
    ),
    *("finish", "get_access", "get_access_by_id", "get_body", "get_media", "get_message"),
    *("get_message_row", "get_number", "get_registration", "has_media", "insert_event", "insert_fetch"),
    *("insert_media", "insert_message", "insert_message_event", "insert_status", "insert_stray", "insert_webhook"),
    *(
        "last_event",
        "last_webhook",
        "list_attached",
        "list_attempts",
        "list_bodies",
        "list_claimed",
        "list_conversations",
        "list_due_lanes",
    ),
    *("list_events", "list_events_of_workspace", "list_media", "list_messages", "list_readable_strays"),
    *("list_stray_bodies", "list_unread_bodies", "media_floor", "merge_aliases", "merge_conversations"),
    *("merge_messages", "move_message", "next_due", "next_seq", "point_alias", "promote", "put_back"),
    *("release_all", "release_lost", "renew", "retry", "set_attached", "set_contact", "set_ended", "set_webhook_read"),
    *("take", "tally", "touch_conversation"),
)

# Scans of what is small by its nature: the rows of one index that hold only what is meant, one row, a page.
SMALL = re.compile(
    r"SCAN (CONSTANT ROW|provisioning|t|s|d|(t|json_each) VIRTUAL TABLE INDEX 1:|webhooks USING INDEX webhooks_unread"
    r"|w USING COVERING INDEX sqlite_autoindex_workspaces_1|n USING INDEX numbers_registered"
    r"|(f|fetches) USING (COVERING )?INDEX fetches_(lanes|taken))"
)


@pytest.fixture(scope="module")
def empty() -> apsw.Connection:
    """A database with the schema of this release."""
    connection = apsw.Connection(":memory:")
    for _, _, text in schema.available("sqlite"):
        connection.execute(text)
    connection.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT, applied_at REAL)")
    return connection


def explained(connection: apsw.Connection, name: str, how: str) -> list[tuple[object, ...]]:
    call = SQL(name, **dict.fromkeys(SQL.parameters(name), 1))
    return connection.execute(f"{how} {call.sql}", call.args).fetchall()


@pytest.mark.parametrize("name", sorted(SQL.names()))
def test_every_statement_is_understood_by_the_schema(name: str, empty: apsw.Connection) -> None:
    assert explained(empty, name, "EXPLAIN")


@pytest.mark.parametrize("name", HOT)
def test_the_hot_path_searches_and_never_looks_through_a_table_or_sorts(name: str, empty: apsw.Connection) -> None:
    plan = [str(row[3]) for row in explained(empty, name, "EXPLAIN QUERY PLAN")]
    scans = [step for step in plan if step.startswith("SCAN") and not SMALL.fullmatch(step)]
    sorts = [step for step in plan if "TEMP B-TREE" in step]

    assert (scans, sorts) == ([], []), plan


def test_the_hot_path_has_no_statement_that_is_gone() -> None:
    assert set(HOT) <= SQL.names()


def test_every_file_is_loaded() -> None:
    there = [file.name for file in (files("penstock.ledger") / "sql").iterdir()]
    assert {name.split(".")[0] for name in there if not name.endswith(".many.sql")} == SQL.names()
    on_postgres = statements.load("postgres")
    columns = {name.split(".")[0] for name in there if name.endswith(".many.sql")}
    assert columns == {name for name, each in on_postgres._texts.items() if each.columns} | on_postgres._at_once.keys()


# -- how a file becomes a call -----------------------------------------------------------------------------


def test_parameters_become_positions_of_the_dialect() -> None:
    text = "-- a comment with :no parameter\nSELECT :a, :b_2, :a\n  FROM t WHERE x = 'y'::text"

    assert statements.prepared(text, "sqlite")[:2] == ("SELECT ?1, ?2, ?1 FROM t WHERE x = 'y'::text", ("a", "b_2"))
    assert statements.prepared(text, "postgres").sql == "SELECT $1, $2, $1 FROM t WHERE x = 'y'::text"


@pytest.mark.parametrize(
    ("text", "sql", "gives"),
    [
        ("INSERT INTO t VALUES (:a) RETURNING id", "INSERT INTO t VALUES (?1)", Gives.ROW_ID),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING RETURNING 1", None, Gives.COUNT),
        ("UPDATE t SET a = 1 RETURNING 1", "UPDATE t SET a = 1", Gives.COUNT),
        ("UPDATE t SET a = 1 RETURNING id", "UPDATE t SET a = 1 RETURNING id", Gives.ROWS),
        ("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1 RETURNING id", None, Gives.ROWS),
        ("SELECT 1", "SELECT 1", Gives.ROWS),
    ],
    ids=["insert id", "insert 1", "update 1", "update id", "upsert id", "select"],
)
def test_sqlite_is_not_asked_to_return_what_it_knows_anyway(text: str, sql: str | None, gives: Gives) -> None:
    found = statements.prepared(text, "sqlite")

    assert found.gives is gives
    assert sql is None or found.sql == sql
    assert statements.prepared(text, "postgres").sql.endswith(text.split()[-1])


def test_a_call_takes_every_value_by_name() -> None:
    call = SQL("get_message_row", wamid="wamid.A", number_id=7)

    assert dict(zip(SQL.parameters("get_message_row"), call.args, strict=True)) == {"number_id": 7, "wamid": "wamid.A"}


@pytest.mark.parametrize("values", [{}, {"number_id": 1}, {"number_id": 1, "wamid": 2, "more": 3}, {"a": 1, "b": 2}])
def test_a_wrong_name_is_found_at_once(values: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        SQL("get_message_row", **values)


def test_values_by_position_must_be_in_the_files_order() -> None:
    names = SQL.parameters("insert_stray")

    assert SQL.by_position("insert_stray", *names)(1, 2, 3, 4) == SQL(
        "insert_stray", **dict(zip(names, (1, 2, 3, 4), strict=True))
    )
    with pytest.raises(KeyError):
        SQL.by_position("insert_stray", *reversed(names))


def test_many_rows_are_one_call() -> None:
    names = SQL.parameters("insert_stray")
    rows = [(1, 2, 3, 4), (5, 6, 7, 8)]
    by_name = SQL.many("insert_stray", [dict(zip(names, row, strict=True)) for row in rows])
    by_position = SQL.by_position("insert_stray", *names).many(rows)

    assert by_name == by_position
    assert by_name.many
    assert list(by_name.args) == rows


def test_many_rows_are_columns_where_there_is_a_form_for_it() -> None:
    on_postgres = statements.load("postgres")
    names = on_postgres.parameters("insert_status")
    rows = [tuple(f"{name} {row}" for name in names) for row in range(3)]
    call = on_postgres.by_position("insert_status", *names).many(rows)

    assert not call.many
    assert list(call.args) == [tuple(f"{name} {row}" for row in range(3)) for name in names]
    assert on_postgres.many("insert_status", [dict(zip(names, row, strict=True)) for row in rows]) == call
    assert on_postgres.by_position("insert_status", *names).many([]).many  # nothing to run, and no columns of nothing
    assert SQL.by_position("insert_status", *names).many(rows).many


def test_what_one_dialect_does_at_once_the_other_does_step_by_step() -> None:
    rows = [{"media_row": n, "fence": 1, "now": 2.0, "size": 3, "sha256": b"", "content_type": "x"} for n in (5, 6)]

    assert SQL.at_once("attach", rows) is None
    call = statements.load("postgres").at_once("attach", rows)
    assert call is not None
    assert call.args[:2] == ((5, 6), (1, 1))


def test_a_form_for_many_that_takes_other_parameters_is_found_at_once() -> None:
    one = statements.prepared("UPDATE t SET a = :a", "postgres")
    with pytest.raises(KeyError):
        statements._with_many(one, statements.prepared("UPDATE t SET a = :b", "postgres"))


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_no_statement_looks_like_several(dialect: str) -> None:
    """A text with a semicolon is run as a script, which answers with nothing."""
    loaded = statements.load(dialect)
    scripts = {"drop_partition", "make_partition"}  # they are meant to be, and nobody waits for an answer
    assert [
        name for name in loaded.names() - scripts if ";" in loaded(name, **dict.fromkeys(loaded.parameters(name))).sql
    ] == []
