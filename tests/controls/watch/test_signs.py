"""The watch's other half, on a real ledger: what it opens, what it says, and when that is over."""

from collections.abc import Sequence
from typing import Any

import pytest

from penstock.controls.watch.signs import Signs
from penstock.core.detector import Key
from penstock.core.incident import Incident
from penstock.core.operation import DOWNLOAD
from penstock.core.reading import read
from penstock.core.seen import Seen
from penstock.core.silence import ANY, HOUR_S, bit
from penstock.core.work import Attached, Outcome, RetryLater
from penstock.ledger.book import Ledger
from penstock.ledger.vitals import Arrivals, Door

NUMBER = "100000000000002"
WEEK = 168
FULL = (1 << 60) - 1
NOW = float(498_620 * 3_600)  # a full hour


class House:
    """An installation whose clock a test winds, and the control that looks at it."""

    def __init__(self, ledger: Ledger, webhooks: Any) -> None:
        self.ledger = ledger
        self.webhooks = webhooks
        self.now = NOW
        self.count = 0
        self.lead()

    def lead(self) -> None:
        """Another process leads the watch from now on."""
        self.signs = Signs(self.ledger)

    async def receive(self, files: int, *, number: str = NUMBER, at: float | None = None) -> None:
        snapshot = await self.ledger.provisioning.snapshot()
        names = [f"{self.count + nth}" for nth in range(files)]
        self.count += files
        now = self.now if at is None else at
        said = [self.webhooks.file(f"wamid.{name}", name, timestamp=str(int(now))) for name in names]
        body = self.webhooks.body(*said, number=number)
        routes = {route.phone_number_id: route for route in snapshot.routes}
        assert await self.ledger.journal.receive(
            app_id=1, body=body, signature="", reading=read(body), routes=routes, version=snapshot.version, now=now
        )

    async def fetch(self, ending: Any) -> None:
        for claim in await self.ledger.queue.claim(owner="me", limit=100, now=self.now, lease_s=60):
            assert await self.ledger.queue.settle(claim, ending, (), now=self.now)

    def delivered(self) -> Seen:
        facts = dict.fromkeys(Seen.__struct_fields__) | {
            "id": 1,
            "at": self.now,
            "operation": DOWNLOAD.name,
            "outcome": Outcome.DELIVERED,
        }
        return Seen(**facts)  # type: ignore[arg-type]

    async def go(self, seconds: float, *, every_s: float = 5.0, seen: Sequence[Seen] = ()) -> None:
        """Time passes, and the control looks."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + every_s)
            await self.ledger.processes.beat("one", role="receiver,fetcher", now=self.now)
            await self.signs.look(seen, self.now)

    async def rows(self) -> dict[str, Incident]:
        """The newest incident of each class."""
        return {row.outcome: row for row in reversed(await self.ledger.incidents.latest())}

    async def habit(self, *numbers: int, weeks: int = 4) -> None:
        """Something comes every minute, these weeks, up to now."""
        hour = int(self.now // HOUR_S)
        rows = [
            Arrivals(each, like + near, FULL, 60, (like + near + 1) * HOUR_S - 1)
            for each in (ANY, *numbers)
            for like in (hour - k * WEEK for k in range(weeks + 1))
            for near in (-2, -1, 0, 1, 2)
            if like + near < hour
        ]
        await self.ledger.vitals.came(rows, [])

    async def comes(self, *numbers: int) -> None:
        at = self.now
        rows = [Arrivals(each, int(at // HOUR_S), bit(at), 1, at) for each in (ANY, *numbers)]
        await self.ledger.vitals.came(rows, [])


@pytest.fixture
def house(provisioned: Ledger, webhooks: Any) -> House:
    return House(provisioned, webhooks)


async def test_files_that_nobody_tries_are_a_ticket_then_a_page_and_over_when_they_are_there(house: House) -> None:
    await house.go(60)
    await house.receive(1)
    await house.go(130)
    row = (await house.rows())["overdue"]
    assert (row.state, row.severity) == ("open", "ticket")
    assert row.onset_at == pytest.approx(house.now - 125, abs=6)

    await house.receive(3)
    await house.go(300)
    rows = await house.rows()
    assert rows["no_success"].severity == "page"
    assert "try nothing, which is our own fault" in rows["no_success"].why

    await house.fetch(Attached(3, b"\x01" * 32, "image/jpeg"))
    await house.go(330, seen=[house.delivered()])
    assert {row.state for row in (await house.rows()).values()} == {"closed"}


async def test_nothing_is_said_of_what_a_person_holds_until_its_deadline_nears(house: House) -> None:
    await house.ledger.gates.shut({"workspace": "acme"}, owner="operator", by="cli:anna", why="a test", now=house.now)
    await house.receive(5)
    await house.go(3_600, every_s=60)
    house.now += 5 * 86_400
    await house.go(60)
    assert await house.rows() == {}
    house.now += 86_400
    await house.go(60)
    row = (await house.rows())["deadline"]
    assert row.severity == "ticket"
    assert "5 of them are held by a gate that was shut by hand" in row.why
    house.now += 70_000
    await house.go(60)
    assert (await house.rows())["deadline"].severity == "page"
    assert (await house.rows()).keys() == {"deadline"}


async def test_while_an_incident_says_why_files_wait_only_their_age_pages(house: House) -> None:
    await house.ledger.incidents.open(
        Key("media.look_up", "upstream"), suspected=False, onset_at=1.0, why="x", rate=0.3, now=1.0, isolation=""
    )
    await house.receive(5)
    await house.fetch(RetryLater(due_at=house.now + 9e5, outcome=Outcome.UPSTREAM, reason="Meta answered 503."))
    failed = [Seen(**{**dict.fromkeys(Seen.__struct_fields__), "operation": "x", "at": house.now})]  # type: ignore[arg-type]
    await house.go(900, every_s=30, seen=failed)
    assert (await house.rows()).keys() == {"upstream"}
    house.now += 2 * 86_400
    await house.go(60)
    assert (await house.rows())["overdue"].severity == "page"


async def test_more_than_the_head_is_counted_rarely(house: House) -> None:
    for _ in range(3):
        await house.receive(200)
    await house.go(200, every_s=20)
    row = (await house.rows())["overdue"]
    assert "600 files of 1 workspace wait for longer than two minutes" in row.why


async def test_webhooks_that_stop_altogether_are_a_page_and_the_next_leader_goes_on(house: House) -> None:
    await house.habit()
    house.now += 60
    await house.comes()
    await house.go(420, every_s=30)
    row = (await house.rows())["silent"]
    assert (row.operation, row.severity, row.state) == ("webhook.receive", "page", "open")
    assert row.onset_at == NOW + 60
    assert "Receivers are alive" in row.why

    house.lead()
    await house.go(900, every_s=30)
    assert (await house.rows())["silent"].state == "open"
    for _ in range(7):
        await house.comes()
        await house.go(60, every_s=30)
    assert (await house.rows())["silent"].state == "closed"
    assert len(await house.ledger.incidents.latest()) == 1


async def test_one_number_that_goes_quiet_is_a_ticket_that_names_it(house: House) -> None:
    await house.ledger.provisioning.add_number(
        "100000000000003", workspace="acme", app="main", credential="token-a", now=NOW
    )
    quiet, other = [route.number_id for route in (await house.ledger.provisioning.snapshot()).routes]
    await house.habit(quiet, other)
    await house.comes(quiet, other)
    for _ in range(25):
        await house.go(60, every_s=30)
        await house.comes(other)
    (row,) = await house.ledger.incidents.latest()
    assert (row.outcome, row.severity) == ("number_silent", "ticket")
    name = {route.number_id: route.phone_number_id for route in (await house.ledger.provisioning.snapshot()).routes}
    assert f"{name[quiet]} since " in row.why
    assert name[other] not in row.why

    house.lead()
    for _ in range(8):
        await house.go(60, every_s=30)
        await house.comes(other)
    assert (await house.rows())["number_silent"].state == "open"
    for _ in range(8):
        await house.comes(quiet, other)
        await house.go(60, every_s=30)
    assert (await house.rows())["number_silent"].state == "closed"


async def test_an_installation_without_habits_is_never_silent(house: House) -> None:
    await house.comes()
    await house.go(21_600, every_s=60)
    assert await house.rows() == {}


async def test_refused_signatures_are_a_page_until_webhooks_are_taken_again(house: House) -> None:
    minute = int(house.now // 60)
    await house.ledger.vitals.came([], [Door(minute, 1, 0, 4, 4)])
    await house.go(15)
    row = (await house.rows())["signature"]
    assert (row.severity, row.state) == ("page", "open")
    await house.ledger.vitals.came([], [Door(minute + 1, 1, 50, 0, 0)])
    await house.go(1_500, every_s=30)
    assert (await house.rows())["signature"].state == "closed"


async def test_unknown_numbers_and_unread_bodies_are_tickets_for_a_day(house: House) -> None:
    await house.receive(1, number="999")
    snapshot = await house.ledger.provisioning.snapshot()
    body = b'{"object": "whatsapp_business_account", "entry": 7}'
    await house.ledger.journal.receive(
        app_id=1, body=body, signature="", reading=read(body), routes={}, version=snapshot.version, now=house.now
    )
    await house.go(15)
    rows = await house.rows()
    assert {(row.outcome, row.severity) for row in rows.values()} == {
        ("unknown_number", "ticket"),
        ("unread", "ticket"),
    }
    assert "999" in rows["unknown_number"].why
    house.now += 86_400
    await house.go(330)
    assert {row.state for row in (await house.rows()).values()} == {"closed"}


async def test_a_quiet_installation_opens_nothing_in_a_week(house: House) -> None:
    for _ in range(14):
        await house.receive(3)
        await house.fetch(Attached(3, b"\x01" * 32, "image/jpeg"))
        await house.comes()
        await house.go(600, every_s=30, seen=[house.delivered()])
        house.now += 12 * 3_600
    assert await house.rows() == {}
