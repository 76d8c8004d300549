"""Whom an incident touched, counted from what was tried and from where the files stand now, on both stores."""

from typing import Any

import msgspec

from penstock.core.detector import Key
from penstock.core.incident import Incident
from penstock.core.postmortem import Share, Touched, Tried
from penstock.core.work import Attempt, Outcome, RetryLater


def attempt(at: float, outcome: Outcome, operation: str = "media.look_up") -> Attempt:
    return Attempt(
        at=at,
        operation=operation,
        declared_method="GET",
        wire_method="GET",
        host="graph.facebook.com",
        peer_address="192.0.2.1",
        status=503,
        graph_code=None,
        graph_subcode=None,
        trace_id="trace",
        outcome=outcome,
        duration_s=0.25,
        recipe="standard/1",
    )


async def an_incident(desk: Any, onset_at: float) -> Incident:
    id_, _ = await desk.ledger.incidents.open(
        Key("media.look_up", "upstream"),
        suspected=False,
        onset_at=onset_at,
        why="x",
        rate=0.3,
        now=onset_at + 1,
        isolation="x",
    )
    found: Incident = await desk.ledger.incidents.get(id_)
    return found


async def test_what_failed_in_this_way_since_the_onset_is_touched_and_nothing_else(
    desk: Any, attached: Any, webhooks: Any
) -> None:
    now = await desk.ledger.now()
    said = [webhooks.file(f"wamid.{nth}", f"m{nth}") for nth in range(4)]
    await desk.receive(webhooks.body(*said, webhooks.text("wamid.text")), now=now)
    ways = (Outcome.UPSTREAM, Outcome.TIMEOUT, Outcome.AUTH, Outcome.UPSTREAM)
    for nth, (claim, way) in enumerate(zip(await desk.claim(now=now), ways, strict=True)):
        at = now - 100 if nth == 3 else now + 1  # the last one failed long before
        ending = RetryLater(due_at=now + 1_000, outcome=way, reason="x") if nth else attached
        tried = [attempt(at, way), attempt(now + 2, Outcome.DELIVERED, "media.download")]
        assert await desk.ledger.queue.settle(claim, ending, tried, now=now + 2)
    found = await an_incident(desk, now)

    impact = await desk.ledger.impacts.of(found, now=now + 10)
    assert impact.touched == (Touched("acme", "attached", 1, 1), Touched("acme", "waiting", 1, 1))
    assert impact.tried == (
        Tried("media.download", "delivered", 4),
        Tried("media.look_up", "auth", 1),
        Tried("media.look_up", "timeout", 1),
        Tried("media.look_up", "upstream", 1),
    )
    assert impact.texts == 1
    assert impact.arrived == (("attached", 1), ("waiting", 3))
    assert impact.lost == ()
    share = await desk.ledger.impacts.files(found, "acme", now=now + 10)
    assert {file.state for file in share.files} == {"attached", "waiting"}
    assert share.counts == {"attached": 1, "waiting": 1}
    assert await desk.ledger.impacts.files(found, "other", now=now + 10) == Share([], {})
    assert impact.late == ()
    gated = msgspec.structs.replace(found, gates=(1,))
    assert (await desk.ledger.impacts.of(gated, now=now + 10)).late == (("acme", 3),)
    share = await desk.ledger.impacts.files(gated, "acme", now=now + 10)
    assert (len(share.files), share.counts) == (4, {"attached": 1, "waiting": 3})
    over = msgspec.structs.replace(found, closed_at=now + 0.5)
    assert (await desk.ledger.impacts.of(over, now=now + 10)).touched == ()


async def test_attempts_of_another_time_are_not_read_and_none_of_this_time_is_missed(
    desk: Any, attached: Any, webhooks: Any
) -> None:
    now = await desk.ledger.now()
    rows = []
    for nth in range(60):  # an hour apart; each written down up to a quarter of an hour after it began
        at = now - (60 - nth) * 3_600.0
        await desk.receive(webhooks.body(webhooks.file(f"wamid.{nth}", f"m{nth}")), now=at)
        (claim,) = await desk.claim(now=at)
        begun = at - (nth % 4) * 200.0
        assert await desk.ledger.queue.settle(claim, attached, [attempt(begun, Outcome.UPSTREAM)], now=at)
        rows.append(begun)
    found = await an_incident(desk, rows[0])
    for first, last in ((0, 59), (10, 12), (30, 30), (59, 59)):
        over = msgspec.structs.replace(found, onset_at=rows[first], closed_at=rows[last])
        impact = await desk.ledger.impacts.of(over, now=now)
        assert impact.tried == (Tried("media.look_up", "upstream", last - first + 1),)
    assert (
        await desk.ledger.impacts.of(msgspec.structs.replace(found, closed_at=found.onset_at - 1), now=now)
    ).tried == ()


async def test_files_that_were_lost_meanwhile_are_listed(desk: Any, webhooks: Any, endings: Any) -> None:
    now = await desk.ledger.now()
    await desk.receive(webhooks.body(*[webhooks.file(f"wamid.{nth}", f"m{nth}") for nth in range(3)]), now=now)
    for claim, ending in zip(await desk.claim(now=now), ("expired", "failed", "attached"), strict=True):
        assert await desk.settle(claim, endings(ending), now=now + 1)
    impact = await desk.ledger.impacts.of(await an_incident(desk, now - 1), now=now + 10)
    assert impact.arrived == (("attached", 1), ("expired", 1), ("failed", 1))
    assert [(lost.workspace, lost.state, lost.reason) for lost in impact.lost] == [
        ("acme", "expired", "Meta's copy is gone."),
        ("acme", "failed", "It cannot be had."),
    ]
