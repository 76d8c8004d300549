"""Runs through the API: planned, begun, looked at and steered, by those who may, within their workspace."""

import time
from typing import Any

import pytest

from penstock.core.work import Failed, Outcome

FAILED = Failed(Outcome.GONE, "It cannot be had.")


@pytest.fixture
async def lost(site: Any) -> list[int]:
    """Two files of acme that failed; their rows."""
    await site.receive(site.file("image", "m1"), site.file("video", "m2"))
    return [await site.end("m1", FAILED), await site.end("m2", FAILED)]


async def carry_on(site: Any, *, steps: int = 5) -> None:
    for _ in range(steps):
        for run in await site.ledger.reprocess.active():
            await site.ledger.reprocess.work(run, now=await site.ledger.now())


@pytest.mark.usefixtures("lost")
async def test_a_dry_run_counts_and_makes_nothing(site: Any) -> None:
    token = await site.token("operator")
    asked = {"why": "to see", "dry_run": True, "kind": "image", "rate": 0.5}
    got = await site.post("/api/v1/reprocess", token=token, json=asked)

    assert got.status == 200, got.text
    assert (got.json["id"], got.json["state"], got.json["selected"], got.json["eligible"]) == (None, "dry-run", 1, 1)
    assert got.json["takes_s"] == 2.0
    assert (await site.get("/api/v1/reprocess", token=token)).json == {"runs": []}


@pytest.mark.usefixtures("lost")
async def test_a_run_is_begun_and_followed_to_its_report(site: Any) -> None:
    token = await site.token("operator", name="ops")
    got = await site.post("/api/v1/reprocess", token=token, json={"why": "the outage is over"})
    assert got.status == 201, got.text
    assert (got.json["state"], got.json["selected"], got.json["by"]) == ("running", 2, "token:ops")
    await carry_on(site)
    await site.attach("m1", b"one")
    await site.end("m2", FAILED)
    await carry_on(site)
    run = (await site.get(f"/api/v1/reprocess/{got.json['id']}", token=await site.token("viewer"))).json

    assert (run["state"], run["attached"], run["failed"], run["done"]) == ("done", 1, 1, 2)
    assert run["selected"] == run["attached"] + run["failed"] + run["expired"] + run["cancelled"]
    assert run["ended_at"].endswith("Z")
    assert (await site.get("/api/v1/reprocess", token=token)).json == {"runs": [run]}


async def test_one_file_is_put_back_to_work_and_its_requests_tell_their_round(site: Any, lost: list[int]) -> None:
    token = await site.token("operator")
    media = (await site.get("/api/v1/media?media_id=m1", token=token)).json["media"][0]
    got = await site.post("/api/v1/reprocess", token=token, json={"why": "this one", "media": [media["id"]]})
    assert (got.json["selected"], got.json["eligible"]) == (1, 1)
    await carry_on(site)
    await site.attach("m1", b"one")
    attempts = (await site.get(f"/api/v1/media/{media['id']}/attempts", token=token)).json["attempts"]

    assert [attempt["round"] for attempt in attempts] == [1, 2]
    assert len(lost) == 2


@pytest.mark.usefixtures("lost")
async def test_a_run_is_paused_resumed_and_cancelled_with_a_reason(site: Any) -> None:
    token = await site.token("operator", name="ops")
    run = (await site.post("/api/v1/reprocess", token=token, json={"why": "again", "rate": 0.01})).json["id"]
    await carry_on(site)
    for step, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        got = await site.post(f"/api/v1/reprocess/{run}/{step}", token=token, json={"why": f"to {step}"})
        assert (got.status, got.json["state"]) == (200, state)
    again = await site.post(f"/api/v1/reprocess/{run}/resume", token=token, json={})
    assert (again.status, again.json["error"]["what"]) == (409, "this run is cancelled: it cannot be resumed")

    entries = [each.entry for each in await site.ledger.audit_log.latest()]
    assert [(each.who, each.action) for each in entries][-2:] == [
        ("token:ops", "reprocess.resume"),
        ("token:ops", "reprocess.cancel"),
    ]


async def test_a_token_with_a_workspace_begins_and_sees_runs_of_its_own_only(site: Any, lost: list[int]) -> None:
    everything, ours = await site.token("operator"), await site.token("operator", workspace="acme")
    await site.ledger.provisioning.add_workspace("third", now=time.time())
    theirs = await site.token("operator", workspace="third")
    all_of_them = (await site.post("/api/v1/reprocess", token=everything, json={"why": "all"})).json["id"]
    of_acme = (await site.post("/api/v1/reprocess", token=ours, json={"why": "ours"})).json
    assert of_acme["workspace"] == "acme"
    path = f"/api/v1/reprocess/{of_acme['id']}"

    assert [run["id"] for run in (await site.get("/api/v1/reprocess", token=ours)).json["runs"]] == [of_acme["id"]]
    assert (await site.get("/api/v1/reprocess", token=theirs)).json == {"runs": []}
    for got in (
        await site.get(path, token=theirs),
        await site.post(f"{path}/cancel", token=theirs, json={}),
        await site.get(f"/api/v1/reprocess/{all_of_them}", token=ours),
        await site.post("/api/v1/reprocess", token=theirs, json={"why": "x", "workspace": "acme"}),
        await site.post("/api/v1/reprocess", token=everything, json={"why": "x", "workspace": "nobody"}),
        await site.post("/api/v1/reprocess", token=everything, json={"why": "x", "media": ["med_1"]}),
        await site.get("/api/v1/reprocess/rep_1", token=everything),
    ):
        assert got.status == 404, got.text
    media = (await site.get("/api/v1/media?media_id=m1", token=everything)).json["media"][0]["id"]
    hidden = await site.post("/api/v1/reprocess", token=theirs, json={"why": "x", "media": [media]})
    assert (hidden.status, len(lost)) == (404, 2)


@pytest.mark.usefixtures("lost")
async def test_only_operators_change_anything(site: Any) -> None:
    for role in ("viewer", "agent"):
        token = await site.token(role)
        assert (await site.get("/api/v1/reprocess", token=token)).status == 200
        for path in ("", "/rep_9wdvsq7gqt1dc/pause", "/rep_9wdvsq7gqt1dc/cancel"):
            assert (await site.post(f"/api/v1/reprocess{path}", token=token, json={"why": "x"})).status == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"why": ""},
        {"why": "two\nlines"},
        {"why": "x" * 501},
        {"why": "x", "state": "attached"},
        {"why": "x", "kind": "text"},
        {"why": "x", "rate": 0},
        {"why": "x", "since": "yesterday"},
        {"why": "x", "everything": True},
    ],
    ids=str,
)
async def test_what_is_malformed_is_said_in_a_sentence(site: Any, wrong: dict[str, Any]) -> None:
    got = await site.post("/api/v1/reprocess", token=await site.token("operator"), json=wrong)

    assert got.status == 400
    assert "\n" not in got.json["error"]["what"]
