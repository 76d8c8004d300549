"""What a report is made of: the incident with its timeline, its impact, and what people did meanwhile."""

import pytest

from penstock.controls.watch import reporting
from penstock.controls.watch.reporting import gathered
from penstock.core.detector import Key
from penstock.core.errors import NotFound
from penstock.core.operation import LOOK_UP
from penstock.ledger.audit_log import Entry
from penstock.ledger.book import Ledger


async def test_everything_about_an_incident_is_gathered(ledger: Ledger) -> None:
    now = await ledger.now()
    id_, _ = await ledger.incidents.open(
        Key(LOOK_UP.name, "upstream"),
        suspected=False,
        onset_at=now - 60,
        why="Too many fail.",
        rate=0.3,
        now=now,
        isolation="media.look_up is touched.",
    )
    await ledger.gates.shut({"host": "a.example"}, owner="operator", by="cli:anna", why="it fails", now=now)
    told = await gathered(ledger, id_)
    assert told.incident.id == id_
    assert next(event.kind for event in told.events) == "onset"
    assert [(action.who, action.what) for action in told.actions] == [("cli:anna", "gate.shut host a.example")]


async def test_what_was_done_in_time_is_told_however_much_came_later(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "_ACTIONS", 2)
    at = await ledger.now() - 90 * 86_400
    key = Key(LOOK_UP.name, "upstream")
    id_, _ = await ledger.incidents.open(key, suspected=False, onset_at=at, why="x", rate=0.3, now=at + 9, isolation="")
    for nth in range(3):
        await ledger.audit_log.append(Entry("cli:anna", "alerts.test", {"targets": ["a", "b"]}, f"{nth}"), now=at + nth)
    await ledger.incidents.close(id_, "over", now=at + 100)
    for nth in range(5):
        await ledger.audit_log.append(Entry("cli:bob", "gate.shut", {}, "another day"), now=at + 2_000 + nth)
    await ledger.audit_log.append(Entry("cli:anna", "reprocess.start", {}, "after it"), now=at + 3_000)
    told = await gathered(ledger, id_)
    assert [(action.who, action.what, action.why) for action in told.actions] == [
        ("cli:anna", "alerts.test targets a and b", "0"),
        ("cli:anna", "alerts.test targets a and b", "1"),
    ]
    assert told.unlisted == 2


async def test_what_is_done_again_and_again_is_told_once(ledger: Ledger) -> None:
    now = await ledger.now()
    key = Key(LOOK_UP.name, "upstream")
    id_, _ = await ledger.incidents.open(key, suspected=False, onset_at=now, why="x", rate=0.3, now=now, isolation="")
    for nth in range(14):
        entry = Entry("breaker", "gate.set", {"scope": {}}, "A little more.", None, {"opening": nth})
        await ledger.audit_log.append(entry, now=now + nth / 100)
    await ledger.audit_log.append(Entry("breaker", "gate.open", {"scope": {}}, "Over."), now=now + 0.2)
    await ledger.incidents.close(id_, "over", now=now + 1)
    told = await gathered(ledger, id_)
    assert [action.what for action in told.actions] == ["gate.set everything", "gate.open everything"]
    assert told.actions[0].why.startswith("A little more. (14 times, until 20")


async def test_an_incident_that_is_not_there_is_said_so(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="no incident 7"):
        await gathered(ledger, 7)
