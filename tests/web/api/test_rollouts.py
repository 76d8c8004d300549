"""Rollouts through the API: viewers of everything see them, operators start and move them, and the log says who."""

from typing import Any

import pytest

KEYS = {"id", "recipe", "previous", "stage", "share", "outcomes", "failures", "evidence", "reason", "since"}


@pytest.fixture
async def recipe(site: Any) -> str:
    await site.ledger.recipes.add("next", who="cli:anna", why="a test")
    return "next"


async def test_an_operator_starts_and_moves_it_and_a_viewer_sees_it(site: Any, recipe: str) -> None:
    operator, viewer = await site.token("operator"), await site.token("viewer")
    new = {"recipe": recipe, "why": "it is newer", "without_test": True}
    assert (await site.post("/api/v1/rollouts", json=new, token=viewer)).status == 403
    made = await site.post("/api/v1/rollouts", json=new, token=operator)
    assert made.status == 201
    assert made.json.keys() >= KEYS
    assert (made.json["recipe"], made.json["stage"], made.json["share"]) == ("next/1", "test", 0.0)

    place = f"/api/v1/rollouts/{made.json['id']}"
    for move, stage in (("advance", "1"), ("pause", "paused"), ("resume", "1"), ("rollback", "rolled-back")):
        assert (await site.post(f"{place}/move", json={"move": move, "why": "x"}, token=viewer)).status == 403
        answer = await site.post(f"{place}/move", json={"move": move, "why": "by hand"}, token=operator)
        assert (answer.status, answer.json["stage"]) == (200, stage)
    assert (await site.get(place, token=viewer)).json["reason"] == "by hand"
    assert [each["id"] for each in (await site.get("/api/v1/rollouts", token=viewer)).json["rollouts"]] == [
        made.json["id"]
    ]
    entries = [one.entry for one in await site.ledger.audit_log.read() if one.entry.action.startswith("rollout.")]
    assert len(entries) == 5
    assert all(entry.who.startswith("token:") for entry in entries)


async def test_what_does_not_go_is_said_in_a_line(site: Any, recipe: str) -> None:
    token = await site.token("operator")
    none = await site.post("/api/v1/rollouts", json={"recipe": "other", "why": "x"}, token=token)
    assert none.status == 404
    untested = await site.post("/api/v1/rollouts", json={"recipe": recipe, "why": "x"}, token=token)
    assert untested.status == 409
    made = await site.post("/api/v1/rollouts", json={"recipe": recipe, "why": "x", "without_test": True}, token=token)
    place = f"/api/v1/rollouts/{made.json['id']}/move"
    assert (await site.post(place, json={"move": "back", "why": "x"}, token=token)).status == 400
    assert (await site.post(place, json={"move": "resume", "why": "x"}, token=token)).status == 409
    assert (await site.post(place, json={"move": "rollback", "why": "x"}, token=token)).status == 200
    assert (await site.post(place, json={"move": "rollback", "why": "x"}, token=token)).status == 409
    for name in ("999", "x", "9" * 30):
        assert (await site.get(f"/api/v1/rollouts/{name}", token=token)).status == 404


async def test_pages_lead_to_older_ones(site: Any, recipe: str) -> None:
    token = await site.token("operator")
    ids = []
    for _ in range(3):
        made = await site.post(
            "/api/v1/rollouts", json={"recipe": recipe, "why": "x", "without_test": True}, token=token
        )
        ids.append(made.json["id"])
        await site.post(f"/api/v1/rollouts/{ids[-1]}/move", json={"move": "rollback", "why": "x"}, token=token)
    first = (await site.get("/api/v1/rollouts?limit=2", token=token)).json
    assert ([each["id"] for each in first["rollouts"]], first["next"]) == (ids[:0:-1], ids[1])
    second = (await site.get(f"/api/v1/rollouts?limit=2&before={first['next']}", token=token)).json
    assert ([each["id"] for each in second["rollouts"]], second["next"]) == (ids[:1], None)


async def test_a_token_of_one_workspace_sees_none(site: Any, recipe: str) -> None:
    await site.ledger.provisioning.add_workspace("beta", now=1.0)
    token = await site.token("admin", workspace="beta")
    assert (await site.get("/api/v1/rollouts", token=token)).status == 403
    new = {"recipe": recipe, "why": "x", "without_test": True}
    assert (await site.post("/api/v1/rollouts", json=new, token=token)).status == 403
