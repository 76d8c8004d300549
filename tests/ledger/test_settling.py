"""Endings that come together are settled together, and each counts as if it had come alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from penstock.core.work import Attempt, Claim, Ending, Outcome
from penstock.ledger.imports import ImportRow

NOW = 1_795_000_100.0
KINDS = ("attached", "retry", "put back", "expired", "failed")


def attempt(claim: Claim) -> Attempt:
    return Attempt(
        at=NOW,
        operation="media.look_up",
        declared_method="GET",
        wire_method="GET",
        host="graph.facebook.com",
        peer_address=None,
        status=200,
        graph_code=None,
        graph_subcode=None,
        trace_id=f"trace of {claim.media_id}",
        outcome=Outcome.DELIVERED,
        duration_s=0.1,
        recipe="standard/1",
    )


async def settle(desk: Any, *ended: tuple[Claim, Ending]) -> list[bool]:
    """All at once."""
    queue = desk.ledger.queue
    return list(
        await asyncio.gather(*(queue.settle(claim, ending, [attempt(claim)], now=NOW) for claim, ending in ended))
    )


async def bring(desk: Any, webhooks: Any, count: int, *, customers: int = 3) -> list[Claim]:
    """So many files of a few customers, claimed; by their media ids."""
    files = [webhooks.file(f"wamid.{n}", f"m{n:03}", sender=f"1555{n % customers}") for n in range(count)]
    for file in files:
        await desk.receive(webhooks.body(file), now=NOW)
    return sorted(await desk.claim(now=NOW), key=lambda claim: claim.media_id)


async def kept(store: Any) -> list[list[tuple[Any, ...]]]:
    """Everything that endings leave behind, without what is given out in the order of arrival."""
    return [
        await store.rows(sql)
        for sql in (
            "SELECT media_row, turn, due_at, attempts, fence, owner, outcome, reason FROM fetches ORDER BY 1",
            "SELECT media_id, stage, ended_at, outcome, reason, attempts, size, sha256, content_type FROM media ORDER BY 1",
            "SELECT media_row, operation, trace_id, outcome FROM attempts ORDER BY 1",
            "SELECT kind, at, conversation_id, media_row, workspace_id FROM events ORDER BY media_row, kind",
            "SELECT id, seq FROM conversations ORDER BY id",
            "SELECT conversation_id, seq FROM events ORDER BY 1, 2",
        )
    ]


async def test_all_kinds_of_endings_together_leave_what_each_leaves_alone(
    desk: Any, webhooks: Any, store: Any, endings: Callable[[str], Ending]
) -> None:
    claims = await bring(desk, webhooks, 15)
    ended = [(claim, endings(KINDS[n % 5])) for n, claim in enumerate(claims)]
    assert await settle(desk, *ended) == [True] * 15
    together = await kept(store)

    for table in ("fetches", "media", "attempts", "events", "messages", "conversations", "aliases", "webhooks"):
        await store.rows(f"DELETE FROM {table}")
    desk.ledger.journal._known._found.clear()
    again = await bring(desk, webhooks, 15)
    for claim, (_, ending) in zip(again, ended, strict=True):
        assert await settle(desk, (claim, ending)) == [True]
    alone = await kept(store)

    def without_ids(tables: list[list[tuple[Any, ...]]]) -> list[list[tuple[Any, ...]]]:
        fetches, media, attempts, events, conversations, seqs = tables
        return [
            [row[1:] for row in fetches],
            media,
            [row[1:] for row in attempts],
            sorted((row[0], row[1]) for row in events),
            sorted((row[1],) for row in conversations),
            sorted((row[1],) for row in seqs),
        ]

    assert without_ids(together) == without_ids(alone)


async def test_every_event_of_a_conversation_has_its_own_seq_and_none_is_left_out(
    desk: Any, webhooks: Any, store: Any, endings: Callable[[str], Ending]
) -> None:
    claims = await bring(desk, webhooks, 12, customers=2)
    kinds = ("attached", "failed", "expired", "retry")
    await settle(desk, *((claim, endings(kinds[n % 4])) for n, claim in enumerate(claims)))
    seqs = await store.rows("SELECT conversation_id, seq FROM events ORDER BY 1, 2")
    conversations = await store.rows("SELECT id, seq FROM conversations ORDER BY id")
    assert seqs == [(conversation, seq) for conversation, last in conversations for seq in range(1, last + 1)]
    assert [last for _, last in conversations] == [12, 12]


@pytest.mark.parametrize("kind", KINDS)
async def test_one_that_lost_its_lease_changes_nothing_and_holds_nobody_up(
    desk: Any, webhooks: Any, store: Any, endings: Callable[[str], Ending], kind: str
) -> None:
    lost, *others = await bring(desk, webhooks, 4)
    await desk.ledger.queue.release_all()
    again = {claim.id: claim for claim in await desk.claim(now=NOW)}
    ended = [(lost, endings(kind)), *((again[claim.id], endings("attached")) for claim in others)]
    assert await settle(desk, *ended) == [False, True, True, True]
    assert await store.rows(f"SELECT count(*) FROM attempts WHERE media_row = {lost.id}") == [(0,)]
    assert [file.state for file in await desk.all_files() if file.media_id == lost.media_id] == ["fetching"]
    assert await settle(desk, (again[lost.id], endings("attached"))) == [True]


async def test_a_claim_that_is_ended_twice_at_once_counts_once(
    desk: Any, webhooks: Any, store: Any, endings: Callable[[str], Ending]
) -> None:
    (claim,) = await bring(desk, webhooks, 1)
    for first, second in (("retry", "attached"), ("attached", "attached")):
        results = await settle(desk, (claim, endings(first)), (claim, endings(second)))
        assert sorted(results) == [False, True]
        assert await store.rows("SELECT count(*) FROM attempts") == [(1,)]
        if first == "attached" or results[1]:
            break
    (file,) = await desk.all_files()
    assert file.state == "attached"


async def test_an_import_without_a_conversation_ends_in_the_feed_without_a_seq(
    desk: Any, store: Any, endings: Callable[[str], Ending]
) -> None:
    await desk.ledger.imports.add([ImportRow("m1", "100000000000002")], workspace="acme", now=NOW)
    (claim,) = await desk.claim(now=NOW)
    assert await settle(desk, (claim, endings("attached"))) == [True]
    assert await store.rows("SELECT kind, conversation_id, seq FROM events") == [("media.attached", None, None)]
