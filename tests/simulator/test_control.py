"""The control endpoint over HTTP."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.simulator import Platform
from penstock.simulator.control import Control
from penstock.simulator.incoming import Incoming
from penstock.simulator.plans import Send

NUMBER = "100000000000002"
JSON = {"Content-Type": "application/json"}

Ask = Callable[..., Awaitable[Any]]


async def test_the_facts_say_where_it_is_and_what_came(meta: Platform, ask: Ask) -> None:
    await ask(meta, "/v26.0/1")
    facts = (await ask(meta, "/_control", token=None)).json

    assert facts["graph_url"] == meta.graph_url
    assert facts["media_hosts"] == ["127.0.0.1"]
    assert facts["totals"] == [{"hop": "lookup", "status": 400, "count": 1}]
    assert facts["numbers"] == [NUMBER]
    assert facts["outstanding"] == 0


async def test_requests_and_deliveries_are_listed_from_a_number_on(meta: Platform, ask: Ask) -> None:
    for _ in range(3):
        await ask(meta, "/v26.0/1")
        await meta.send(NUMBER)
    await meta.drain(60)

    requests = (await ask(meta, "/_control/requests?after=1&limit=1")).json["requests"]
    deliveries = (await ask(meta, "/_control/deliveries")).json["deliveries"]
    assert [request["number"] for request in requests] == [2]
    assert requests[0]["token"] == "token-a"
    assert [delivery["state"] for delivery in deliveries] == ["delivered"] * 3
    assert deliveries[0]["attempts"][0]["status"] == 200


async def test_control_requests_are_neither_recorded_nor_struck_by_faults(meta: Platform, ask: Ask) -> None:
    scenario = {"servers": [{"faults": [{"fault": "hang"}]}]}
    body = json.dumps({"scenario": scenario}).encode()

    for _ in range(2):
        assert (await ask(meta, "/_control/set_scenario", method="POST", headers=JSON, body=body)).status == 200
    assert meta.record.seen == 0


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "error"),
    [
        ("POST", "/_control/dance", JSON, b"{}", 404, "there is no order 'dance'"),
        ("GET", "/_control/dance", {}, b"", 404, "there is no question 'dance'"),
        ("GET", "/_control/requests?after=x", {}, b"", 400, "invalid literal for int() with base 10: 'x'"),
        ("PUT", "/_control/send", JSON, b"{}", 405, "orders come by POST, questions by GET"),
        ("POST", "/_control/clock", {}, b"{}", 415, "orders come as application/json"),
        ("POST", "/_control/clock", JSON, b"{", 400, "the body is not JSON"),
        ("POST", "/_control/clock", JSON, b'{"x":1}', 400, "unknown key `x`"),
        ("POST", "/_control/clock", JSON, b'{"advance_s":-1}', 400, "time does not run backwards"),
        ("POST", "/_control/send", JSON, b'{"number_id":"42"}', 404, "'42' is not known"),
        ("POST", "/_control/revoke_token", JSON, b'{"name":"ghost"}', 404, "'ghost' is not known"),
        ("POST", "/_control/set_scenario", JSON, b'{"scenario":{"servers":[]}}', 400, "servers must not be empty"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    meta: Platform, ask: Ask, method: str, path: str, headers: dict[str, str], body: bytes, status: int, error: str
) -> None:
    seen = await ask(meta, path, method=method, headers=headers, body=body)

    assert seen.status == status
    assert error in seen.json["error"]
    assert "\n" not in seen.json["error"]


@pytest.mark.parametrize(
    ("client", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.1", 403), ("", 403), ("fe80::1%eth0", 403)],
)
async def test_only_callers_on_this_machine_are_answered(meta: Platform, client: str, status: int) -> None:
    plan = await Control(meta).answer(Incoming("GET", "/_control", []), client)

    assert plan.status == status
    assert isinstance(plan.steps[0], Send)
