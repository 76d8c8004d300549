"""Probes with everything running: what no customer's file would have shown, and what one customer's files alone cannot."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.core import probing
from penstock.core.incident import Incident, Kind
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.demo.calm import counted
from penstock.demo.stage import NUMBER, WORKSPACE, Stage
from penstock.flow.auditing import audit
from penstock.simulator import FaultRule, Rules, Scenario, Server, Webhooks

Start = Callable[..., Any]
QUIET = Webhooks(url=False)  # each file has to be looked up
DOWN = FaultRule(fault="server-error", hop="lookup")


def fleet(*, bad: int = 0, good: int = 1) -> Scenario:
    servers = [Server(name=f"bad-{nth}", faults=(DOWN,)) for nth in range(bad)]
    servers += [Server(name=f"good-{nth}") for nth in range(good)]
    return Scenario(servers=tuple(servers), webhooks=QUIET, rules=Rules(balance="request"))


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(240):
        while not await true():
            await asyncio.sleep(0.1)


async def with_a_number_for_tests(it: Stage) -> None:
    """The number of the stage is one for tests, and its file was fetched once."""
    await it.instance.ledger.provisioning.set_workspace(WORKSPACE, test=True)

    async def fetched() -> bool:
        standing = await it.instance.ledger.probes.standing()
        return standing is not None and standing.last is not None and standing.last.outcome == "delivered"

    await until(fetched)


async def incidents(it: Stage, *states: str) -> list[Incident]:
    return [each for each in await it.instance.ledger.incidents.latest() if each.state in states]


async def test_with_no_traffic_at_all_an_upstream_that_is_down_is_an_incident_until_it_is_back(
    stage: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "EVERY_S", 1.0)  # the test has not the patience of an operator
    it: Stage = await stage(fleet())
    await with_a_number_for_tests(it)
    it.platform.set_scenario(fleet(bad=1, good=0))

    async def opened() -> bool:
        return bool(await incidents(it, "open"))

    await until(opened)
    (found,) = await incidents(it, "open")
    assert (found.operation, found.outcome, found.failures) == (LOOK_UP.name, "upstream", 0)
    assert "synthetic probes failed" in found.why

    it.platform.set_scenario(fleet())

    async def closed() -> bool:
        return not await incidents(it, "open", "suspected")

    await until(closed)
    events = await it.instance.ledger.incidents.events(found.id)
    assert [event.kind for event in events[:3]] == [Kind.ONSET, Kind.ALARM, Kind.ISOLATION]
    assert events[-1].kind == Kind.CLOSED
    assert "synthetic probe succeeds again" in events[-1].text
    standing = await it.instance.ledger.probes.standing()
    assert standing is not None
    assert standing.last is not None
    assert standing.last.operation == DOWNLOAD.name
    assert (await audit(it.instance.ledger)).ok
    assert sum(tally.received for tally in await it.instance.ledger.counts.tallies()) == 0  # it is nobody's file


async def test_a_third_of_a_fleet_gone_bad_is_an_alarm_for_a_single_workspace_and_its_cause_is_tested(
    stage: Start,
) -> None:
    it: Stage = await stage(fleet(good=10))
    await with_a_number_for_tests(it)
    sent = [await it.platform.send(NUMBER, "image", customer=nth) for nth in range(20)]
    it.platform.set_scenario(fleet(bad=4, good=6))

    async def tested() -> bool:
        sent.extend([await it.platform.send(NUMBER, "image", customer=len(sent) + nth) for nth in range(2)])
        for each in await incidents(it, "open"):
            events = await it.instance.ledger.incidents.events(each.id)
            if any(event.kind == Kind.TEST for event in events):
                return True
        return False

    await until(tested)
    (found,) = await incidents(it, "open")
    assert (found.operation, found.outcome) == (LOOK_UP.name, "upstream")
    events = await it.instance.ledger.incidents.events(found.id)
    kinds = [event.kind for event in events]
    assert kinds.index(Kind.SUSPECTED) < kinds.index(Kind.ALARM) < kinds.index(Kind.TEST)
    assert any("probes failed as well" in event.text for event in events if event.kind == Kind.ALARM)
    assert found.cause is not None
    assert found.cause.tested is not None
    assert "10" in found.cause.tested

    it.platform.set_scenario(fleet())

    async def all_attached() -> bool:
        return sum(tally.attached for tally in await it.instance.ledger.counts.tallies()) >= len(sent)

    await until(all_attached)
    figures = await counted(it, sent)
    assert (figures.lost, figures.doubled) == (0, 0)
    assert (await audit(it.instance.ledger)).ok
