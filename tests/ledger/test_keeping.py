"""How old things are, whose they are, and that each step looks again before it throws something away."""

from typing import Any

from penstock.core.keeping import Keep
from penstock.ledger.erasing import first_status
from penstock.ledger.keeping import Age


async def test_wishes_are_of_each_workspace(desk: Any) -> None:
    assert await desk.ledger.keeping.wishes() == {1: Keep()}
    await desk.ledger.provisioning.set_workspace("acme", keep={"bodies": 7})
    assert await desk.ledger.keeping.wishes() == {1: Keep(bodies=7)}
    assert await desk.ledger.keeping.numbers() == {1: 1}


async def test_ages_say_whose_a_row_is_and_whether_it_may_go(desk: Any, webhooks: Any, attached: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), webhooks.text("wamid.B")), now=100.0)
    await desk.receive(webhooks.body(webhooks.text("wamid.C"), number="100000000000009"), now=101.0)
    keeping, page = desk.ledger.keeping, {"after": 0, "last": None, "limit": 10}

    first, stray = await keeping.bodies(**page)
    assert (first.began_at, first.workspaces, first.pinned) == (100.0, (1,), False)
    assert first.bytes > 100
    assert (stray.workspaces, stray.pinned) == ((), True)
    assert await keeping.messages(**page) == [Age(1, 100.0, (1,)), Age(2, 100.0, (1,))]
    assert await keeping.files(**page) == [Age(1, 100.0, (1,), pinned=True)]
    (claim,) = await desk.claim(1)
    await desk.settle(claim, attached)
    assert await keeping.files(**page) == [Age(1, 100.0, (1,))]
    assert [age.began_at for age in await keeping.events(**page)][:2] == [100.0, 100.0]
    assert await keeping.messages(after=1, last=1, limit=10) == []


async def test_a_body_that_was_read_again_for_somebody_else_stays(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.A")))
    await desk.receive(webhooks.body(webhooks.text("wamid.B")))
    (age, _) = await desk.ledger.keeping.bodies(after=0, last=None, limit=10)

    assert await desk.ledger.keeping.throw_bodies([age._replace(workspaces=())], now=5.0) == 0
    assert await desk.ledger.keeping.throw_bodies([age], now=5.0) == 1
    assert await desk.ledger.keeping.throw_bodies([age], now=5.0) == 0


async def test_a_body_in_quarantine_stays(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.A"), number="100000000000009"))
    (age,) = await desk.ledger.keeping.bodies(after=0, last=None, limit=10)

    assert await desk.ledger.keeping.throw_bodies([age], now=5.0) == 0


async def test_the_newest_event_stays_as_readers_rely_on_it(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.A"), webhooks.text("wamid.B")))
    await desk.ledger.feed.stamp() if desk.ledger.profile == "cluster" else None
    ages = await desk.ledger.keeping.events(after=0, last=None, limit=10)

    assert await desk.ledger.keeping.throw_events(ages) == 1
    assert await desk.ledger.feed.last() == 2


async def test_old_statuses_are_found_by_their_time(desk: Any, webhooks: Any) -> None:
    old = [webhooks.status(f"wamid.{n}") | {"timestamp": str(1_000 + n)} for n in range(4)]
    await desk.receive(webhooks.body(statuses=old))
    found, further = await desk.ledger.keeping.statuses(first_status(1), before=1_002.0, limit=10)

    assert ([each.wamid for each in found], further) == (["wamid.0", "wamid.1"], None)
    assert await desk.ledger.keeping.throw_statuses(found) == 2


async def test_doomed_bytes_are_listed_when_they_are_due(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")))
    await desk.claim(1, now=100.0, lease_s=60.0)
    await desk.ledger.erasing.erase([1], now=100.0)
    keeping = desk.ledger.keeping

    assert await keeping.doomed(now=165.0, limit=5) == []
    assert await keeping.doomed(now=170.0, limit=5) == [1]
    assert await keeping.count_doomed() == 1
    await keeping.discarded([1], now=165.0)
    assert await keeping.count_doomed() == 1
    await keeping.discarded([1], now=170.0)
    assert await keeping.count_doomed() == 0
