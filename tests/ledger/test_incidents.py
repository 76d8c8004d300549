"""Incidents as rows: one open for an operation and a class, a timeline that only grows, on both stores."""

from typing import Any

import msgspec
import pytest

from penstock.core.baseline import KEPT_HOURS, Hour
from penstock.core.detector import Key
from penstock.core.errors import Conflict, NotFound
from penstock.core.incident import Cause, Kind, Severity
from penstock.ledger.book import Ledger

KEY = Key("media.download", "upstream")
NOW = 1_795_000_000.0
CAUSE = Cause({"wire_method": "POST", "server": ["a", "b"]}, True, ({"contract_ok": "no"},), 8, 20, 12.5)


async def opened(ledger: Ledger, **facts: Any) -> tuple[int, bool]:
    told: dict[str, Any] = {
        "key": KEY,
        "suspected": False,
        "onset_at": NOW - 5,
        "why": "Too many first attempts fail.",
        "rate": 0.3,
        "now": NOW,
        "isolation": "media.download is touched.",
    } | facts
    return await ledger.incidents.open(told.pop("key"), **told)


async def kinds(ledger: Ledger, id_: int) -> list[str]:
    return [event.kind for event in await ledger.incidents.events(id_)]


async def test_an_alarm_opens_one_incident_and_the_next_one_joins_it(ledger: Ledger) -> None:
    id_, new = await opened(ledger)
    assert (await opened(ledger, now=NOW + 1), new) == ((id_, False), True)
    other, _ = await opened(ledger, key=Key("media.download", "auth"))
    assert other != id_

    got = await ledger.incidents.get(id_)
    assert (got.operation, got.outcome, got.state, got.onset_at) == ("media.download", "upstream", "open", NOW - 5)
    assert (got.opened_at, got.closed_at, got.cause, got.gates, got.acknowledged_by) == (NOW, None, None, (), None)
    assert await kinds(ledger, id_) == ["onset", "alarm", "isolation"]
    assert [each.id for each in await ledger.incidents.latest()] == [other, id_]
    assert [each.id for each in await ledger.incidents.latest(before=other)] == [id_]


async def test_a_suspicion_is_confirmed_once(ledger: Ledger) -> None:
    id_, _ = await opened(ledger, suspected=True)
    assert (await ledger.incidents.get(id_)).state == "suspected"
    assert await opened(ledger, suspected=True, now=NOW + 1) == (id_, False)
    assert await opened(ledger, now=NOW + 90, rate=0.5, onset_at=NOW - 9) == (id_, True)
    assert await opened(ledger, now=NOW + 91) == (id_, False)

    got = await ledger.incidents.get(id_)
    assert (got.state, got.rate) == ("open", 0.5)
    assert (await kinds(ledger, id_)).count("alarm") == 1


async def test_what_is_found_out_is_kept_and_told(ledger: Ledger) -> None:
    id_, _ = await opened(ledger)
    await ledger.incidents.diagnosed(id_, CAUSE, now=NOW + 2)
    await ledger.incidents.counted(id_, failures=8, outcomes=20, files=8, workspaces=3)
    await ledger.incidents.gated(id_, [4, 5], "A gate of breaker stands.", at=NOW + 3, actor="breaker")
    await ledger.incidents.note(id_, Kind.TEST, "3 of 10 fail.", at=NOW + 4, data={"failed": 3})

    got = await ledger.incidents.get(id_)
    assert (got.cause, got.gates) == (CAUSE, (4, 5))
    assert (got.failures, got.outcomes, got.files, got.workspaces) == (8, 20, 8, 3)
    events = await ledger.incidents.events(id_)
    assert [event.kind for event in events][3:] == ["diagnosis", "gate", "test"]
    assert events[3].text.startswith("Our own request is the cause")
    assert events[4].actor == "breaker"
    assert events[5].data == {"failed": 3}


async def test_a_line_goes_into_every_open_incident_or_into_those_of_one_operation(ledger: Ledger) -> None:
    over, _ = await opened(ledger)
    await ledger.incidents.close(over, "It is over.", now=NOW + 1)
    here, _ = await opened(ledger)
    there, _ = await opened(ledger, key=Key("media.look_up", "auth"), suspected=True)

    told = await ledger.incidents.note_open(
        Kind.TRACE, "Exchanges of acme are kept.", at=NOW + 5, actor="cli:anna", data={"trace": 7}
    )
    assert told == [here, there]
    told = await ledger.incidents.note_open(Kind.ROLLOUT, "Back to standard/1.", at=NOW + 6, operation="media.look_up")
    assert told == [there]
    assert (await kinds(ledger, over))[-1] == "closed"
    assert (await kinds(ledger, here))[-1] == "trace"
    trace, rollout = (await ledger.incidents.events(there))[-2:]
    assert (trace.kind, trace.actor, trace.text, trace.data) == (
        "trace",
        "cli:anna",
        "Exchanges of acme are kept.",
        {"trace": 7},
    )
    assert (rollout.kind, rollout.actor, rollout.at) == ("rollout", "watch", NOW + 6)


async def test_an_incident_is_a_page_unless_it_is_said_to_be_a_ticket(ledger: Ledger) -> None:
    page, _ = await opened(ledger)
    ticket, _ = await opened(ledger, key=Key("media.download", "burn_rate"), severity=Severity.TICKET, isolation="")

    assert (await ledger.incidents.get(page)).severity == "page"
    assert (await ledger.incidents.get(ticket)).severity == "ticket"
    assert [row.severity for row in await ledger.incidents.latest()] == ["ticket", "page"]
    assert await kinds(ledger, ticket) == ["onset", "alarm"]


async def test_a_closed_one_stays_closed_and_the_next_alarm_is_another(ledger: Ledger) -> None:
    id_, _ = await opened(ledger)
    assert await ledger.incidents.close(id_, "It is over.", now=NOW + 60)
    assert not await ledger.incidents.close(id_, "It is over.", now=NOW + 61)
    await ledger.incidents.diagnosed(id_, CAUSE, now=NOW + 62)

    got = await ledger.incidents.get(id_)
    assert (got.state, got.closed_at) == ("closed", NOW + 60)
    assert (await kinds(ledger, id_)).count("closed") == 1
    assert await ledger.incidents.latest(only_open=True) == []
    again, new = await opened(ledger, now=NOW + 100)
    assert new
    assert again != id_


async def test_somebody_acknowledges_it_once_and_the_log_says_who(ledger: Ledger) -> None:
    id_, _ = await opened(ledger)
    got = await ledger.incidents.acknowledge(id_, who="cli:anna", why="I look", now=NOW + 9)
    assert (got.acknowledged_by, got.acknowledged_at) == ("cli:anna", NOW + 9)
    with pytest.raises(Conflict, match="cli:anna"):
        await ledger.incidents.acknowledge(id_, who="cli:ben", why="me too", now=NOW + 10)

    (entry,) = [one.entry for one in await ledger.audit_log.read() if one.entry.action == "incident.ack"]
    assert (entry.who, entry.why, entry.subject) == ("cli:anna", "I look", {"incident": id_})
    assert (await kinds(ledger, id_))[-1] == "acknowledged"


async def test_one_that_is_not_there_is_said_to_be_missing(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="incident list"):
        await ledger.incidents.get(404)
    with pytest.raises(NotFound):
        await ledger.incidents.acknowledge(404, who="cli:anna", why="x", now=NOW)


async def test_whoever_tells_of_them_goes_on_where_it_stopped(ledger: Ledger) -> None:
    id_, _ = await opened(ledger)
    first = await ledger.incidents.new_events(after=0)
    assert len(first) == 3
    await ledger.incidents.close(id_, "It is over.", now=NOW + 60)

    assert [event.kind for event in await ledger.incidents.new_events(after=first[-1].id)] == ["closed"]


async def test_what_is_normal_adds_up_by_the_hour_and_is_forgotten_after_four_weeks(ledger: Ledger) -> None:
    hour = int(NOW // 3_600)
    old = Hour(hour - KEPT_HOURS - 2, 100, 1)
    await ledger.incidents.add_hours([(KEY, old)], now=NOW - 3 * 3_600)
    await ledger.incidents.add_hours([(KEY, Hour(hour - 1, 100, 1)), (KEY, Hour(hour - 1, 50, 2))], now=NOW)

    assert await ledger.incidents.hours(now=NOW) == {KEY: [Hour(hour - 1, 150, 3)]}


async def test_what_a_test_of_a_cause_has_shown_is_with_the_cause_and_in_the_timeline(ledger: Ledger) -> None:
    id_, _ = await opened(ledger)
    await ledger.incidents.diagnosed(id_, CAUSE, now=NOW)
    assert (await ledger.incidents.get(id_)).cause == CAUSE
    tested = msgspec.structs.replace(CAUSE, tested="Answers differ.")
    await ledger.incidents.tested(id_, tested, "Answers differ.", {"requests": 10}, now=NOW + 5)

    assert (await ledger.incidents.get(id_)).cause == tested
    event = (await ledger.incidents.events(id_))[-1]
    assert (event.kind, event.text, event.data, event.at) == (Kind.TEST, "Answers differ.", {"requests": 10}, NOW + 5)
    await ledger.incidents.close(id_, "over", now=NOW + 6)
    await ledger.incidents.tested(id_, CAUSE, "Too late.", {}, now=NOW + 7)
    assert (await ledger.incidents.get(id_)).cause == tested
    assert (await kinds(ledger, id_))[-1] == Kind.CLOSED
