"""The queue: lanes in fair turns, earliest deadline first in each, leases, fences, and endings that count once."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from penstock.core.lanes import Limits, Turns
from penstock.core.media import TRANSITIONS, State, Step
from penstock.core.work import Attempt, Ending, Outcome, PutBack, RetryLater
from penstock.ledger import queue, statements

NUMBER = "100000000000002"
NOW = 1_795_000_100.0


async def bring(desk: Any, webhooks: Any, *sent_at: int, came_at: float = NOW) -> None:
    """One file for each time of sending, which is what deadlines count from."""
    files = [{**webhooks.file(f"wamid.{n}", f"m{n}"), "timestamp": str(at)} for n, at in enumerate(sent_at)]
    await desk.receive(webhooks.body(*files), now=came_at)


def attempt(outcome: Outcome = Outcome.UPSTREAM) -> Attempt:
    return Attempt(
        at=NOW,
        operation="media.look_up",
        declared_method="GET",
        wire_method="GET",
        host="graph.facebook.com",
        peer_address="127.0.0.1",
        status=503,
        graph_code=None,
        graph_subcode=None,
        trace_id="trace",
        outcome=outcome,
        duration_s=0.1,
        recipe="standard/1",
    )


# -- claiming ---------------------------------------------------------------------------------------------


async def test_of_a_backlog_the_earliest_deadline_is_claimed_first(desk: Any, webhooks: Any) -> None:
    times = [1_794_990_000 + 10 * n for n in range(20)]
    random.Random(1).shuffle(times)
    await bring(desk, webhooks, *times, came_at=NOW - 3_600)

    first = await desk.claim(5, now=NOW)
    second = await desk.claim(15, now=NOW)

    deadlines = [claim.deadline for claim in (*first, *second)]
    assert deadlines == sorted(deadlines)
    assert len(deadlines) == 20
    assert await desk.claim(5, now=NOW) == []


async def test_a_claim_says_all_that_a_fetcher_must_know(desk: Any, webhooks: Any) -> None:
    message = webhooks.file("wamid.A", "m1", "audio")
    message["audio"] |= {
        "mime_type": "audio/ogg; codecs=opus",
        "sha256": "ab" * 32,
        "voice": True,
        "url": "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=m1&ext=1795000301",
    }
    receipt = await desk.receive(webhooks.body(message), now=NOW)
    (claim,) = await desk.claim(now=NOW)

    assert claim.webhook_id == receipt.webhook_id > 0
    assert (claim.workspace, claim.phone_number_id, claim.app, claim.credential) == ("acme", NUMBER, "main", "token-a")
    assert (claim.kind, claim.media_id, claim.wamid, claim.attempts, claim.fence) == ("audio", "m1", "wamid.A", 0, 1)
    assert (claim.declared_mime_type, claim.declared_sha256) == ("audio/ogg; codecs=opus", b"\xab" * 32)
    assert (claim.url, claim.url_expires_at) == (message["audio"]["url"], 1_795_000_301.0)
    assert (claim.received_at, claim.deadline) == (NOW, 1_795_000_000.0 + 7 * 86_400)


async def test_what_is_due_later_is_claimed_when_it_is_due_and_in_its_place(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, 1_794_990_000, 1_794_990_010, 1_794_990_020)
    early, middle, late = await desk.claim(now=NOW)
    for claim, due_at in ((early, NOW + 50), (middle, NOW + 10), (late, NOW + 20)):
        ending = RetryLater(due_at=due_at, outcome=Outcome.UPSTREAM, reason="Meta answered 503.")
        assert await desk.settle(claim, ending, now=NOW)

    assert await desk.claim(now=NOW + 9) == []
    assert await desk.ledger.queue.due() == ((), NOW + 10)
    assert [claim.id for claim in await desk.claim(now=NOW + 30)] == [middle.id, late.id]
    assert [claim.id for claim in await desk.claim(now=NOW + 50)] == [early.id]


async def test_what_was_put_back_waits_for_its_time(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, 1_794_990_000)
    (claim,) = await desk.claim(now=NOW)
    await desk.settle(claim, PutBack(due_at=NOW + 30), now=NOW)

    assert await desk.claim(now=NOW + 29) == []
    assert len(await desk.claim(now=NOW + 30)) == 1


async def test_the_lanes_with_something_ready_are_known_by_name(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    assert await desk.ledger.queue.due() == ((), None)
    await desk.receive(
        webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}", kind) for n, kind in enumerate(("image", "audio") * 3))),
        now=NOW,
    )
    lanes, later_at = await desk.ledger.queue.due()
    facts = (1, 1, "acme", "main", "token-a", NUMBER)
    assert [(lane.workspace_id, lane.number_id, *lane[3:]) for lane in lanes] == [facts, facts]
    assert [lane.kind for lane in lanes] == ["audio", "image"]
    assert later_at is None

    for claim in await desk.claim(now=NOW):
        await desk.settle(claim, endings("attached" if claim.kind == "audio" else "retry"))
    lanes, later_at = await desk.ledger.queue.due()
    assert (lanes, later_at) == ((), 0.0)
    assert await desk.ledger.queue.promote(now=NOW) == 3
    lanes, later_at = await desk.ledger.queue.due()
    assert ([lane.kind for lane in lanes], later_at) == (["image"], None)


async def test_lanes_give_in_turns_however_much_waits_in_one(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, *range(1_794_990_000, 1_794_990_040))
    late = [webhooks.file(f"wamid.late{n}", f"late{n}", kind) for n, kind in enumerate(("audio", "video", "sticker"))]
    await desk.receive(webhooks.body(*late), now=NOW)

    first = await desk.claim(8, now=NOW)
    assert sorted(claim.kind for claim in first) == ["audio", *["image"] * 5, "sticker", "video"]


async def test_only_the_lanes_that_are_named_are_claimed_from(desk: Any, webhooks: Any) -> None:
    kinds = ("audio", "image", "video")
    await desk.receive(webhooks.body(*(webhooks.file(f"wamid.{k}", f"m{k}", k) for k in kinds)), now=NOW)
    lanes, _ = await desk.ledger.queue.due()
    taken = await desk.ledger.queue.take(owner="me", limit=10, lanes=lanes[1:], now=NOW, lease_s=60)
    assert {claim.kind for claim in taken.claims} == {"image", "video"}
    assert taken.dry == frozenset(lanes[1:])
    assert taken.turns.given > 0


async def test_what_is_near_its_end_comes_first_then_live_and_backlog_four_to_one(desk: Any, webhooks: Any) -> None:
    old = [{**webhooks.file(f"wamid.old{n}", f"old{n}"), "timestamp": str(1_794_900_000 + n)} for n in range(10)]
    await desk.receive(webhooks.body(*old), now=NOW - 3_600)
    new = [{**webhooks.file(f"wamid.new{n}", f"new{n}"), "timestamp": str(1_794_999_990 + n)} for n in range(10)]
    await desk.receive(webhooks.body(*new), now=NOW - 60)
    near = {**webhooks.file("wamid.near", "near"), "timestamp": str(int(NOW) - 7 * 86_400 + 600)}
    await desk.receive(webhooks.body(near), now=NOW - 7_200)

    lanes, _ = await desk.ledger.queue.due()
    turns = Turns()
    found = []
    for _ in range(11):
        taken = await desk.ledger.queue.take(owner="me", limit=1, lanes=lanes, now=NOW, lease_s=60, turns=turns)
        turns = taken.turns
        found += [claim.media_id for claim in taken.claims]
    newest = [f"new{n}" for n in reversed(range(10))]
    assert found == ["near", *newest[:4], "old0", *newest[4:8], "old1"]


async def test_a_workspace_gives_no_more_than_it_may_have_at_once(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, *range(1_794_990_000, 1_794_990_010))
    lanes, _ = await desk.ledger.queue.due()
    limits = Limits(most=4, under_way={1: 1})
    taken = await desk.ledger.queue.take(owner="me", limit=10, lanes=lanes, now=NOW, lease_s=60, limits=limits)
    assert len(taken.claims) == 3
    assert not taken.dry


async def test_two_fetchers_never_have_the_same_item(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, *range(1_794_990_000, 1_794_990_040))
    ids: list[int] = []
    # What one of them looks at, another one passes over: that is left for the next time.
    while taken := [
        claim for claims in await asyncio.gather(*(desk.claim(7, now=NOW) for _ in range(8))) for claim in claims
    ]:
        ids += [claim.id for claim in taken]
    assert len(ids) == len(set(ids)) == 40


async def test_a_long_outage_comes_back_in_parts(
    desk: Any, webhooks: Any, monkeypatch: pytest.MonkeyPatch, endings: Callable[[str], Ending]
) -> None:
    monkeypatch.setattr(queue, "_PROMOTED", 3)
    await bring(desk, webhooks, *range(1_794_990_000, 1_794_990_010))
    for claim in await desk.claim(now=NOW):
        await desk.settle(claim, endings("retry"), now=NOW)

    found = [len(await desk.claim(2, now=NOW)) for _ in range(6)]
    assert sum(found) == 10


# -- leases and fences --------------------------------------------------------------------------------------


async def test_a_lost_lease_goes_to_somebody_else_and_its_result_changes_nothing(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    await bring(desk, webhooks, 1_794_990_000)
    (lost,) = await desk.claim(now=NOW, lease_s=60)
    assert await desk.ledger.queue.release_lost(now=NOW + 59) == 0
    assert await desk.ledger.queue.release_lost(now=NOW + 61) == 1
    for name in ("attached", "retry", "put back", "expired", "failed"):
        assert not await desk.settle(lost, endings(name), now=NOW + 62)
    (again,) = await desk.claim(now=NOW + 62)
    assert (again.id, again.fence, again.attempts) == (lost.id, lost.fence + 1, 0)
    for name in ("attached", "retry", "put back", "expired", "failed"):
        assert not await desk.settle(lost, endings(name), now=NOW + 63)

    before = await desk.told()
    assert await desk.settle(again, endings("attached"), now=NOW + 64)
    assert not await desk.settle(again, endings("failed"), now=NOW + 65)
    assert await desk.files("wamid.0") == {"m0": "attached"}
    assert await desk.told() == [*before, ("media.attached", "m0")]
    assert await desk.ledger.shelf.attempts(lost.id) == []


async def test_a_lease_is_renewed_while_it_is_ours(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, 1_794_990_000, 1_794_990_010)
    first, second = await desk.claim(now=NOW, lease_s=60)
    renewed = await desk.ledger.queue.renew(owner="me", claims=[first, second], now=NOW + 50, lease_s=60)
    assert renewed == {first.id, second.id}
    assert await desk.ledger.queue.release_lost(now=NOW + 100) == 0
    assert await desk.ledger.queue.release_lost(now=NOW + 111) == 2

    await desk.claim(1, now=NOW + 111)
    assert await desk.ledger.queue.renew(owner="me", claims=[first, second], now=NOW + 112, lease_s=60) == set()


async def test_somebody_else_cannot_renew_our_lease(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, 1_794_990_000)
    claims = await desk.claim(now=NOW)
    assert await desk.ledger.queue.renew(owner="you", claims=claims, now=NOW, lease_s=60) == set()


async def test_a_lone_instance_takes_everything_back_when_it_starts(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    await bring(desk, webhooks, 1_794_990_000, 1_794_990_010)
    (claim,) = await desk.claim(1, now=NOW)
    assert await desk.ledger.queue.release_all() == 1
    assert not await desk.settle(claim, endings("attached"))
    assert len(await desk.claim(now=NOW)) == 2


# -- endings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "step", "event"),
    [
        ("attached", Step.ATTACH, "media.attached"),
        ("retry", Step.RETRY, "media.delayed"),
        ("put back", Step.PUT_BACK, None),
        ("expired", Step.EXPIRE, "media.expired"),
        ("failed", Step.FAIL, "media.failed"),
    ],
)
async def test_each_ending_is_the_step_of_the_table(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending], name: str, step: Step, event: str | None
) -> None:
    await bring(desk, webhooks, 1_794_990_000)
    (claim,) = await desk.claim(now=NOW)
    assert await desk.files("wamid.0") == {"m0": State.FETCHING}
    assert await desk.settle(claim, endings(name), now=NOW + 1)

    assert await desk.files("wamid.0") == {"m0": TRANSITIONS[State.FETCHING, step]}
    told = [kind for kind, _ in await desk.told()][1:]
    assert told == ([event] if event else [])


async def test_an_attached_file_says_what_it_is(desk: Any, webhooks: Any, attached: Ending) -> None:
    await bring(desk, webhooks, 1_794_990_000)
    (claim,) = await desk.claim(now=NOW)
    await desk.settle(claim, attached, now=NOW + 3)
    (file,) = (await desk.message("wamid.0")).media

    assert (file.size, file.sha256, file.content_type) == (3, b"\x01" * 32, "image/jpeg")
    assert (file.attached_at, file.attempts, file.outcome, file.reason) == (NOW + 3, 1, None, None)


async def test_attempts_are_counted_and_kept_and_a_put_back_costs_none(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    await bring(desk, webhooks, 1_794_990_000)
    for name in ("retry", "put back", "retry"):
        (claim,) = await desk.claim(now=NOW)
        made = [attempt()] if name == "retry" else []
        assert await desk.ledger.queue.settle(claim, endings(name), made, now=NOW)
    (claim,) = await desk.claim(now=NOW)
    assert claim.attempts == 2
    both = [attempt(Outcome.DELIVERED), attempt(Outcome.GONE)]
    await desk.ledger.queue.settle(claim, endings("failed"), both, now=NOW)

    (file,) = (await desk.message("wamid.0")).media
    assert (file.state, file.attempts, file.outcome, file.reason) == ("failed", 3, "gone", "It cannot be had.")
    made = await desk.ledger.shelf.attempts(claim.id)
    assert [each.outcome for each in made] == ["upstream", "upstream", "delivered", "gone"]
    assert made[0] == attempt()
    assert [kind for kind, _ in await desk.told()] == ["message.received", "media.delayed", "media.failed"]


async def test_a_retry_remembers_where_it_was(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, 1_794_990_000)
    (claim,) = await desk.claim(now=NOW)
    ending = RetryLater(
        due_at=NOW, outcome=Outcome.TIMEOUT, reason="It took too long.", url="https://x/y", url_expires_at=NOW + 300
    )
    await desk.settle(claim, ending, now=NOW)
    (file,) = (await desk.message("wamid.0")).media
    assert (file.state, file.outcome, file.reason, file.attempts) == ("waiting", "timeout", "It took too long.", 1)
    (again,) = await desk.claim(now=NOW)

    assert (again.url, again.url_expires_at) == ("https://x/y", NOW + 300)


async def test_events_of_a_conversation_rise_by_one(desk: Any, webhooks: Any, endings: Callable[[str], Ending]) -> None:
    await bring(desk, webhooks, 1_794_990_000, 1_794_990_010)
    for claim, name in zip(await desk.claim(now=NOW), ("retry", "failed"), strict=True):
        await desk.settle(claim, endings(name), now=NOW)
    (claim,) = await desk.claim(now=NOW)
    await desk.settle(claim, endings("attached"), now=NOW)

    assert [event.seq for event in await desk.events()] == [1, 2, 3, 4, 5]


async def test_the_files_of_a_removed_number_are_still_fetched(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    await bring(desk, webhooks, 1_794_990_000)
    await desk.ledger.provisioning.remove_number(NUMBER, now=NOW)
    (claim,) = await desk.claim(now=NOW)
    assert await desk.settle(claim, endings("attached"))


# -- the cost of a claim ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # the steps are those of SQLite's machine
async def test_a_claim_passes_nothing_that_is_not_due(desk: Any, webhooks: Any, tmp_path: Path) -> None:
    """A hundred thousand retries wait for a later time, every one with an earlier deadline than what is due."""
    await bring(desk, webhooks, 1_794_990_000)
    connection = apsw.Connection(str(tmp_path / "penstock.db"))
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "WITH RECURSIVE n(value) AS (SELECT 1000 UNION ALL SELECT value + 1 FROM n WHERE value < 101000) "
        "INSERT INTO fetches (media_row, workspace_id, number_id, kind, turn, due_at, received_at, deadline) "
        "SELECT value, 1, 1, 'image', 'later', ?1, 0, value FROM n",
        (NOW + 3600,),
    )
    sql = statements.load("sqlite")
    calls = (
        sql("promote", now=NOW, limit=1000),
        sql("list_due_lanes"),
        sql("find_ready", lanes='[[1, 1, "image"]]', each=50, live_minute=0),
        sql("next_due"),
    )
    steps = [count_of_steps(connection, call) for call in calls]
    connection.close()

    assert max(steps) < 2_000, steps


def count_of_steps(connection: apsw.Connection, call: Any) -> int:
    """How many virtual machine steps a statement takes, which is what it costs whatever the machine."""
    counted = [0]

    def progress() -> bool:
        counted[0] += 10
        return False

    connection.set_progress_handler(progress, 10)
    connection.execute("BEGIN")
    connection.execute(call.sql, call.args).fetchall()
    connection.execute("ROLLBACK")
    connection.set_progress_handler(None)
    return counted[0]


async def test_what_waits_since_one_class_of_attempt_can_be_made_due_and_nothing_else(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, *(1_794_990_000 + n for n in range(3)))
    first, second, third = await desk.claim(now=NOW)
    late: dict[str, Any] = {"due_at": NOW + 1_800.0, "reason": "It waits."}
    await desk.settle(first, RetryLater(outcome=Outcome.CONTRACT, **late), now=NOW)
    await desk.settle(second, RetryLater(outcome=Outcome.AUTH, **late), now=NOW)
    await desk.settle(third, RetryLater(NOW - 1.0, Outcome.CONTRACT, "It is due anyway."), now=NOW)

    assert await desk.ledger.queue.hurry(Outcome.CONTRACT, now=NOW) == 1
    assert {claim.id for claim in await desk.claim(now=NOW)} == {first.id, third.id}
    assert await desk.ledger.queue.hurry(Outcome.CONTRACT, now=NOW) == 0


async def test_what_is_in_the_hands_of_a_process_that_is_gone_waits_again(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks, *(1_794_990_000 + n for n in range(4)))
    queue, beat = desk.ledger.queue, desk.ledger.processes.beat
    hands = {}
    for owner in ("dead", "alive", "silent"):
        hands[owner] = await queue.claim(owner=owner, limit=1, now=NOW, lease_s=3_600)
    await beat("dead", role="fetcher", now=NOW)
    await beat("alive", role="fetcher", now=NOW + 1)

    assert await queue.release_gone({}) == 0
    assert await queue.release_gone({"alive": NOW, "silent": NOW, "dead": NOW}) == 1  # the others beat since, or never
    freed = await queue.claim(owner="me", limit=10, now=NOW, lease_s=60)
    assert {claim.id for claim in freed} >= {claim.id for claim in hands["dead"]}
    assert len(freed) == 2
    assert not await desk.settle(hands["dead"][0], PutBack(due_at=NOW))
    assert await desk.settle(hands["alive"][0], PutBack(due_at=NOW))
