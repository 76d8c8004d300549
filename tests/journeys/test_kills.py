"""``kill -9`` at random moments under load: nothing acknowledged is lost, nothing is attached twice."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.ledger.book import Ledger
from penstock.simulator import FaultRule, Platform, Scenario, Server, Webhooks

KINDS = ("image", "voice", "text", "document", "video", "sticker", "text", "audio")
EVERY_S = 0.02  # between two messages


def scenario() -> Scenario:
    """A fleet on a bad day, and a Meta that sends again soon."""
    return Scenario(
        servers=(
            Server(name="good", count=4),
            Server(name="slow", count=1, faults=(FaultRule(fault="slow", hop="download", latency_s=0.3),)),
            Server(name="faulty", count=1, faults=(FaultRule(fault="server-error", probability=0.5),)),
            Server(name="cutting", count=1, faults=(FaultRule(fault="cut-short", hop="download", first_n=1),)),
        ),
        webhooks=Webhooks(
            retry_delays_s=(0.0, 0.2, 0.4, 0.8, 1.6, *([2.0] * 200)),
            duplicate_rate=0.1,
            batch_rate=0.2,
            answer_timeout_s=8.0,
        ),
    )


async def kill_under_load(make: Any, *, kills: int, seed: int) -> None:
    """Send without a pause, kill and start again, then let everything settle and count."""
    chance = random.Random(seed)
    async with Platform(scenario(), seed=seed) as meta:
        penstock = make(meta.graph_url)
        penstock.provision()
        penstock.introduce(meta)
        sent: list[Any] = []
        sending = asyncio.create_task(keep_sending(meta, penstock.number, sent))
        for _ in range(kills):
            penstock.start()
            await penstock.answers()
            await asyncio.sleep(chance.uniform(0.0, 0.8))
            penstock.kill()
        sending.cancel()
        penstock.start()
        await penstock.answers()
        await meta.drain(600)
        await attached(penstock)
        assert await penstock.stop() == 0
        await count(penstock, sent)


async def keep_sending(meta: Platform, number: str, sent: list[Any]) -> None:
    """One message after the other, of every kind."""
    while True:
        sent.append(await meta.send(number, KINDS[len(sent) % len(KINDS)], customer=len(sent) % 7))
        await asyncio.sleep(EVERY_S)


async def attached(penstock: Any) -> None:
    """Wait until no file is on its way."""
    async with asyncio.timeout(600):
        while True:
            found = await asyncio.to_thread(penstock.json, "status")
            if all(each["waiting"] + each["fetching"] == 0 for each in found["workspaces"]):
                return
            await asyncio.sleep(0.5)


async def count(penstock: Any, sent: list[Any]) -> None:
    """What was sent against what is there."""
    audit = penstock.json("audit", "--deep")
    assert audit["ok"], audit["problems"]
    files = [each for each in sent if each.media is not None]
    [acme] = audit["workspaces"]
    assert acme["received"] == len(files) == acme["attached"]
    assert penstock.temporary_files() == []
    blobs = [path for path in (penstock.folder / "blobs").glob("*/*") if path.is_file()]
    assert len(blobs) == len(files)
    ledger = Ledger(SqliteDatabase(penstock.folder / "penstock.db"), FernetSealer(["any key"]))
    await ledger.start()
    try:
        told = await told_by(ledger)
        for each in sent:
            message = await ledger.shelf.message(wamid=each.wamid, workspace_id=None)
            assert message is not None, "an acknowledged message is lost"
            assert told["message.received", each.wamid] == 1
            if each.media is not None:
                [file] = message.media
                assert file.sha256 is not None
                assert file.sha256.hex() == each.media.sha256
                assert told["media.attached", file.id] == 1
    finally:
        await ledger.stop()


async def told_by(ledger: Ledger) -> Counter[tuple[str, object]]:
    """How often the feed told what."""
    told: Counter[tuple[str, object]] = Counter()
    position = 0
    while events := await ledger.feed.after(position, workspace_id=None):
        position = events[-1].position
        for event in events:
            if event.message is not None:
                told[event.kind, event.message.wamid] += 1
            elif event.media is not None:
                told[event.kind, event.media.id] += 1
    return told


async def test_six_kills_under_load_lose_nothing_and_double_nothing(installation: Any) -> None:
    await kill_under_load(installation, kills=6, seed=6)


@pytest.mark.long
async def test_a_hundred_kills_under_load_lose_nothing_and_double_nothing(installation: Any, tmp_path: Path) -> None:
    await kill_under_load(installation, kills=100, seed=100)
