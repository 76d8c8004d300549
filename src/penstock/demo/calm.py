"""The calm act: messages of every kind arrive on a good day, and every file is attached once.

What was sent is taken from the simulated Meta, what became of it from Penstock's ledger and feed; nothing is taken from
the parts that did the work. Called by ``demo.play``.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from penstock.demo.stage import NUMBER, Stage
from penstock.ledger.rows import Event
from penstock.simulator import Sent

KINDS = ("voice", "text", "image", "document", "text", "video", "sticker", "image", "audio", "location")
_WAIT_S = 60.0
_LOOK_EVERY_S = 0.1


class Figures(msgspec.Struct, frozen=True):
    """What the act showed. Times are seconds of the simulated clock."""

    messages: int
    media: int
    attached: int
    lost: int
    doubled: int
    p50_attach_s: float | None
    p99_attach_s: float | None


async def play(stage: Stage, *, messages: int = 120, rate_per_s: float = 40.0, customers: int = 6) -> Figures:
    """Send, wait until nothing is on its way, count."""
    sent = []
    for index in range(messages):
        kind = KINDS[index % len(KINDS)]
        sent.append(await stage.platform.send(NUMBER, kind, customer=index % customers))
        await asyncio.sleep(1 / rate_per_s)
    await stage.platform.drain(_WAIT_S)
    await settled(stage)
    return await counted(stage, sent)


async def settled(stage: Stage, *, wait_s: float = _WAIT_S) -> None:
    """Wait until no file is waiting or being fetched, at most ``wait_s`` real seconds."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while loop.time() < until:
        tallies = await stage.instance.ledger.counts.tallies()
        if not any(tally.waiting + tally.fetching for tally in tallies):
            return
        await asyncio.sleep(0.05)


async def until(found: Callable[[], Coroutine[Any, Any, bool]], *, wait_s: float = 180.0) -> bool:
    """Wait until a condition is met, at most ``wait_s`` real seconds; whether it was."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_s
    while loop.time() < end:
        if await found():
            return True
        await asyncio.sleep(_LOOK_EVERY_S)
    return False


async def counted(stage: Stage, sent: Sequence[Sent]) -> Figures:
    """Compare what Meta sent with what the ledger holds and the feed told."""
    ledger = stage.instance.ledger
    missing, attached, seconds = 0, 0, []
    for each in sent:
        message = await ledger.shelf.message(wamid=each.wamid, workspace_id=None)
        if message is None:
            missing += 1
            continue
        there = [item for item in message.media if item.state == "attached" and item.attached_at is not None]
        attached += len(there)
        missing += (each.media is not None) - min(1, len(there))
        seconds += [((item.attached_at or 0.0) - item.received_at) * stage.speed for item in there]
    return Figures(
        messages=len(sent),
        media=sum(each.media is not None for each in sent),
        attached=attached,
        lost=missing,
        doubled=_doubled(await feed(stage)),
        p50_attach_s=_percentile(seconds, 0.50),
        p99_attach_s=_percentile(seconds, 0.99),
    )


async def feed(stage: Stage) -> list[Event]:
    """The whole feed."""
    events: list[Event] = []
    while page := await stage.instance.ledger.feed.after(events[-1].position if events else 0, workspace_id=None):
        events += page
    return events


def _doubled(events: Sequence[Event]) -> int:
    """How often the feed told the same arrival or the same attachment again."""
    told: Counter[Any] = Counter()
    for event in events:
        if event.kind == "message.received" and event.message is not None:
            told["message", event.message.wamid] += 1
        elif event.kind == "media.attached" and event.media is not None:
            told["media", event.media.wamid, event.media.media_id] += 1
    return sum(times - 1 for times in told.values())


def _percentile(seconds: Sequence[float], share: float) -> float | None:
    if not seconds:
        return None
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)
