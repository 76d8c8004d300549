"""A running process is seen, and one that ended in good order is not."""

from penstock.flow.housekeeping import Housekeeping
from penstock.ledger.book import Ledger


async def test_a_process_is_listed_while_it_runs_and_not_after_it_left(ledger: Ledger) -> None:
    process = Housekeeping(ledger, role="all")
    await process.start()
    alive = await ledger.processes.alive(now=await ledger.now())
    assert [(each["id"], each["role"]) for each in alive] == [(process.id, "all")]
    await process.stop()
    assert await ledger.processes.alive(now=await ledger.now()) == []


async def test_a_process_that_was_killed_is_gone_after_three_missed_beats(ledger: Ledger) -> None:
    now = await ledger.now()
    await ledger.processes.beat("killed", role="all", now=now)
    assert await ledger.processes.alive(now=now + 29)
    assert await ledger.processes.alive(now=now + 31) == []
