"""Traces through the API: for operators, of their own workspace only where their token has one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.core.test_har import LOOKED_UP, faults

from penstock.ledger.traces import Fresh


def new(scope: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    until = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    return {"scope": scope or {}, "why": "a look", "until": until} | more


async def test_an_operator_puts_a_trace_on_reads_it_and_puts_it_off(site: Any) -> None:
    token = await site.token("operator")
    got = await site.post("/api/v1/traces", token=token, json=new({"workspace": "acme"}, most_exchanges=7))
    assert got.status == 201, got.text
    made = got.json
    assert (made["scope"], made["state"], made["most_exchanges"]) == ({"workspace": "acme"}, "on", 7)
    assert made["by"].startswith("token:")
    (listed,) = (await site.get("/api/v1/traces", token=token)).json["traces"]
    assert listed == made
    whole = (await site.get(f"/api/v1/traces/{made['id']}", token=token)).json
    assert whole == {"trace": made, "exchanges": [], "next": None}
    archive = await site.get(f"/api/v1/traces/{made['id']}/har", token=token)
    assert faults(archive.json) == []
    assert archive.headers["Content-Disposition"] == f'attachment; filename="trace-{made["id"]}.har"'

    off = f"/api/v1/traces/{made['id']}?why=enough"
    assert (await site.ask("DELETE", off, token=token)).status == 204
    assert (await site.ask("DELETE", off, token=token)).status == 409
    (listed,) = (await site.get("/api/v1/traces", token=token)).json["traces"]
    assert (listed["state"], listed["ended_why"]) == ("off", "enough")
    log = [each.entry for each in await site.ledger.audit_log.read()]
    assert [each.action for each in log[-2:]] == ["trace.on", "trace.off"]
    assert log[-1].who.startswith("token:")


async def test_what_was_kept_comes_page_by_page(site: Any, webhooks: Any) -> None:
    token = await site.token("operator")
    made = (await site.post("/api/v1/traces", token=token, json=new())).json["id"]
    row = await file_of(site, webhooks)
    now = await site.ledger.now()
    text = msgspec.json.encode(LOOKED_UP).decode()
    await site.ledger.traces.keep(made, [Fresh(row, now, text)] * 3, dropped=0, now=now)
    first = (await site.get(f"/api/v1/traces/{made}?limit=2", token=token)).json
    assert [each["status"] for each in first["exchanges"]] == [503, 503]
    rest = (await site.get(f"/api/v1/traces/{made}?limit=2&after={first['next']}", token=token)).json
    assert (len(rest["exchanges"]), rest["next"]) == (1, None)
    assert rest["exchanges"][0]["at"].endswith("Z")
    archive = (await site.get(f"/api/v1/traces/{made}/har", token=token)).json
    assert faults(archive) == []
    assert len(archive["log"]["entries"]) == 3


async def file_of(site: Any, webhooks: Any) -> int:
    """The row of a file that came."""
    assert (await site.deliver(webhooks.body(webhooks.file("wamid.A", "m-A")))).status == 200
    (claim,) = await site.ledger.queue.claim(owner="me", limit=1, now=await site.ledger.now(), lease_s=60.0)
    return int(claim.id)


@pytest.mark.parametrize("role", ["viewer", "agent"])
async def test_it_is_for_operators_only(site: Any, role: str) -> None:
    token = await site.token(role)
    assert (await site.get("/api/v1/traces", token=token)).status == 403
    assert (await site.post("/api/v1/traces", token=token, json=new())).status == 403
    assert (await site.ask("DELETE", "/api/v1/traces/1?why=x", token=token)).status == 403
    assert (await site.get("/api/v1/traces/1", token=token)).status == 403
    assert (await site.get("/api/v1/traces/1/har", token=token)).status == 403


async def test_a_token_with_a_workspace_sees_and_makes_only_its_own(site: Any) -> None:
    now = await site.ledger.now()
    await site.ledger.provisioning.add_workspace("other", now=now)
    everywhere, mine = await site.token("operator"), await site.token("operator", workspace="acme")
    for scope in ({}, {"workspace": "other"}, {"kind": "image"}):
        made = await site.post("/api/v1/traces", token=everywhere, json=new(scope))
        assert made.status == 201, made.text
        got = await site.post("/api/v1/traces", token=mine, json=new(scope))
        assert got.status == (404 if scope.keys() & {"workspace"} else 403), got.text
        for path in ("", "/har"):
            assert (await site.get(f"/api/v1/traces/{made.json['id']}{path}", token=mine)).status == 404
        assert (await site.ask("DELETE", f"/api/v1/traces/{made.json['id']}?why=x", token=mine)).status == 404
    assert (await site.get("/api/v1/traces", token=mine)).json == {"traces": []}
    for scope in ({"workspace": "acme"}, {"number": site.number}):
        assert (await site.post("/api/v1/traces", token=mine, json=new(scope))).status == 201
    assert len((await site.get("/api/v1/traces", token=mine)).json["traces"]) == 2


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"why": ""}, 400, "why"),
        ({"scope": {"workspace": "acme", "kind": "image"}}, 400, "exactly one thing"),
        ({"scope": {"workspace": "acne"}}, 404, "did you mean acme"),
        ({"until": "2020-01-01T00:00:00Z"}, 400, "within 24 hours"),
        ({"most_exchanges": 0}, 400, "most_exchanges"),
    ],
)
async def test_a_mistake_is_told_in_one_sentence(site: Any, body: dict[str, Any], status: int, said: str) -> None:
    got = await site.post("/api/v1/traces", token=await site.token("operator"), json=new() | body)
    assert got.status == status, got.text
    assert said in got.json["error"]["what"]


async def test_what_there_is_not_is_not_there(site: Any) -> None:
    token = await site.token("operator")
    for name in ("999", "x", "9" * 30):
        assert (await site.get(f"/api/v1/traces/{name}", token=token)).status == 404
