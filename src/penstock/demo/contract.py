"""The contract act: the client of the incident is put in use, and not one of its requests leaves the machine.

While it is in use every file waits; when it is put back they come by themselves. What was refused is taken from the
ledger's attempts, what was on the wire from the simulated Meta. Called by ``demo.play``.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from penstock.core.work import Outcome
from penstock.demo.calm import KINDS, counted, settled
from penstock.demo.legacy import send_legacy
from penstock.demo.stage import NUMBER, Stage
from penstock.simulator import Sent

_WAIT_S = 60.0


class Figures(msgspec.Struct, frozen=True):
    """What the act showed."""

    requests_refused: int
    requests_on_wire_with_wrong_method: int
    rolled_back: bool
    items_lost: int
    files: int
    doubled: int


async def play(stage: Stage, *, messages: int = 40) -> Figures:
    """Put the legacy form in use, let messages come, put the right one back, count."""
    right = stage.fetching.use(send_legacy)
    sent = [await stage.platform.send(NUMBER, KINDS[index % len(KINDS)]) for index in range(messages)]
    await stage.platform.drain(_WAIT_S)
    files = [each for each in sent if each.media is not None]
    refused = await _refused(stage, files)
    stage.fetching.use(right)
    due = await stage.instance.mended()
    await settled(stage)
    figures = await counted(stage, sent)
    return Figures(
        requests_refused=refused,
        requests_on_wire_with_wrong_method=len(stage.platform.record.wrong_methods()),
        rolled_back=due == len(files),
        items_lost=figures.lost,
        files=len(files),
        doubled=figures.doubled,
    )


async def _refused(stage: Stage, files: Sequence[Sent]) -> int:
    """Wait until every file was tried, and count the requests that were refused."""
    shelf = stage.instance.ledger.shelf
    loop = asyncio.get_running_loop()
    until = loop.time() + _WAIT_S
    while True:
        messages = [await shelf.message(wamid=each.wamid, workspace_id=None) for each in files]
        rows = [item for message in messages if message is not None for item in message.media]
        if all(item.attempts and item.state == "waiting" for item in rows) or loop.time() > until:
            break
        await asyncio.sleep(0.05)
    attempts = [attempt for item in rows for attempt in await shelf.attempts(item.id)]
    return sum(attempt.outcome is Outcome.CONTRACT for attempt in attempts)
