"""A part of the fleet that turns bad, with everything running: the incident opens, names what fails, and closes again."""

import asyncio
from collections.abc import Callable
from typing import Any

from penstock.core.incident import Incident
from penstock.core.operation import LOOK_UP
from penstock.demo.calm import counted
from penstock.demo.stage import Stage
from penstock.flow.auditing import audit
from penstock.simulator import FaultRule, Scenario, Server, Webhooks

Start = Callable[..., Any]
QUIET = Webhooks(url=False)  # each file has to be looked up
NUMBERS = [
    f"1000000000001{nth:02}" for nth in range(30)
]  # of a workspace each: many enough for an alarm without probes


def fleet(*faults: FaultRule) -> Scenario:
    return Scenario(servers=(Server(faults=faults),), webhooks=QUIET)


async def people(it: Stage) -> None:
    """A workspace for each number."""
    keep = it.instance.ledger.provisioning
    now = await it.instance.ledger.now()
    for number in NUMBERS:
        await keep.add_workspace(f"of-{number}", test=False, now=now)
        await keep.add_number(number, workspace=f"of-{number}", app="demo", credential="demo", now=now)
        it.platform.add_number(
            number, app_secret=it.app_secret.encode(), callback=f"{it.base}/webhooks/whatsapp/demo", token="demo"
        )
    await it.instance.registry.refresh()


async def until_all_is_attached(it: Stage, count: int) -> None:
    async with asyncio.timeout(120):
        while sum(tally.attached for tally in await it.instance.ledger.counts.tallies()) < count:
            await asyncio.sleep(0.1)


async def incident(it: Stage, *states: str) -> Incident:
    async with asyncio.timeout(120):
        while True:
            for each in await it.instance.ledger.incidents.latest():
                if each.state in states:
                    return each
            await asyncio.sleep(0.1)


async def test_a_fleet_that_turns_bad_is_one_incident_until_it_has_healed(stage: Start) -> None:
    it: Stage = await stage(fleet())
    await people(it)
    sent = [await it.platform.send(number, "image") for number in NUMBERS]
    await until_all_is_attached(it, len(sent))
    assert await it.instance.ledger.incidents.latest() == []

    began = await it.instance.ledger.now()
    it.platform.set_scenario(fleet(FaultRule(fault="server-error", hop="lookup", probability=0.5)))
    async with asyncio.timeout(120):
        while not any(each.state == "open" for each in await it.instance.ledger.incidents.latest()):
            sent += [await it.platform.send(number, "image") for number in NUMBERS]
            await asyncio.sleep(1)
    found = await incident(it, "open")
    assert (found.operation, found.outcome) == (LOOK_UP.name, "upstream")
    assert began <= found.onset_at <= found.opened_at
    texts = [await it.platform.send(number, "text") for number in NUMBERS]
    await it.platform.drain(60)
    assert it.platform.outstanding == 0  # the texts were taken, incident or not

    it.platform.set_scenario(fleet())
    async with asyncio.timeout(120):
        while (await it.instance.ledger.incidents.get(found.id)).state != "closed":
            sent += [await it.platform.send(number, "image") for number in NUMBERS[::3]]
            await asyncio.sleep(1)
    await until_all_is_attached(it, len(sent))

    events = await it.instance.ledger.incidents.events(found.id)
    assert events[0].kind == "onset"
    assert events[-1].kind == "closed"
    assert "succeed again" in events[-1].text
    isolation = next(event.text for event in events if event.kind == "isolation")
    assert isolation.startswith("media.look_up is touched.")
    over = await it.instance.ledger.incidents.get(found.id)
    assert over.files > 0
    assert over.workspaces > 1
    figures = await counted(it, [*sent, *texts])
    assert (figures.lost, figures.doubled) == (0, 0)
    assert (await audit(it.instance.ledger)).ok
