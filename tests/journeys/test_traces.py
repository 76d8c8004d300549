"""A trace without a deploy: a command beside a running instance, whole exchanges within a second, no secret in the export."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.core.test_har import faults

from penstock.controls.traces.operating import Operating, Order
from penstock.core import ids
from penstock.demo.stage import NUMBER, Stage
from penstock.simulator import FaultRule, Platform, Scenario, Server, Webhooks

QUIET = Webhooks(url=False)  # each file has to be looked up
HALF_BAD = (
    Server(name="good", count=2),
    Server(name="bad", count=2, faults=(FaultRule(fault="server-error", hop="lookup"),)),
)


async def test_a_command_has_a_running_instance_keep_whole_exchanges(installation: Any, tmp_path: Path) -> None:
    async with Platform(Scenario(servers=HALF_BAD, webhooks=QUIET)) as meta:
        it = installation(meta.graph_url)
        await asyncio.to_thread(it.provision)
        it.introduce(meta)
        it.start()
        await it.answers()
        before = await meta.send(it.number, "image")
        await until_attached(it, 1)
        said = await asyncio.to_thread(
            it.json, "trace", "on", "--workspace", "acme", "--for", "30m", "--why", "half of the look-ups fail"
        )
        number = str(said["trace"]["id"])
        sent = [before]
        async with asyncio.timeout(120):  # within a second, on a machine that has the time
            while (await asyncio.to_thread(it.json, "trace", "show", number))["trace"]["exchanges"] < 6:
                sent.append(await meta.send(it.number, "document", customer=len(sent)))
                await asyncio.sleep(0.2)
        await until_attached(it, len(sent))
        whole = await asyncio.to_thread(it.json, "trace", "show", number)
        path = tmp_path / "kept.har"
        await asyncio.to_thread(it.run, "trace", "export", number, "--har", str(path))
        await asyncio.to_thread(it.run, "trace", "off", number, "--why", "seen enough")
        after = await asyncio.to_thread(it.json, "trace", "list")
        assert await it.stop() == 0

    exchanges = whole["exchanges"]
    look_ups = [each for each in exchanges if each["operation"] == "media.look_up"]
    assert {each["status"] for each in look_ups} <= {200, 500, 502, 503}
    assert {each["server"] for each in exchanges} <= {"good-1", "good-2", "bad-1", "bad-2"}
    good = next(each for each in look_ups if each["status"] == 200)
    assert json.loads(good["text"])["url"].endswith("[withheld]")
    assert dict(good["request_headers"])["Authorization"] == "Bearer [withheld]"
    assert (good["peer_address"], good["timings"].keys()) == (
        "127.0.0.1",
        {"blocked", "connect", "wait", "receive"},
    )
    files = [each for each in exchanges if each["operation"] == "media.download" and each["outcome"] == "delivered"]
    assert files
    assert all(each["size"] and len(each["sha256"]) == 64 and "text" not in each for each in files)
    archive = path.read_text("utf-8")
    assert faults(json.loads(archive)) == []
    everything = archive + json.dumps(whole)
    secrets = [it.token, it.secret, "verify-me", *(each.wamid.removeprefix("wamid.") for each in sent)]
    assert not [secret for secret in secrets if secret in everything]
    assert after["traces"][0]["state"] == "off"


async def until_attached(it: Any, count: int) -> None:
    async with asyncio.timeout(120):
        while True:
            (row,) = (await asyncio.to_thread(it.json, "status"))["workspaces"]
            if row["attached"] >= count:
                return
            await asyncio.sleep(0.1)


async def test_a_trace_ends_by_itself_and_the_flow_never_notices(stage: Callable[..., Any]) -> None:
    it: Stage = await stage(Scenario(webhooks=QUIET))
    ledger = it.instance.ledger
    order = Order(
        scope={"number": NUMBER}, by="cli:anna", why="a look", until=await ledger.now() + 600, most_exchanges=4
    )
    made = await Operating(ledger).put_on(order)
    await it.instance.traces.refresh()
    sent = [await it.platform.send(NUMBER, "image", customer=nth) for nth in range(8)]
    async with asyncio.timeout(120):
        while sum(tally.attached for tally in await ledger.counts.tallies()) < len(sent):
            await asyncio.sleep(0.05)
        while (found := await ledger.traces.get(made.id)).ended_at is None:
            await asyncio.sleep(0.05)
    assert (found.exchanges, found.ended_by) == (4, "full")
    kept = await ledger.traces.all_exchanges(made.id)
    assert {each.outcome for each in kept} == {"delivered"}
    assert all(ids.decode(ids.Kind.MEDIA, each.media) for each in kept)
