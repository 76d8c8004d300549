"""Dead tokens and false refusals, with everything running: whose files wait, and whose go on."""

import asyncio
from collections.abc import Callable
from typing import Any

from penstock.core.gate import Gate
from penstock.core.work import Outcome
from penstock.demo.stage import Stage
from penstock.simulator import FaultRule, Scenario, Server

NUMBERS = [f"10000000000010{nth}" for nth in range(5)]
Start = Callable[..., Any]


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(180):
        while not await condition():
            await asyncio.sleep(0.05)


async def add_numbers(it: Stage, credential: str, numbers: list[str], *, workspace: str) -> None:
    ledger = it.instance.ledger
    now = await ledger.now()
    await ledger.provisioning.add_workspace(workspace, test=False, now=now)
    await ledger.provisioning.add_credential(credential, token=f"EAAG{credential}", now=now)
    it.platform.add_token(credential, f"EAAG{credential}")
    for number in numbers:
        await ledger.provisioning.add_number(number, workspace=workspace, app="demo", credential=credential, now=now)
        it.platform.add_number(
            number,
            app_secret=it.app_secret.encode(),
            callback=f"{it.base}/webhooks/whatsapp/demo",
            token=credential,
        )
    await it.instance.registry.refresh()


async def gates(it: Stage) -> list[Gate]:
    ledger = it.instance.ledger
    return await ledger.gates.active(now=await ledger.now())


async def attached(it: Stage, workspace: str) -> int:
    tallies = await it.instance.ledger.counts.tallies()
    return sum(tally.attached for tally in tallies if tally.workspace == workspace)


async def test_one_dead_token_of_five_numbers_holds_their_files_and_nothing_else(stage: Start) -> None:
    it: Stage = await stage()
    await add_numbers(it, "shared", NUMBERS, workspace="five")
    await add_numbers(it, "sound", ["100000000000200"], workspace="other")
    it.platform.revoke_token("shared")
    for number in NUMBERS:
        await it.platform.send(number, "image")
        await it.platform.send(number, "text")
    await until(lambda: _has_gate(it, "shared"))
    for number in NUMBERS:
        await it.platform.send(number, "voice")
        await it.platform.send("100000000000200", "image")
    await it.platform.drain(60)
    await until(lambda: _attached(it, "other", 5))

    (gate,) = await gates(it)
    assert gate.scope == {"credential": "shared"}
    (tally,) = [each for each in await it.instance.ledger.counts.tallies() if each.workspace == "five"]
    assert (tally.waiting + tally.fetching, tally.attached, tally.failed) == (10, 0, 0)

    it.platform.add_token("renewed", "EAAGrenewed")
    for number in NUMBERS:
        it.platform.world.tokens.grant("renewed", number)
    await it.instance.ledger.provisioning.set_credential(
        "shared", token="EAAGrenewed", now=await it.instance.ledger.now()
    )
    await until(lambda: _attached(it, "five", 10))
    assert await gates(it) == []


async def test_a_fleet_that_refuses_every_token_shuts_no_tenant_out(stage: Start) -> None:
    it: Stage = await stage()
    names = [f"tenant-{nth}" for nth in range(5)]
    for nth, name in enumerate(names):
        await add_numbers(it, name, [NUMBERS[nth]], workspace=name)
    refusing = tuple(FaultRule(fault="token-190", hop=hop) for hop in ("lookup", "download"))
    it.platform.set_scenario(Scenario(servers=(Server(name="refusing", faults=refusing),)))
    for _ in range(4):
        for number in NUMBERS:
            await it.platform.send(number, "image")
    await it.platform.drain(60)
    await until(lambda: _refused(it, 20))
    await until(lambda: _no_credential_gates(it))

    it.platform.set_scenario(Scenario())
    now = await it.instance.ledger.now()
    await it.instance.ledger.queue.hurry(Outcome.AUTH, now=now)
    it.instance.fetcher.wake()
    for name in names:
        await until(lambda name=name: _attached(it, name, 4))  # type: ignore[misc]
    assert all("credential" not in gate.scope for gate in await gates(it))


async def _has_gate(it: Stage, credential: str) -> bool:
    return any(gate.scope == {"credential": credential} for gate in await gates(it))


async def _no_credential_gates(it: Stage) -> bool:
    return all("credential" not in gate.scope for gate in await gates(it))


async def _attached(it: Stage, workspace: str, count: int) -> bool:
    return await attached(it, workspace) == count


async def _refused(it: Stage, count: int) -> bool:
    tallies = await it.instance.ledger.counts.tallies()
    return sum(tally.waiting + tally.fetching for tally in tallies) == count
