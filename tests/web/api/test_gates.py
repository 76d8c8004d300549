"""Gates through the API: by role, by workspace, with what they cost; and who did it, for admins."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

SHUT = {"scope": {"workspace": "acme"}, "why": "Meta is down"}


async def test_an_operator_shuts_a_gate_and_is_told_what_it_costs(site: Any) -> None:
    await site.receive(site.file("image", "m1"), site.file("image", "m2"))
    token = await site.token("operator", name="ops")
    got = await site.post("/api/v1/gates", token=token, json=SHUT)

    assert got.status == 201, got.text
    gate, cost = got.json["gate"], got.json["cost"]
    assert (gate["scope"], gate["opening"], gate["owner"]) == ({"workspace": "acme"}, 0, "operator")
    assert (gate["by"], gate["why"], gate["holding"]) == ("token:ops", "Meta is down", 2)
    assert (cost["waiting"], cost["workspaces"], cost["expiring"]) == (2, 1, 0)
    assert cost["sentence"].startswith("2 files of 1 workspace wait in its scope, none of which expires before ")
    assert (await site.get("/api/v1/gates", token=await site.token("viewer"))).json == {"gates": [gate]}


async def test_a_gate_is_changed_in_steps_and_opened(site: Any) -> None:
    token = await site.token("operator")
    first = (await site.post("/api/v1/gates", token=token, json=SHUT)).json["gate"]
    end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    step = await site.post("/api/v1/gates", token=token, json=SHUT | {"opening": 2.5, "until": end, "why": "slowly"})
    assert (step.json["gate"]["id"], step.json["gate"]["opening"]) == (first["id"], 2.5)
    assert step.json["gate"]["until"] is not None

    assert (await site.ask("DELETE", "/api/v1/gates?workspace=acme&why=up", token=token)).status == 204
    assert (await site.ask("DELETE", "/api/v1/gates?workspace=acme&why=up", token=token)).status == 404
    assert (await site.get("/api/v1/gates", token=token)).json == {"gates": []}
    everything = await site.post("/api/v1/gates", token=token, json={"scope": {}, "why": "all of it"})
    assert everything.json["gate"]["scope"] == {}
    assert (await site.ask("DELETE", "/api/v1/gates?all=true&why=up", token=token)).status == 204


async def test_an_operator_may_overrule_the_automatic_ones(site: Any) -> None:
    now = time.time()
    await site.ledger.gates.shut({}, owner="breaker", by="breaker", why="503s", now=now)
    token = await site.token("operator")
    new: dict[str, Any] = {"scope": {}, "why": "we know better", "opening": None}
    assert "does nothing" in (await site.post("/api/v1/gates", token=token, json=new)).text
    got = await site.post("/api/v1/gates", token=token, json=new | {"override_automatic": True})

    assert (got.json["gate"]["opening"], got.json["gate"]["override_automatic"]) == (None, True)
    assert {gate["owner"] for gate in (await site.get("/api/v1/gates", token=token)).json["gates"]} == {
        "breaker",
        "operator",
    }


@pytest.mark.parametrize("role", ["viewer", "agent"])
async def test_others_only_look(site: Any, role: str) -> None:
    token = await site.token(role)

    assert (await site.post("/api/v1/gates", token=token, json=SHUT)).status == 403
    assert (await site.ask("DELETE", "/api/v1/gates?workspace=acme&why=up", token=token)).status == 403
    assert (await site.get("/api/v1/gates", token=token)).status == 200


async def test_a_token_with_a_workspace_sees_and_sets_only_its_own(site: Any, other: str) -> None:
    everywhere, mine = await site.token("operator"), await site.token("operator", workspace="acme")
    for scope in ({}, {"workspace": "other"}, {"number": other}, {"kind": "image"}, {"credential": "token-a"}):
        new = {"scope": scope, "why": "secret affairs of others"}
        assert (await site.post("/api/v1/gates", token=everywhere, json=new)).status == 201
        got = await site.post("/api/v1/gates", token=mine, json=new)
        assert got.status == (404 if scope.keys() & {"workspace", "number"} else 403), got.text
    assert (await site.get("/api/v1/gates", token=mine)).json == {"gates": []}
    assert (await site.ask("DELETE", "/api/v1/gates?all=true&why=x", token=mine)).status == 403
    assert (await site.ask("DELETE", "/api/v1/gates?workspace=other&why=x", token=mine)).status == 404
    gone = await site.ask("DELETE", "/api/v1/gates?workspace=acme&why=x", token=mine)
    assert (gone.status, "everything" in gone.text) == (404, False)

    for scope in ({"workspace": "acme"}, {"number": site.number}):
        assert (await site.post("/api/v1/gates", token=mine, json={"scope": scope, "why": "ours"})).status == 201
    assert [gate["scope"] for gate in (await site.get("/api/v1/gates", token=mine)).json["gates"]] == [
        {"workspace": "acme"},
        {"number": site.number},
    ]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"scope": {}}, 400, "missing"),
        ({"why": "x"}, 400, "missing"),
        ({"scope": {}, "why": ""}, 400, "why"),
        ({"scope": {}, "why": " "}, 400, "say why"),
        ({"scope": {"colour": "red"}, "why": "x"}, 400, "colour"),
        ({"scope": {"workspace": "acme", "kind": "image"}, "why": "x"}, 400, "exactly one thing"),
        ({"scope": {"workspace": "acne"}, "why": "x"}, 404, "did you mean acme"),
        ({"scope": {"host": "graph.facebok.com"}, "why": "x"}, 404, "did you mean graph.facebook.com"),
        ({"scope": {}, "why": "x", "opening": -1}, 400, "opening"),
        ({"scope": {}, "why": "x", "until": "2020-01-01T00:00:00Z"}, 400, "in the future"),
        ({"scope": {}, "why": "x", "until": "2020-01-01"}, 400, "until"),
    ],
)
async def test_a_mistake_is_told_in_one_sentence(site: Any, body: dict[str, Any], status: int, said: str) -> None:
    got = await site.post("/api/v1/gates", token=await site.token("operator"), json=body)

    assert got.status == status, got.text
    assert said in got.json["error"]["what"]
    assert "\n" not in got.json["error"]["what"]


@pytest.mark.parametrize("query", ["why=x", "workspace=acme&kind=image&why=x", "all=true&workspace=acme&why=x"])
async def test_exactly_one_gate_is_opened(site: Any, query: str) -> None:
    got = await site.ask("DELETE", f"/api/v1/gates?{query}", token=await site.token("operator"))

    assert got.status == 400
    assert "exactly one" in got.text


async def test_changes_are_read_page_by_page_by_admins_of_everything(site: Any) -> None:
    await site.post("/api/v1/gates", token=await site.token("operator", name="ops"), json=SHUT)
    admin = await site.token("admin")
    page = (await site.get("/api/v1/changes?limit=2", token=admin)).json
    older = (await site.get(f"/api/v1/changes?limit=200&before={page['next']}", token=admin)).json

    assert (page["changes"][0]["who"], page["changes"][0]["action"]) == ("token:ops", "gate.shut")
    assert page["changes"][0]["subject"] == {"scope": {"workspace": "acme"}, "owner": "operator"}
    assert page["changes"][0]["at"].endswith("Z")
    numbers = [each["number"] for each in (*older["changes"], *page["changes"])]
    assert numbers == list(range(1, len(numbers) + 1))
    assert older["next"] is None
    assert (await site.get("/api/v1/changes?since=2999-01-01T00:00:00Z", token=admin)).json["changes"] == []
    for token in (await site.token("operator"), await site.token("admin", workspace="acme")):
        assert (await site.get("/api/v1/changes", token=token)).status == 403
