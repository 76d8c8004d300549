"""Tickets for budgets that burn too fast."""

import pytest

from penstock.controls.watch.tickets import Tickets
from penstock.core.detector import Key
from penstock.core.incident import Incident
from penstock.core.operation import DOWNLOAD
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

NOW = 1_795_000_020.0


class Fleet:
    """Attempts by the minute, shown to the control every half minute."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.now = NOW
        self.count = 0
        self.tickets = Tickets(ledger)

    def attempt(self, outcome: Outcome) -> Seen:
        self.count += 1
        facts = dict.fromkeys(Seen.__struct_fields__) | {
            "id": self.count,
            "nth": 1,
            "at": self.now,
            "operation": DOWNLOAD.name,
            "outcome": outcome,
        }
        return Seen(**facts)  # type: ignore[arg-type]

    async def minutes(self, minutes: int, *, failing: int = 0, of: int = 10, way: Outcome = Outcome.UPSTREAM) -> None:
        for _ in range(minutes):
            for part in range(2):
                self.now += 30
                seen = [self.attempt(way if nth < failing else Outcome.DELIVERED) for nth in range(of)] if part else []
                await self.tickets.look(seen, self.now)

    async def rows(self) -> list[Incident]:
        return await self.ledger.incidents.latest()


@pytest.fixture
def fleet(ledger: Ledger) -> Fleet:
    return Fleet(ledger)


async def test_what_smoulders_is_a_ticket_and_closes_when_it_is_over(fleet: Fleet) -> None:
    await fleet.minutes(60)
    assert await fleet.rows() == []
    await fleet.minutes(40, failing=2)
    (row,) = await fleet.rows()
    assert (row.operation, row.outcome, row.state, row.severity) == (DOWNLOAD.name, "burn_rate", "open", "ticket")
    assert "spends its budget of failures" in row.why

    await fleet.minutes(70)
    (row,) = await fleet.rows()
    assert row.state == "closed"


async def test_the_next_leader_knows_the_hours_before_it(fleet: Fleet) -> None:
    await fleet.minutes(30, failing=1, of=12)  # too little for a ticket as yet
    fleet.tickets = Tickets(fleet.ledger)
    for nth in range(6):
        await fleet.tickets.look([fleet.attempt(Outcome.DELIVERED)], fleet.now + nth)  # shown again, and not counted
    burnt = await fleet.ledger.vitals.burnt(now=fleet.now)
    assert sum(count.failures for count in burnt[DOWNLOAD.name].values()) >= 29
    await fleet.minutes(2)
    assert [row.outcome for row in await fleet.rows()] == ["burn_rate"]


async def test_who_was_paged_for_an_operation_gets_no_ticket_for_it(fleet: Fleet) -> None:
    await fleet.ledger.incidents.open(
        Key(DOWNLOAD.name, "upstream"), suspected=False, onset_at=NOW, why="x", rate=0.3, now=NOW, isolation=""
    )
    await fleet.minutes(60, failing=5)
    assert [row.outcome for row in await fleet.rows()] == ["upstream"]


async def test_throttling_and_trouble_of_our_own_spend_no_budget(fleet: Fleet) -> None:
    await fleet.minutes(60, failing=5, way=Outcome.THROTTLE)
    await fleet.minutes(10, failing=5, way=Outcome.LOCAL)
    assert await fleet.rows() == []
