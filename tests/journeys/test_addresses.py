"""A fleet of several addresses behind one name: fresh connections reach other servers, and what is bad is named by address."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.journeys.test_watch import NUMBERS, people

from penstock.core.incident import Cause
from penstock.core.operation import LOOK_UP
from penstock.demo.names import FILES, GRAPH
from penstock.demo.stage import Stage
from penstock.simulator import FaultRule, Scenario, Server, Webhooks

DOORS = 4
BAD = {"127.0.0.3", "127.0.0.4"}
QUIET = Webhooks(url=False)  # each file has to be looked up
RESET = FaultRule(fault="reset", hop="lookup", probability=0.8)


def fleet(*faults: FaultRule) -> Scenario:
    """Two servers that are always good behind the first addresses, two more behind the others."""
    return Scenario(servers=(Server(name="a", count=2), Server(name="b", count=2, faults=faults)), webhooks=QUIET)


async def test_the_cause_is_named_by_the_addresses_that_fail(stage: Callable[..., Any]) -> None:
    it: Stage = await stage(fleet(), doors=DOORS)
    ledger = it.instance.ledger
    await people(it)
    sent = [await it.platform.send(number, "image") for number in NUMBERS]
    async with asyncio.timeout(120):
        while sum(tally.attached for tally in await ledger.counts.tallies()) < len(sent):
            await asyncio.sleep(0.1)
    fresh = [request for request in it.platform.record.requests if request.nth == 1]
    assert {request.address for request in fresh} == set(it.platform.addresses)
    assert {request.header("host") for request in fresh} == {
        f"{GRAPH}:{it.platform.port}",
        f"{FILES}:{it.platform.port}",
    }

    it.platform.set_scenario(fleet(RESET))  # what is connected already stays at its address
    async with asyncio.timeout(240):
        while (cause := await named(it)) is None:
            it.platform.hang_up()  # a pool keeps what is good; who connects anew meets any of them
            sent += [await it.platform.send(number, "image") for number in NUMBERS]
            await asyncio.sleep(1)
    it.platform.set_scenario(fleet())
    rules = [cause.rule, *cause.also]
    assert any(_values(rule["peer_address"]) <= BAD for rule in rules if "peer_address" in rule), rules
    assert not cause.own_request
    async with asyncio.timeout(240):
        while sum(tally.attached for tally in await ledger.counts.tallies()) < len(sent):
            await asyncio.sleep(0.1)


async def named(it: Stage) -> Cause | None:
    """The cause of the incident of look-ups, once it is found."""
    for each in await it.instance.ledger.incidents.latest():
        if each.operation == LOOK_UP.name and each.cause is not None:
            return each.cause
    return None


def _values(told: Any) -> set[str]:
    return set(told) if isinstance(told, list) else {str(told)}
