"""What stands behind a shut gate is told of before it is gone: by one process, once for each threshold."""

import asyncio
from typing import Any

from structlog.testing import capture_logs

from penstock.controls.gates.deadlines import Deadlines
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger


async def receive(ledger: Ledger, webhooks: Any, signed: Any, *left_s: float) -> None:
    """Files that Meta keeps for so long."""
    registry = Registry(ledger)
    await registry.refresh()
    now = await ledger.now()
    for left in left_s:
        message = {**webhooks.file(f"wamid.{left}", f"m{left}"), "timestamp": str(int(now - 7 * 86_400 + left))}
        body = webhooks.body(message)
        assert isinstance(await Receiver(ledger, registry).take(body, signed(body)), Taken)


async def test_each_threshold_of_a_gate_is_told_once(provisioned: Ledger, webhooks: Any, signed: Any) -> None:
    await receive(provisioned, webhooks, signed, 1_800.0, 10 * 3_600.0, 3 * 86_400.0)
    watch = Deadlines(provisioned, owner="me")
    with capture_logs() as logs:
        await watch.look()
    assert logs == []  # no gate, no matter

    now = await provisioned.now()
    gate = await provisioned.gates.shut({"workspace": "acme"}, owner="operator", by="anna", why="down", now=now)
    with capture_logs() as logs:
        await watch.look()
        await watch.look()

    assert [(each["event"], each["log_level"], each["gate"]) for each in logs] == [
        ("gate.deadlines_near", "warning", gate)
    ] * 2
    assert [(each["within_s"], each["files"], each["workspaces"]) for each in logs] == [
        (3_600.0, 1, 1),
        (86_400.0, 1, 1),
    ]
    assert "behind the shut gate of workspace acme expires within 1" in logs[0]["sentence"]
    assert (logs[0]["scope"], logs[0]["owner"], logs[0]["why"]) == ({"workspace": "acme"}, "operator", "down")


async def test_it_is_told_by_whoever_leads(provisioned: Ledger, webhooks: Any, signed: Any) -> None:
    await receive(provisioned, webhooks, signed, 1_800.0)
    await provisioned.gates.shut({}, owner="breaker", by="breaker", why="503s", now=await provisioned.now())
    assert await provisioned.leaders.take("watcher", owner="somebody else", now=await provisioned.now(), lease_s=3_600)
    watch = Deadlines(provisioned, owner="me", every_s=0.01)
    with capture_logs() as logs:
        await watch.start()
        await asyncio.sleep(0.1)
        assert [each for each in logs if each["event"] == "gate.deadlines_near"] == []
        await provisioned.leaders.leave("watcher", owner="somebody else")
        async with asyncio.timeout(60):
            while not any(each["event"] == "gate.deadlines_near" for each in logs):
                await asyncio.sleep(0.02)
        await watch.stop()

    assert await provisioned.leaders.leader("watcher") is None
