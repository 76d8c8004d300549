"""What a report is made of: the incident with its timeline, its impact, and what people did meanwhile."""

import pytest

from penstock.controls.watch.reporting import gathered
from penstock.core.detector import Key
from penstock.core.errors import NotFound
from penstock.core.operation import LOOK_UP
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


async def test_an_incident_that_is_not_there_is_said_so(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="no incident 7"):
        await gathered(ledger, 7)
