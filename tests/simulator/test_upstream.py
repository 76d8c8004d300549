"""The fleet at work."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from penstock.simulator import FaultRule, Platform, Rules, Scenario, Server, one_fault

NUMBER = "100000000000002"
HEADERS = {"Authorization": "Bearer EAAGtokenA"}

Ask = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[Platform]]


async def test_a_connection_stays_with_its_server_and_answers_name_it(start: Start) -> None:
    meta = await start(Scenario(servers=(Server(name="s", count=20),)))
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    names = []
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        for _ in range(5):
            async with session.get(f"{meta.graph_url}/v26.0/{media.id}") as answer:
                names.append(answer.headers["X-Served-By"])

    assert len(set(names)) == 1
    assert [(request.connection, request.nth) for request in meta.record.requests] == [(1, nth) for nth in range(1, 6)]
    assert {request.server for request in meta.record.requests} == set(names)


async def test_behind_a_balancer_each_request_of_a_connection_may_meet_another_server(start: Start) -> None:
    meta = await start(Scenario(servers=(Server(name="s", count=20),), rules=Rules(balance="request")))
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        for _ in range(20):
            async with session.get(f"{meta.graph_url}/v26.0/{media.id}") as answer:
                await answer.read()

    assert {request.connection for request in meta.record.requests} == {1}
    assert len({request.server for request in meta.record.requests}) > 3


async def test_fresh_connections_meet_different_servers(start: Start, ask: Ask) -> None:
    meta = await start(one_fault(FaultRule(fault="get-405"), servers=10, bad=3), seed=4)
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    statuses = Counter([(await ask(meta, f"/v26.0/{media.id}")).status for _ in range(60)])

    assert set(statuses) == {200, 405}
    assert {request.server.startswith("bad") for request in meta.record.requests if request.status == 405} == {True}
    assert {request.server.startswith("good") for request in meta.record.requests if request.status == 200} == {True}
    assert meta.record.faults["get-405"] == statuses[405]


async def test_chance_follows_the_seed_and_not_the_order_of_media(start: Start, ask: Ask) -> None:
    scenario = one_fault(FaultRule(fault="server-error", probability=0.5))

    async def fate(seed: int, order: list[int]) -> dict[int, list[int]]:
        meta = await start(scenario, seed=seed)
        media = [meta.upload(b"x", "image/jpeg", number=NUMBER) for _ in range(4)]
        found: dict[int, list[int]] = {}
        for index in order:
            found.setdefault(index, []).append((await ask(meta, f"/v26.0/{media[index].id}")).status)
        return found

    forward = await fate(1, [0, 1, 2, 3] * 4)
    backward = await fate(1, [3, 2, 1, 0] * 4)

    assert forward == backward
    assert forward != await fate(2, [0, 1, 2, 3] * 4)
    assert {status for statuses in forward.values() for status in statuses} == {200, 500}


async def test_another_scenario_counts_on_open_connections_too(start: Start) -> None:
    meta = await start()
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    url = f"{meta.graph_url}/v26.0/{media.id}"
    statuses = []
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        for scenario in (Scenario(), one_fault(FaultRule(fault="gone")), Scenario()):
            meta.set_scenario(scenario)
            async with session.get(url) as answer:
                statuses.append(answer.status)

    assert statuses == [200, 400, 200]
    assert {request.connection for request in meta.record.requests} == {1}


async def test_a_fault_may_be_of_one_graph_version_only(start: Start, ask: Ask) -> None:
    meta = await start(one_fault(FaultRule(fault="get-405", versions=("v99.0",))))
    media = meta.upload(b"a file", "image/jpeg")
    assert (await ask(meta, f"/v99.0/{media.id}")).status == 405
    assert (await ask(meta, f"/v26.0/{media.id}")).status == 200


async def test_first_n_counts_the_requests_of_each_media_on_each_hop(start: Start, ask: Ask) -> None:
    meta = await start(one_fault(FaultRule(fault="server-error", first_n=2)))
    media = [meta.upload(b"x", "image/jpeg", number=NUMBER) for _ in range(2)]

    for each in media:
        assert [(await ask(meta, f"/v26.0/{each.id}")).status for _ in range(3)] == [500, 500, 200]
    url = meta.world.fresh_url(media[0], source="x", life_s=300)
    assert [(await ask(meta, url)).status for _ in range(3)] == [500, 500, 200]


async def test_a_fault_may_strike_for_a_while_only(start: Start, ask: Ask) -> None:
    meta = await start(one_fault(FaultRule(fault="get-405", from_s=1_000, until_s=2_000)))
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    statuses = []
    for _ in range(3):
        statuses.append((await ask(meta, f"/v26.0/{media.id}")).status)
        meta.clock.advance(1_100)

    assert statuses == [200, 405, 200]


async def test_failing_look_ups_can_block_a_number(start: Start, ask: Ask) -> None:
    rules = Rules(block_after_errors=3, block_window_s=3_600, block_for_s=1_800)
    meta = await start(Scenario(rules=rules, servers=(Server(faults=(FaultRule(fault="server-error", first_n=3),)),)))
    meta.add_number("77", app_secret=b"s", callback="http://127.0.0.1:9/", token="token-a")
    media, other = (meta.upload(b"x", "image/jpeg", number=number) for number in (NUMBER, "77"))

    assert [(await ask(meta, f"/v26.0/{media.id}")).status for _ in range(3)] == [500, 500, 500]
    blocked = await ask(meta, f"/v26.0/{media.id}")
    assert (blocked.status, blocked.json["error"]["code"]) == (429, 4)
    assert 1_700 < int(blocked.header("retry-after")[0]) <= 1_801
    assert (await ask(meta, f"/v26.0/{other.id}")).status == 500

    meta.clock.advance(1_801)
    assert (await ask(meta, f"/v26.0/{media.id}")).status == 200


async def test_an_unknown_path_is_refused_as_graph_does(meta: Platform, ask: Ask) -> None:
    seen = await ask(meta, "/v99.0/me")

    assert (seen.status, seen.json["error"]["code"]) == (400, 2500)
    assert meta.record.requests[-1].hop == "other"
