"""A fleet that goes down and comes back: the breaker's gate comes and goes by itself, and every file is attached once."""

import asyncio
from collections.abc import Callable
from typing import Any

from penstock.core.breaker import FEWEST, PROBE_OPENING
from penstock.core.gate import BREAKER, Gate
from penstock.core.operation import LOOK_UP
from penstock.demo.calm import counted
from penstock.demo.stage import NUMBER, Stage
from penstock.flow.auditing import audit
from penstock.simulator import FaultRule, Scenario, Server, Webhooks

Start = Callable[..., Any]
QUIET = Webhooks(url=False)  # each file has to be looked up


def fleet(*faults: FaultRule) -> Scenario:
    return Scenario(servers=(Server(faults=faults),), webhooks=QUIET)


async def gates(stage: Stage) -> list[Gate]:
    ledger = stage.instance.ledger
    return [gate for gate in await ledger.gates.active(now=await ledger.now()) if gate.owner == BREAKER]


async def test_a_fleet_that_is_down_shuts_its_gate_and_files_come_by_themselves_when_it_is_back(stage: Start) -> None:
    it: Stage = await stage(fleet(FaultRule(fault="server-error", hop="lookup")))
    sent = [await it.platform.send(NUMBER, "image", customer=n) for n in range(2 * FEWEST)]
    async with asyncio.timeout(120):
        while not (standing := await gates(it)):
            await asyncio.sleep(0.1)
    (gate,) = standing
    assert (gate.scope, gate.opening, gate.by) == ({"operation": LOOK_UP.name}, PROBE_OPENING, "breaker")
    assert "did not get through media.look_up" in gate.why

    it.platform.set_scenario(fleet())
    async with asyncio.timeout(120):
        while any(tally.waiting + tally.fetching for tally in await it.instance.ledger.counts.tallies()):
            await asyncio.sleep(0.1)
    figures = await counted(it, sent)
    assert (figures.attached, figures.lost, figures.doubled) == (len(sent), 0, 0)
    assert (await audit(it.instance.ledger)).ok
    entries = [one.entry for one in await it.instance.ledger.audit_log.read() if one.entry.who == "breaker"]
    assert entries[0].action == "gate.set"
    assert any("3 files in a row got through" in entry.why for entry in entries)
