"""Counting: where every file stands, what is held, how old what waits is."""

from collections.abc import Callable
from typing import Any

import msgspec

from penstock.core.work import Attempt, Ending, Outcome, RetryLater
from penstock.ledger.imports import ImportRow

NUMBER = "100000000000002"
NOW = 1_795_000_100.0


async def one_of_each(desk: Any, webhooks: Any, endings: Callable[[str], Ending]) -> None:
    """Six files: two waiting, one being fetched, one attached, one expired, one failed."""
    await desk.receive(webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(6))), now=NOW)
    claims = await desk.claim(4, now=NOW)
    for claim, name in zip(claims[:3], ("attached", "expired", "failed"), strict=True):
        await desk.settle(claim, endings(name), now=NOW)


async def test_every_file_stands_somewhere(desk: Any, webhooks: Any, endings: Callable[[str], Ending]) -> None:
    await one_of_each(desk, webhooks, endings)
    await desk.ledger.provisioning.add_workspace("idle", now=1.0)
    busy, idle = await desk.ledger.counts.tallies()

    assert (busy.workspace, busy.received, busy.waiting, busy.held, busy.fetching) == ("acme", 6, 2, 0, 1)
    assert (busy.attached, busy.expired, busy.failed, busy.erased) == (1, 1, 1, 0)
    assert (idle.workspace, idle.received, idle.waiting) == ("idle", 0, 0)


async def test_what_a_gate_holds_is_counted(desk: Any, webhooks: Any, endings: Callable[[str], Ending]) -> None:
    await one_of_each(desk, webhooks, endings)
    counts = desk.ledger.counts
    assert await counts.holding() == {}
    gate = await desk.ledger.gates.shut({"workspace": "acme"}, owner="operator", by="me", why="a test", now=NOW)
    await desk.ledger.gates.shut({"kind": "video"}, owner="operator", by="me", why="a test", now=NOW)
    (tally,) = await counts.tallies()

    assert (tally.waiting, tally.held) == (2, 2)
    assert await counts.holding() == {gate: 2}
    await desk.ledger.gates.shut(
        {"workspace": "acme"}, owner="operator", by="me", why="a trickle", now=NOW, opening=1.0
    )
    (tally,) = await counts.tallies()
    assert tally.held == 0


async def test_what_stands_in_a_scope_is_counted_by_how_long_it_has(desk: Any, webhooks: Any) -> None:
    counts, now = desk.ledger.counts, await desk.ledger.now()
    week_s, hour_s = 7 * 86_400.0, 3_600.0
    for number, left_s in enumerate((-60.0, 0.5 * hour_s, 3 * hour_s, 20 * hour_s, 30 * hour_s)):
        sent = str(int(now - week_s + left_s))
        await desk.receive(
            webhooks.body({**webhooks.file(f"wamid.{number}", f"m{number}"), "timestamp": sent}), now=now
        )
    (retried,) = await desk.claim(1, now=now)  # the one that is past its time
    await desk.settle(retried, RetryLater(now + 600, Outcome.UPSTREAM, "It waits."), now=now)
    found = await counts.in_scope({})

    assert (found.waiting.files, found.waiting.workspaces, found.past, found.before.files) == (5, 1, 1, 3)
    assert [found.within(hours * hour_s) for hours in (1, 6, 24)] == [1, 2, 3]
    assert found.first_at is not None
    assert abs(found.first_at - (now + 0.5 * hour_s)) < 60
    assert (await counts.in_scope({"number": NUMBER}, until=now + 40 * hour_s)).before.files == 4
    assert (await counts.in_scope({"workspace": "other"})).waiting.files == 0
    assert await counts.behind_gates() == {}
    gate = await desk.ledger.gates.shut({"app": "main"}, owner="operator", by="me", why="a test", now=now)
    assert {id_: each.waiting.files for id_, each in (await counts.behind_gates()).items()} == {gate: 5}


async def test_no_storage_numbers_are_counted_apart(desk: Any, webhooks: Any) -> None:
    now = await desk.ledger.now()
    await desk.ledger.provisioning.set_number(NUMBER, no_storage=True, now=now)
    fresh = {**webhooks.file("wamid.A", "m1"), "timestamp": str(int(now))}
    await desk.receive(webhooks.body(fresh), now=now)

    assert (await desk.ledger.counts.in_scope({})).no_storage() == 1


async def test_the_backlog_has_an_age_and_an_end(desk: Any, webhooks: Any) -> None:
    now = await desk.ledger.now()
    assert await desk.ledger.counts.backlog() == type(await desk.ledger.counts.backlog())(None, 0)
    await desk.receive(webhooks.body({**webhooks.file("wamid.A", "m1"), "timestamp": str(int(now))}), now=now - 100)
    old = {**webhooks.file("wamid.B", "m2"), "timestamp": str(int(now - 6.5 * 86_400))}
    await desk.receive(webhooks.body(old), now=now - 50)
    backlog = await desk.ledger.counts.backlog()

    assert backlog.oldest_waiting_s is not None
    assert 99 < backlog.oldest_waiting_s < 200
    assert (backlog.expiring_24h, backlog.expiring_1h) == (1, 0)
    assert backlog.oldest_undelivered_s == backlog.oldest_waiting_s


async def test_what_is_being_fetched_is_not_delivered_yet(desk: Any, webhooks: Any) -> None:
    now = await desk.ledger.now()
    late = {**webhooks.file("wamid.A", "m1"), "timestamp": str(int(now - 7 * 86_400 + 1_800))}
    await desk.receive(webhooks.body(late), now=now - 100)
    assert (await desk.ledger.counts.backlog()).expiring_1h == 1
    await desk.ledger.queue.claim(owner="somebody", limit=1, now=now, lease_s=60.0)
    backlog = await desk.ledger.counts.backlog()

    assert (backlog.oldest_waiting_s, backlog.expiring_1h) == (None, 0)
    assert backlog.oldest_undelivered_s is not None
    assert 99 < backlog.oldest_undelivered_s < 200


async def test_rows_that_contradict_each_other_are_seen(
    desk: Any, webhooks: Any, store: Any, endings: Callable[[str], Ending]
) -> None:
    await one_of_each(desk, webhooks, endings)
    assert await desk.ledger.counts.contradictions() == (0, 0)
    await store.rows("DELETE FROM fetches WHERE turn = 'ready'")
    await store.rows("UPDATE media SET stage = 'failed' WHERE id IN (SELECT media_row FROM fetches)")

    assert await desk.ledger.counts.contradictions() == (2, 1)


async def test_one_moment_holds_all_that_the_audit_compares(desk: Any, webhooks: Any) -> None:
    receipt = await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")))
    row = ImportRow(media_id="m9", phone_number_id=NUMBER, wamid="wamid.I")
    await desk.ledger.imports.add([row], workspace="acme", now=NOW)
    await desk.ledger.provisioning.remove_number(NUMBER, now=NOW)
    moment = await desk.ledger.counts.moment()

    assert moment.last_webhook_id == receipt.webhook_id
    assert [(each.workspace, each.number_id, each.wamid, each.media_id) for each in moment.imports] == [
        ("acme", 1, "wamid.I", "m9")
    ]
    assert moment.registrations == {1: (NUMBER, "acme")}
    assert [tally.received for tally in moment.tallies] == [2]


async def test_attached_files_are_listed_for_a_check(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    await desk.receive(webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(5))), now=NOW)
    for claim in await desk.claim(now=NOW):
        await desk.settle(claim, endings("attached"), now=NOW)
    first = await desk.ledger.counts.attached(after=0, limit=3)
    rest = await desk.ledger.counts.attached(after=first[-1].media_row, limit=3)

    assert [file.media_row for file in (*first, *rest)] == sorted(file.media_row for file in (*first, *rest))
    assert len(first) == 3
    assert len(rest) == 2
    assert (rest[0].workspace, rest[0].size, rest[0].sha256) == ("acme", 3, b"\x01" * 32)


async def test_files_whose_request_was_refused_are_counted_while_they_wait(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(4))), now=NOW)
    assert await desk.ledger.counts.refused() == 0
    for claim, outcome in zip(await desk.claim(3, now=NOW), ("contract", "contract", "upstream"), strict=True):
        await desk.settle(claim, RetryLater(NOW, Outcome(outcome), "It waits."), now=NOW)
    assert await desk.ledger.counts.refused() == 2

    for claim in await desk.claim(4, now=NOW + 1):
        await desk.settle(claim, RetryLater(NOW, Outcome.UPSTREAM, "It waits."), now=NOW + 1)
    assert await desk.ledger.counts.refused() == 0


async def test_look_ups_that_an_upstream_may_have_counted_are_told_with_their_number(desk: Any, webhooks: Any) -> None:
    def made(at: float, **changes: Any) -> Attempt:
        plain = Attempt(
            *(at, "media.look_up", "GET", "GET", "bsp.example", "192.0.2.1", 400, 100, 33, None),
            *(Outcome.GONE, 0.5, "standard/1"),
        )
        return msgspec.structs.replace(plain, **changes)

    attempts = [
        made(NOW - 4_000),  # too long ago
        made(NOW - 20),
        made(NOW - 30),
        made(NOW - 10, status=200, graph_code=None, outcome=Outcome.DELIVERED),
        made(NOW - 9, status=200, graph_code=131000, outcome=Outcome.UPSTREAM),
        made(NOW - 8, status=None, graph_code=None, outcome=Outcome.TIMEOUT),
        made(NOW - 7, operation="media.download", status=404),
        made(NOW - 6, peer_address=None, status=None, outcome=Outcome.CONTRACT),
    ]
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")), now=NOW)
    (claim,) = await desk.claim(now=NOW)
    await desk.ledger.queue.settle(claim, RetryLater(NOW, Outcome.GONE, "It waits."), attempts, now=NOW)

    found = await desk.ledger.counts.failed_look_ups(since=NOW - 3_600)
    assert found == [(NUMBER, NOW - age + 0.5) for age in (30, 20, 9, 8)]
