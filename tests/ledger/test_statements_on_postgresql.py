"""Every statement is one that PostgreSQL understands, and the hot ones stay on their indexes under a generic plan."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from penstock.ledger import statements

SQL = statements.load("postgres")

# What runs for every webhook, every fetch and every look at the feed, and the tables of which may be large.
HOT = (
    *("delete_stray", "fill_gap", "fill_message", "find_conversation", "find_media_of_number", "find_ready", "finish"),
    "find_attempts_since",
    *("get_access", "get_body", "get_media", "get_message", "get_message_row", "has_media", "has_unstamped"),
    *("insert_message_event", "last_event", "last_webhook", "list_attached", "list_attempts", "list_bodies"),
    *("list_claimed", "list_due_lanes", "list_events", "list_events_of_workspace", "list_media", "list_messages"),
    "list_new_attempts",
    *("list_recent_webhooks", "list_unread_bodies", "lock_conversation", "media_floor", "merge_aliases"),
    *("merge_conversations", "merge_messages", "move_message", "next_due", "next_seq", "promote", "put_back"),
    *("any_gone", "find_gone", "get_gone"),
    *("release_lost", "renew", "retry", "set_attached", "set_ended", "stamp_events", "take", "touch_conversation"),
    # and what runs while lost files are put back to work
    *("cancel_items", "count_held_items", "end_items", "get_candidate", "has_ended_items", "insert_round"),
    *(
        "list_candidates",
        "list_rounds",
        "pick_items",
        "recent_deliveries",
        "refuse_item",
        "release_item",
        "reopen_media",
    ),
)
LARGE = {"webhooks", "conversations", "aliases", "messages", "statuses", "media", "fetches", "attempts", "events"} | {
    "reprocess_items"
}


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[Any]:
    """A connection to a database with the schema of this release."""
    made = await asyncpg.connect(postgres_url)
    yield made
    await made.close()


async def test_every_statement_is_understood(connection: Any) -> None:
    wrong = []
    for name in sorted(SQL.names()):
        prepared = SQL._texts[name]
        for text in {prepared.sql, prepared.many}:
            try:
                await connection.prepare(text)
            except asyncpg.PostgresError as error:
                wrong.append(f"{name}: {error}")
    for prepared in SQL._at_once.values():
        await connection.prepare(prepared.sql)

    assert wrong == []


async def test_both_dialects_have_the_same_statements_with_the_same_parameters() -> None:
    sqlite = statements.load("sqlite")

    assert SQL.names() == sqlite.names()
    assert [name for name in sorted(SQL.names()) if set(SQL.parameters(name)) != set(sqlite.parameters(name))] == []


async def test_the_hot_path_never_looks_through_a_large_table(connection: Any) -> None:
    """Were a sequential scan forbidden, one would still be planned where no index serves: that is what is looked for."""
    await connection.execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off")
    scans = []
    texts = [(name, SQL._texts[name]) for name in HOT]
    forms = [(name, each._replace(sql=each.many)) for name, each in SQL._texts.items() if each.columns]
    for name, each in (*texts, *forms, *SQL._at_once.items()):
        sql, count = each.sql, len(each.names)
        prepared = await connection.prepare(sql)
        types = [each.name for each in prepared.get_parameters()]
        values = ", ".join(f"NULL::{kind}" for kind in types)
        await connection.execute(
            f"PREPARE looked_at ({', '.join(types)}) AS {sql}" if count else f"PREPARE looked_at AS {sql}"
        )
        plan = await connection.fetch(f"EXPLAIN EXECUTE looked_at ({values})" if count else "EXPLAIN EXECUTE looked_at")
        await connection.execute("DEALLOCATE looked_at")
        for row in plan:
            step = row[0].strip().removeprefix("->").strip()
            if step.startswith("Seq Scan on ") and step.split()[3] in LARGE:
                scans.append(f"{name}: {step}")

    assert scans == []


def test_the_hot_path_has_no_statement_that_is_gone() -> None:
    assert set(HOT) <= SQL.names()


async def test_every_table_that_is_changed_all_the_time_is_vacuumed_early(connection: Any) -> None:
    options = dict(
        await connection.fetch(
            "SELECT relname, reloptions FROM pg_class WHERE relname IN ('fetches', 'conversations', 'events')"
        )
    )

    assert all(any(each.startswith("fillfactor") for each in options[table]) for table in options)
    assert all("autovacuum_vacuum_cost_delay=0" in options[table] for table in options)
