"""One leads, the others wait, and a leader that leaves or dies is followed."""

from penstock.flow.leading import Lead
from penstock.ledger.book import Ledger


async def test_one_leads_and_whoever_waits_follows_when_it_leaves(ledger: Ledger) -> None:
    first = Lead(ledger, "watcher", owner="a", lease_s=60)
    second = Lead(ledger, "watcher", owner="b", lease_s=0.0)
    assert await first.ours()
    assert not await second.ours()
    await first.leave()
    assert await second.ours()
    assert await first.ours() is False or first.leads  # asked a moment ago: it believes its last answer


async def test_a_leader_whose_lease_ran_out_leads_no_longer(ledger: Ledger) -> None:
    first = Lead(ledger, "watcher", owner="a", lease_s=-1.0)
    second = Lead(ledger, "watcher", owner="b", lease_s=60)
    assert await first.ours()
    assert await second.ours()
    assert not await first.ours()
    assert not first.leads


async def test_who_does_not_lead_has_nothing_to_leave(ledger: Ledger) -> None:
    first = Lead(ledger, "watcher", owner="a", lease_s=60)
    assert await first.ours()
    await Lead(ledger, "watcher", owner="b").leave()
    assert await ledger.leaders.leader("watcher") is not None
