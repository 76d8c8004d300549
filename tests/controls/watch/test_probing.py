"""The watch with probes, against a simulated Meta over real sockets: what is sent when, and what becomes of it."""

import asyncio
from typing import Any

from aiohttp import ClientResponse, ClientSession
from tests.conftest import NUMBER
from tests.controls.watch.conftest import Rig, fleet, names
from yarl import URL

from penstock.adapters.graph.checked import Call
from penstock.core import contract
from penstock.core.incident import Kind
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.probing import FILE, LOST_AGAIN_S, RENEW_S
from penstock.core.work import Outcome
from penstock.simulator import FaultRule

DAY_S = 86_400.0
NO_LOOK_UPS = FaultRule(fault="server-error", hop="lookup")
NO_DOWNLOADS = FaultRule(fault="server-error", hop="download")


async def known(rig: Rig) -> Any:
    standing = await rig.ledger.probes.standing()
    assert standing is not None
    return standing.known


async def last(rig: Rig) -> tuple[str, str]:
    standing = await rig.ledger.probes.standing()
    assert standing is not None
    assert standing.last is not None
    return standing.last.operation, standing.last.outcome


async def test_a_file_is_uploaded_once_and_fetched_every_half_minute_over_a_new_connection_each(rig: Rig) -> None:
    await rig.after(1)
    file = await known(rig)
    assert (file.sha256, file.size, file.uploaded_at) == (FILE.sha256, len(FILE.data), rig.now)
    assert (rig.hops("upload"), rig.hops("lookup")) == (1, 1)  # heard and fetched in the round after it
    await rig.rounds(60, every_s=1)
    assert (rig.hops("upload"), rig.hops("lookup"), rig.hops("download")) == (1, 3, 3)
    assert rig.connections() == 1 + 2 * 3
    assert await last(rig) == (DOWNLOAD.name, "delivered")
    assert await rig.incidents() == []


async def test_without_a_number_for_tests_nothing_is_sent(rig: Rig) -> None:
    await rig.ledger.provisioning.set_workspace("acme", test=False)
    await rig.rounds(5)
    assert rig.connections() == 0
    assert not rig.watch.detector.probing
    await rig.ledger.provisioning.set_workspace("acme", test=True)
    await rig.rounds(2)
    assert rig.hops("upload") == 1


async def test_the_file_is_renewed_before_it_dies_and_is_never_missing(rig: Rig) -> None:
    await rig.rounds(2)
    first = await known(rig)
    for _ in range(100):  # 50 days in halves
        await rig.after(DAY_S / 2)
        assert rig.watch.detector.probing
    file = await known(rig)
    assert file.media_id != first.media_id
    assert rig.hops("upload") == 1 + int(50 * DAY_S // RENEW_S)
    assert {request.status for request in rig.platform.record.requests} == {200}
    assert await rig.incidents() == []


async def test_a_file_that_meta_lost_is_uploaded_anew_and_nobody_is_woken(rig: Rig) -> None:
    await rig.rounds(2)
    await rig.after(LOST_AGAIN_S)
    first = await known(rig)
    media = rig.platform.world.shelf.get(first.media_id)
    assert media is not None
    media.deleted = True
    await rig.rounds(20)
    assert (await known(rig)).media_id != first.media_id
    assert rig.hops("upload") == 2
    assert await last(rig) == (DOWNLOAD.name, "delivered")
    assert await rig.incidents() == []


async def test_when_upstream_is_down_and_no_customer_asks_an_incident_is_open_within_160_seconds(rig: Rig) -> None:
    await rig.rounds(10)
    rig.platform.set_scenario(fleet(NO_LOOK_UPS))
    began = rig.now
    while not await rig.incidents():
        await rig.after(1)
        assert rig.now - began < 160
    (found,) = await rig.incidents()
    assert names([found]) == [(LOOK_UP.name, "upstream", "open")]
    assert 0 <= found.onset_at - began <= 31
    assert found.why == "2 of 2 synthetic probes failed, of a file that was there."
    assert (found.failures, found.files, found.workspaces) == (0, 0, 0)
    assert await last(rig) == (LOOK_UP.name, "upstream")

    await rig.rounds(40)  # for twenty minutes: while its probes fail it is not over
    assert names(await rig.incidents()) == [(LOOK_UP.name, "upstream", "open")]
    rig.platform.set_scenario(fleet())
    await rig.rounds(22)
    assert names(await rig.incidents()) == [(LOOK_UP.name, "upstream", "closed")]
    assert await rig.texts(found.id, Kind.CLOSED) == ["The synthetic probe succeeds again."]

    rig.platform.set_scenario(fleet(NO_LOOK_UPS))
    await rig.rounds(3)
    assert names(await rig.incidents("open")) == [(LOOK_UP.name, "upstream", "open")]  # a new one


async def test_an_incident_of_downloads_alone_says_so(rig: Rig) -> None:
    await rig.rounds(3)
    rig.platform.set_scenario(fleet(NO_DOWNLOADS))
    await rig.rounds(4)
    assert names(await rig.incidents()) == [(DOWNLOAD.name, "upstream", "open")]


async def test_an_operators_gate_keeps_probes_away_and_a_breakers_does_not(rig: Rig) -> None:
    await rig.rounds(2)
    gates, now = rig.ledger.gates, await rig.ledger.now()
    for scope in ({}, {"operation": DOWNLOAD.name}, {"number": NUMBER}, {"workspace": "acme"}):
        asked = rig.hops("lookup")
        await gates.shut(scope, owner="operator", by="cli:anna", why="a test", now=now)
        await rig.rounds(3)
        assert rig.hops("lookup") == asked, scope
        assert not rig.watch.detector.probing
        await gates.open(scope, owner="operator", by="cli:anna", why="over", now=now)
    await gates.shut({"operation": LOOK_UP.name}, owner="breaker", by="breaker", why="503s", now=now, opening=0.2)
    asked = rig.hops("lookup")
    await rig.rounds(3)
    assert rig.hops("lookup") == asked + 3


async def test_an_upload_has_a_gate_of_its_own(rig: Rig) -> None:
    now = await rig.ledger.now()
    scope = {"operation": "media.upload"}
    await rig.ledger.gates.shut(scope, owner="operator", by="cli:anna", why="a test", now=now)
    await rig.rounds(5)
    assert rig.connections() == 0
    await rig.ledger.gates.open(scope, owner="operator", by="cli:anna", why="over", now=now)
    await rig.rounds(4)
    assert rig.hops("upload") == 1


async def test_a_suspicion_of_one_workspace_is_confirmed_by_a_burst(rig: Rig) -> None:
    await rig.rounds(2)
    await rig.calm(60)
    rig.platform.set_scenario(fleet(NO_LOOK_UPS, bad=3, good=7))
    began = rig.now
    while not await rig.incidents("open"):
        await rig.ill(1)
        assert rig.now - began < 120
    (found,) = await rig.incidents("open")
    assert (found.operation, found.outcome) == (LOOK_UP.name, "upstream")
    kinds = [event.kind for event in await rig.ledger.incidents.events(found.id)]
    assert kinds.index(Kind.SUSPECTED) < kinds.index(Kind.ALARM)
    assert "probes failed as well" in found.why
    assert rig.watch.detector.wants_probes() == set()
    asked = rig.hops("lookup")
    await rig.rounds(3, every_s=1)
    assert rig.hops("lookup") - asked <= 11  # one probe, and a test of the cause; the burst is over


async def test_a_suspicion_that_probes_do_not_share_stays_one(rig: Rig) -> None:
    await rig.rounds(2)
    await rig.calm(60)
    while not await rig.incidents("suspected"):
        await rig.ill(1)
    asked = rig.hops("lookup")
    await rig.rounds(30, every_s=1)
    assert 20 <= rig.hops("lookup") - asked <= 23  # the burst, and the probe of every half minute
    assert names(await rig.incidents()) == [(LOOK_UP.name, "upstream", "suspected")]


async def diagnosed(rig: Rig, **facts: Any) -> Any:
    """An incident that a watch of many workspaces has opened and whose cause it has named."""
    rig.watch.detector.probing = False
    for second in range(60):
        await rig.after(1, *(rig.attempt(workspace=f"w{second * 4 + nth}") for nth in range(4)))
    for second in range(60):
        bad = [rig.attempt(Outcome.UPSTREAM, workspace=f"w{second * 4 + nth}", **facts) for nth in range(2)]
        await rig.after(1, *bad, *(rig.attempt(workspace=f"w{second * 4 + nth}") for nth in (2, 3)))
        for found in await rig.incidents("open"):
            if found.cause is not None:
                await rig.after(1)
                return await rig.ledger.incidents.get(found.id)
    raise AssertionError("no cause was named")


async def test_a_named_cause_is_tested_with_ten_identical_requests_and_the_answer_is_in_the_timeline(rig: Rig) -> None:
    await rig.rounds(2)
    rig.platform.set_scenario(fleet(NO_LOOK_UPS, bad=5, good=5))
    found = await diagnosed(rig, server="edge-bad")
    (told,) = await rig.texts(found.id, Kind.TEST)
    assert told.startswith("Answers differ for identical requests: ")
    assert " of 10 failed, all at " in told
    assert found.cause.tested == told
    (event,) = [each for each in await rig.ledger.incidents.events(found.id) if each.kind == Kind.TEST]
    assert event.data is not None
    assert (event.data["requests"], event.data["asked"]) == (10, "the known file of the test number")
    assert 0 < event.data["failed"] < 10
    servers = {(each["server"][:3], each["outcome"]) for each in event.data["answers"]}
    assert servers == {("bad", "upstream"), ("goo", "delivered")}
    assert sum(tally.received for tally in await rig.ledger.counts.tallies()) == 0  # no attempt of anybody's


async def test_where_our_own_request_is_to_blame_the_declared_one_is_answered(rig: Rig) -> None:
    await rig.rounds(2)
    found = await diagnosed(rig, wire_method="POST")
    assert found.cause.own_request
    (told,) = await rig.texts(found.id, Kind.TEST)
    assert told.startswith("All 10 identical requests, sent as declared over new connections, were answered as they ")
    assert told.endswith(" should be. It is our own request that fails.")


async def test_the_next_leader_does_not_test_again_what_was_tested(rig: Rig) -> None:
    await rig.rounds(2)
    found = await diagnosed(rig, server="edge-bad")
    await rig.lead()
    await rig.rounds(5, every_s=1)
    assert len(await rig.texts(found.id, Kind.TEST)) == 1
    assert (await rig.ledger.incidents.get(found.id)).cause == found.cause


async def test_no_test_is_made_past_a_shut_gate(rig: Rig) -> None:
    await rig.rounds(2)
    await rig.ledger.gates.shut({}, owner="operator", by="cli:anna", why="a test", now=await rig.ledger.now())
    asked = rig.hops("lookup")
    found = await diagnosed(rig, server="edge-bad")
    assert await rig.texts(found.id, Kind.TEST) == []
    assert rig.hops("lookup") == asked
    await rig.ledger.gates.open({}, owner="operator", by="cli:anna", why="over", now=await rig.ledger.now())
    await rig.rounds(3)
    assert len(await rig.texts(found.id, Kind.TEST)) == 1


async def test_a_probe_that_is_not_the_declared_request_is_an_alarm_at_once_and_is_not_sent(rig: Rig) -> None:
    async def legacy(session: ClientSession, call: Call) -> ClientResponse:
        web, headers = call.declared.web, contract.headers(call.pinned, call.declared)
        url = URL(f"{web.scheme}://{web.authority}{web.target}", encoded=True)
        return await session.post(url, headers=headers, data={"method": "get"}, middlewares=(call,))

    await rig.lead(send=legacy)
    await rig.rounds(2)
    assert rig.hops("upload") == 1  # which does not depend on the fetch implementation
    assert rig.hops("lookup") == 0
    assert names(await rig.incidents()) == [(LOOK_UP.name, "contract", "open")]
    assert await last(rig) == (LOOK_UP.name, "contract")


async def test_a_token_that_is_refused_or_gone_is_told_but_opens_nothing(rig: Rig) -> None:
    await rig.rounds(2)
    rig.platform.world.tokens.revoke("token-a")
    await rig.rounds(10)
    assert await last(rig) == (LOOK_UP.name, "auth")
    assert await rig.incidents() == []


async def test_an_upload_that_is_refused_is_told_and_tried_again_later(rig: Rig) -> None:
    rig.platform.world.tokens.revoke("token-a")
    await rig.rounds(20)
    assert 3 <= rig.hops("upload") <= 5
    assert await last(rig) == ("media.upload", "auth")
    rig.platform.world.tokens.restore("token-a")
    await rig.after(3_600)
    await rig.rounds(1)
    assert await last(rig) == (DOWNLOAD.name, "delivered")


async def test_a_leader_that_stops_breaks_off_what_is_under_way(rig: Rig) -> None:
    await rig.after(1)
    rig.platform.set_scenario(fleet(FaultRule(fault="hang")))
    rig.now += 30
    await rig.probing.look((), rig.now)
    assert rig.prober._jobs
    await rig.prober.stop()
    await asyncio.sleep(0)
    assert not rig.prober._jobs
