"""The watch at work: incidents opened, named, told of gates and closed, whoever leads."""

import random
from typing import Any

import pytest

from penstock.controls.watch.watch import Watch
from penstock.core.detector import Key, Signal
from penstock.core.incident import Incident
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

NOW = 1_795_000_000.0
MANY = 40  # workspaces: no alarm must be confirmed


class Fleet:
    """A watch, and the attempts that it is shown: a few a second, of so many workspaces."""

    def __init__(self, ledger: Ledger, *, workspaces: int = MANY) -> None:
        self.ledger = ledger
        self.workspaces = workspaces
        self.rng = random.Random(5)
        self.now = NOW
        self.count = 0
        self.lead()

    def lead(self) -> None:
        """Another process leads the watch from now on."""
        self.watch = Watch(self.ledger, rng=random.Random(7))

    def attempt(self, outcome: Outcome = Outcome.DELIVERED, **facts: Any) -> Seen:
        self.count += 1
        known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__) | {
            "id": self.count,
            "media_row": self.count,
            "nth": 1,
            "at": self.now,
            "operation": DOWNLOAD.name,
            "declared_method": "GET",
            "wire_method": "GET",
            "host": "lookaside.example",
            "outcome": outcome,
            "status": 200 if outcome is Outcome.DELIVERED else 503,
            "duration_s": 0.1,
            "recipe": "standard/1",
            "server": f"edge-{self.count % 4}",
            "workspace": f"w{self.count % self.workspaces}",
            "number": f"n{self.count % self.workspaces}",
            "conversation_id": self.count,
            "kind": self.rng.choice(["image", "video"]),
            "received_at": self.now,
        }
        return Seen(**known | facts)

    async def second(self, *seen: Seen) -> None:
        """One round, a second after the last one."""
        self.now += 1.0
        await self.watch.look(seen, self.now)

    async def well(self, seconds: int, *, each: int = 4) -> None:
        for _ in range(seconds):
            await self.second(*(self.attempt() for _ in range(each)))

    async def ill(self, seconds: int, outcome: Outcome = Outcome.UPSTREAM, **facts: Any) -> None:
        """Every other attempt fails; the failing ones have ``facts``. Look-ups are as ever."""
        for _ in range(seconds):
            good = [self.attempt(), self.attempt(), self.attempt(operation=LOOK_UP.name)]
            await self.second(*good, self.attempt(outcome, **facts), self.attempt(outcome, **facts))

    async def shown(self, seconds: int, *, ill: bool) -> list[Seen]:
        """As ``well`` and ``ill``; what the watch was shown."""
        every = []
        for _ in range(seconds):
            outcome = Outcome.UPSTREAM if ill else Outcome.DELIVERED
            now = [self.attempt(), self.attempt(), self.attempt(outcome), self.attempt(outcome)]
            await self.second(*now)
            every += now
        return every

    async def until_open(self, most_s: int = 60, **facts: Any) -> Incident:
        """It is ill until an incident is open."""
        for _ in range(most_s):
            await self.ill(1, **facts)
            found = await self.ledger.incidents.latest(only_open=True)
            if found and found[0].state == "open":
                return found[0]
        raise AssertionError("no incident was opened")

    async def kinds(self, id_: int) -> list[str]:
        return [event.kind for event in await self.ledger.incidents.events(id_)]


@pytest.fixture
def fleet(ledger: Ledger) -> Fleet:
    return Fleet(ledger)


async def test_an_outage_is_opened_isolated_named_and_closed_by_evidence(fleet: Fleet) -> None:
    await fleet.well(60)
    assert await fleet.ledger.incidents.latest() == []
    began = fleet.now
    found = await fleet.until_open(wire_method="POST")

    assert (found.operation, found.outcome) == (DOWNLOAD.name, "upstream")
    assert fleet.now - began <= 20
    assert abs(found.onset_at - began) <= 10
    await fleet.ill(40, wire_method="POST")
    named = await fleet.ledger.incidents.get(found.id)
    assert named.cause is not None
    assert named.cause.own_request
    assert named.cause.failures <= 100
    said = [named.cause.rule, *named.cause.also]
    assert {"contract_ok": "no"} in said
    assert {"wire_method": "POST"} in said
    assert named.failures > 40
    assert named.workspaces > 1

    await fleet.well(120)
    over = await fleet.ledger.incidents.get(found.id)
    assert over.state == "closed"
    kinds = await fleet.kinds(found.id)
    assert kinds[:3] == ["onset", "alarm", "isolation"]
    assert "diagnosis" in kinds
    assert "recovery" in kinds
    assert kinds[-1] == "closed"
    isolation = next(event.text for event in await fleet.ledger.incidents.events(found.id) if event.kind == "isolation")
    assert isolation.startswith("media.download is touched.")
    assert "media.look_up: 0 of " in isolation


async def test_what_fails_in_one_workspace_is_suspected_and_confirmed_by_a_second_suspicion(ledger: Ledger) -> None:
    fleet = Fleet(ledger, workspaces=1)
    await fleet.well(60)
    await fleet.ill(20)
    (found,) = await ledger.incidents.latest()
    assert found.state == "suspected"

    confirmed = await fleet.until_open(most_s=200)
    assert confirmed.id == found.id
    kinds = await fleet.kinds(found.id)
    assert kinds.index("suspected") < kinds.index("alarm")
    assert confirmed.onset_at == found.onset_at
    assert kinds.count("onset") == 1


async def test_an_alarm_that_is_about_something_later_than_was_suspected_says_when_that_began(fleet: Fleet) -> None:
    key = Key(DOWNLOAD.name, "upstream")
    await fleet.watch.said(Signal("suspected", key, NOW, NOW - 5, 0.3, 9, "too many fail"), NOW)
    await fleet.watch.said(Signal("alarm", key, NOW + 700, NOW + 690, 0.3, 9, "2 of 5 probes failed"), NOW + 700)
    (found,) = await fleet.ledger.incidents.latest()
    assert (found.state, found.onset_at) == ("open", NOW + 690)
    assert fleet.watch.opened[key].onset_at == NOW + 690
    onsets = [event.at for event in await fleet.ledger.incidents.events(found.id) if event.kind == "onset"]
    assert onsets == [NOW - 5, NOW + 690]


async def test_a_suspicion_that_nothing_confirms_is_over(ledger: Ledger) -> None:
    fleet = Fleet(ledger, workspaces=1)
    await fleet.well(60)
    await fleet.ill(15)
    (found,) = await ledger.incidents.latest()
    assert found.state == "suspected"
    await fleet.well(5)
    fleet.now += 1_000
    await fleet.well(1)

    assert (await ledger.incidents.get(found.id)).state == "closed"
    assert "alarm" not in await fleet.kinds(found.id)


async def test_probes_confirm_what_one_workspace_makes_suspicious(ledger: Ledger) -> None:
    fleet = Fleet(ledger, workspaces=1)
    fleet.watch = Watch(ledger, rng=random.Random(7), probing=True)
    await fleet.well(60)
    await fleet.ill(20)
    assert fleet.watch.detector.wants_probes() == {DOWNLOAD.name}
    for failed in (None, Outcome.UPSTREAM, None, Outcome.TIMEOUT):
        await fleet.watch.probed(DOWNLOAD.name, failed=failed, now=fleet.now)

    (found,) = await ledger.incidents.latest()
    assert found.state == "open"
    assert fleet.watch.detector.wants_probes() == set()


async def test_one_request_of_ours_that_is_not_the_declared_one_is_an_incident(fleet: Fleet) -> None:
    await fleet.well(10)
    await fleet.second(fleet.attempt(Outcome.CONTRACT, wire_method="POST", status=None))
    await fleet.second(fleet.attempt(Outcome.CONTRACT, wire_method="POST", status=None))

    (found,) = await fleet.ledger.incidents.latest()
    assert (found.outcome, found.state, found.failures) == ("contract", "open", 1)  # counted anew every two seconds
    await fleet.well(3)
    assert (await fleet.ledger.incidents.get(found.id)).failures == 2


async def test_a_request_of_ours_that_went_out_other_than_declared_is_one_incident_and_named(fleet: Fleet) -> None:
    await fleet.well(60)
    astray: dict[str, Any] = {"wire_method": "POST", "operation": LOOK_UP.name}
    for _ in range(10):
        passed = [fleet.attempt(**astray) for _ in range(3)]
        await fleet.second(*passed, fleet.attempt(Outcome.CLIENT_BUG, **astray, status=405))

    (found,) = await fleet.ledger.incidents.latest()
    assert (found.operation, found.outcome, found.state) == (LOOK_UP.name, "client_bug", "open")
    assert found.opened_at == NOW + 61
    assert found.cause is not None
    assert found.cause.own_request
    for _ in range(60):
        await fleet.second(*(fleet.attempt(operation=LOOK_UP.name) for _ in range(3)))
    assert (await fleet.ledger.incidents.get(found.id)).state == "closed"


async def test_requests_that_go_out_as_declared_again_close_an_incident_of_our_own_request(fleet: Fleet) -> None:
    for _ in range(3):
        await fleet.second(fleet.attempt(Outcome.CONTRACT, wire_method="POST", status=None, recipe="legacy/1"))
    (found,) = await fleet.ledger.incidents.latest()
    await fleet.well(8)
    assert (await fleet.ledger.incidents.get(found.id)).state == "open"  # others are not seen in order
    await fleet.well(3)
    over = await fleet.ledger.incidents.get(found.id)
    assert over.state == "closed"
    assert "a mended implementation is in use" in (await fleet.ledger.incidents.events(found.id))[-1].text


async def test_incidents_that_no_failure_shows_are_not_this_controls(fleet: Fleet) -> None:
    key = Key("webhook.receive", "silent")
    id_, _ = await fleet.ledger.incidents.open(
        key, suspected=False, onset_at=NOW, why="No webhook came.", rate=0.0, now=NOW, isolation=""
    )
    await fleet.well(2)
    fleet.now += 1_000
    await fleet.well(2)
    assert (await fleet.ledger.incidents.get(id_)).state == "open"


async def test_gates_that_others_set_since_it_began_are_in_its_timeline(fleet: Fleet) -> None:
    await fleet.ledger.gates.shut({"kind": "video"}, owner="operator", by="cli:anna", why="before", now=NOW - 100)
    await fleet.well(60)
    found = await fleet.until_open()
    scope = {"operation": DOWNLOAD.name}
    await fleet.ledger.gates.shut({"operation": LOOK_UP.name}, owner="breaker", by="x", why="other", now=fleet.now)
    gate = await fleet.ledger.gates.shut(scope, owner="breaker", by="breaker", why="503s", now=fleet.now)
    await fleet.ill(1)

    assert (await fleet.ledger.incidents.get(found.id)).gates == (gate,)
    told = [event for event in await fleet.ledger.incidents.events(found.id) if event.kind == "gate"]
    assert [(event.actor, event.text) for event in told] == [("breaker", "A gate of breaker stands: 503s")]
    await fleet.ledger.gates.open(scope, owner="breaker", by="breaker", why="well", now=fleet.now)
    await fleet.ill(1)
    assert (await fleet.ledger.incidents.get(found.id)).gates == (gate,)  # which ones there were
    assert (await fleet.kinds(found.id)).count("gate") == 2


async def test_the_next_leader_goes_on_with_an_open_incident(fleet: Fleet) -> None:
    await fleet.well(60)
    found = await fleet.until_open()
    await fleet.ill(3)
    known = await fleet.ledger.incidents.get(found.id)
    fleet.lead()
    await fleet.ill(5)
    assert [each.id for each in await fleet.ledger.incidents.latest()] == [found.id]
    assert (await fleet.ledger.incidents.get(found.id)).failures > known.failures

    await fleet.well(120)
    assert (await fleet.ledger.incidents.get(found.id)).state == "closed"


async def test_what_an_earlier_leader_saw_closes_nothing_and_counts_once(fleet: Fleet) -> None:
    history = await fleet.shown(60, ill=False)
    before = fleet.now
    for _ in range(30):
        history += await fleet.shown(1, ill=True)
        if (found := await fleet.ledger.incidents.latest()) and found[0].state == "open":
            break
    history += await fleet.shown(5, ill=True)
    (known,) = await fleet.ledger.incidents.latest()
    assert known.onset_at >= before - 2

    fleet.lead()
    await fleet.second(*history)  # the next leader begins some minutes back: calm, and then the outage
    (same,) = await fleet.ledger.incidents.latest()
    assert (same.id, same.state) == (known.id, "open")
    await fleet.shown(5, ill=True)
    (same,) = await fleet.ledger.incidents.latest()
    assert same.state == "open"
    assert known.failures < same.failures <= known.failures + 2 * 8
    assert "recovery" not in await fleet.kinds(known.id)


async def test_what_an_earlier_leader_closed_is_not_opened_again_by_its_own_attempts(fleet: Fleet) -> None:
    history = await fleet.shown(60, ill=False) + await fleet.shown(30, ill=True) + await fleet.shown(120, ill=False)
    (known,) = await fleet.ledger.incidents.latest()
    assert known.state == "closed"

    fleet.lead()
    await fleet.second(*history)
    assert [each.id for each in await fleet.ledger.incidents.latest()] == [known.id]
    assert (await fleet.until_open()).id != known.id


async def test_an_incident_in_which_nothing_fails_any_more_is_over_without_traffic(fleet: Fleet) -> None:
    await fleet.well(60)
    found = await fleet.until_open()
    fleet.now += 601
    await fleet.second()

    assert (await fleet.ledger.incidents.get(found.id)).state == "closed"


async def test_what_was_normal_is_kept_by_the_hour_but_for_incidents(fleet: Fleet) -> None:
    await fleet.well(30)
    fleet.now += 3_600
    await fleet.second()

    hours = await fleet.ledger.incidents.hours(now=fleet.now)
    assert [(each.outcomes, each.failures) for key, (each,) in hours.items() if key.family == "upstream"] == [(120, 0)]


async def test_a_test_of_a_cause_stays_with_the_next_cause_and_in_the_right_incident(fleet: Fleet) -> None:
    await fleet.well(60)
    found = await fleet.until_open(wire_method="POST")
    await fleet.ill(5, wire_method="POST")
    key = Key(found.operation, found.outcome)
    await fleet.watch.tested(key, found.id + 1, "Of another one.", {}, fleet.now)
    await fleet.watch.tested(key, found.id, "Answers differ.", {"requests": 10}, fleet.now)
    await fleet.ill(30, wire_method="POST", server="edge-9")

    cause = (await fleet.ledger.incidents.get(found.id)).cause
    assert cause is not None
    assert cause.tested == "Answers differ."
    assert (await fleet.kinds(found.id)).count("test") == 1


async def test_probes_that_succeed_close_what_only_probes_saw(fleet: Fleet) -> None:
    key = Key(LOOK_UP.name, "upstream")
    await fleet.second()
    await fleet.watch.said(Signal("alarm", key, fleet.now, fleet.now - 30, 0.99, 2, "probes failed"), fleet.now)
    await fleet.watch.over(key, "They succeed.", fleet.now)
    (found,) = await fleet.ledger.incidents.latest()
    assert (found.state, found.failures) == ("closed", 0)

    await fleet.well(60)
    other = await fleet.until_open()
    await fleet.watch.over(Key(other.operation, other.outcome), "They succeed.", fleet.now)
    assert (await fleet.ledger.incidents.get(other.id)).state == "open"  # customers' files fail
