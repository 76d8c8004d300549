"""Incidents through the API: seen by viewers of everything, acknowledged by operators."""

from typing import Any

import pytest

from penstock.core.detector import Key
from penstock.core.incident import Cause

NOW = 1_795_000_000.0


@pytest.fixture
async def incident(site: Any) -> int:
    id_, _ = await site.ledger.incidents.open(
        Key("media.look_up", "upstream"),
        suspected=False,
        onset_at=NOW - 5,
        why="Too many first attempts fail.",
        rate=0.3,
        now=NOW,
        isolation="media.look_up is touched.",
    )
    cause = Cause({"wire_method": "POST"}, True, ({"contract_ok": "no"},), 8, 20, 12.5)
    await site.ledger.incidents.diagnosed(id_, cause, now=NOW + 2)
    return int(id_)


async def test_a_viewer_sees_incidents_and_their_timelines(site: Any, incident: int) -> None:
    token = await site.token("viewer")
    (listed,) = (await site.get("/api/v1/incidents", token=token)).json["incidents"]
    assert listed.keys() >= {"id", "state", "operation", "class", "onset_at", "opened_at", "closed_at", "cause"}
    assert (listed["id"], listed["class"], listed["state"]) == (incident, "upstream", "open")
    assert listed["cause"] == {
        "rule": {"wire_method": "POST"},
        "own_request": True,
        "also": [{"contract_ok": "no"}],
        "failures": 8,
        "outcomes": 20,
        "tested": None,
        "symptoms": [],
    }
    whole = (await site.get(f"/api/v1/incidents/{incident}", token=token)).json
    assert whole["incident"] == listed
    assert [event["kind"] for event in whole["events"]] == ["onset", "alarm", "isolation", "diagnosis"]
    for name in ("999", "x", "9" * 30):
        assert (await site.get(f"/api/v1/incidents/{name}", token=token)).status == 404


async def test_pages_lead_to_older_ones(site: Any, incident: int) -> None:
    token = await site.token("viewer")
    await site.ledger.incidents.close(incident, "It is over.", now=NOW + 9)
    newer, _ = await site.ledger.incidents.open(
        Key("media.look_up", "auth"), suspected=True, onset_at=NOW, why="x", rate=0.3, now=NOW, isolation="x"
    )
    first = (await site.get("/api/v1/incidents?limit=1", token=token)).json
    assert ([each["id"] for each in first["incidents"]], first["next"]) == ([newer], newer)
    second = (await site.get(f"/api/v1/incidents?limit=1&before={newer}", token=token)).json
    assert ([each["id"] for each in second["incidents"]], second["next"]) == ([incident], None)
    still = (await site.get("/api/v1/incidents?open=true", token=token)).json
    assert [each["id"] for each in still["incidents"]] == [newer]


async def test_an_operator_acknowledges_once(site: Any, incident: int) -> None:
    path = f"/api/v1/incidents/{incident}/acknowledge"
    assert (await site.post(path, token=await site.token("viewer"), json={"why": "mine"})).status == 403
    token = await site.token("operator", name="ops")
    got = await site.post(path, token=token, json={"why": "mine"})
    assert (got.status, got.json["acknowledged_by"]) == (200, "token:ops"), got.text
    assert (await site.post(path, token=token, json={"why": "again"})).status == 409
    assert (await site.post(path, token=token, json={"why": ""})).status == 400


async def test_a_token_with_a_workspace_sees_none_of_it(site: Any, incident: int) -> None:
    token = await site.token("operator", workspace="acme")
    for path in ("/api/v1/incidents", f"/api/v1/incidents/{incident}"):
        assert (await site.get(path, token=token)).status == 403
    assert (await site.post(f"/api/v1/incidents/{incident}/acknowledge", token=token, json={"why": "x"})).status == 403
