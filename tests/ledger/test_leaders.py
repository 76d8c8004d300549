"""One leads at a time, for as long as it says so."""

from typing import Any

from penstock.ledger.book import Ledger


async def test_one_leads_until_its_lease_runs_out(ledger: Ledger) -> None:
    take = ledger.leaders.take
    assert await take("watcher", owner="a", now=100.0, lease_s=10)
    assert not await take("watcher", owner="b", now=105.0, lease_s=10)
    assert await take("watcher", owner="a", now=108.0, lease_s=10)
    assert not await take("watcher", owner="b", now=112.0, lease_s=10)
    assert await take("watcher", owner="b", now=118.5, lease_s=10)

    assert not await take("watcher", owner="a", now=119.0, lease_s=10)
    assert await ledger.leaders.leader("watcher") == ("b", 128.5)


async def test_who_leaves_makes_room_at_once_and_only_for_its_own_lease(ledger: Ledger) -> None:
    assert await ledger.leaders.take("watcher", owner="a", now=100.0, lease_s=10)
    await ledger.leaders.leave("watcher", owner="b")
    assert not await ledger.leaders.take("watcher", owner="b", now=101.0, lease_s=10)
    await ledger.leaders.leave("watcher", owner="a")

    assert await ledger.leaders.leader("watcher") is None
    assert await ledger.leaders.take("watcher", owner="b", now=101.0, lease_s=10)


async def test_each_role_has_its_own_leader(ledger: Ledger, store: Any) -> None:
    assert await ledger.leaders.take("watcher", owner="a", now=100.0, lease_s=10)
    assert await ledger.leaders.take("announcer", owner="b", now=100.0, lease_s=10)
    beside = store.ledger()
    await beside.start()
    assert not await beside.leaders.take("announcer", owner="a", now=100.0, lease_s=10)
    await beside.stop()
