"""The outage act: the whole fleet fails for a while, the breaker shuts its gate, and everything comes when it is well.

Nobody touches anything: trouble is set in the simulated Meta and taken away again. What reached it is taken from its
own record, what became of the files from Penstock's ledger. Called by ``demo.play``.
"""

import asyncio
import itertools

import msgspec

from penstock.core.gate import Gate
from penstock.demo.calm import counted, settled, until
from penstock.demo.stage import NUMBER, Stage
from penstock.simulator import FaultRule, Scenario, Sent, Server

_WAIT_S = 180.0
_KINDS = ("image", "text", "voice", "image", "document", "sticker")
_FLOWING = 1.5  # items per second: more than any probing lets through
_SETTLING_S = 2.0  # what was under way when the gate shut may end


class Figures(msgspec.Struct, frozen=True):
    """What the act showed. Times are seconds, and rates per second, of the real clock: so runs the breaker."""

    media: int
    calls_per_s_while_shut: float | None
    recover_s: float | None  # from the moment when all is well again until more than probes are let through
    drain_s: float | None  # from then until nothing waits
    held_max: int
    attached: int
    lost: int
    doubled: int


async def play(stage: Stage, *, rate_per_s: float = 8.0, shut_s: float = 15.0) -> Figures:
    """Break the fleet, wait for the gate, let it stand, mend the fleet, wait until all is there, count."""
    loop = asyncio.get_running_loop()
    sent: list[Sent] = []
    down = tuple(FaultRule(fault="server-error", hop=hop) for hop in ("lookup", "download"))
    stage.platform.set_scenario(Scenario(servers=(Server(name="down", faults=down),), speed=stage.speed))
    sending = asyncio.create_task(_keep_sending(stage, sent, rate_per_s))
    try:
        shut = await until(lambda: _shut(stage))
        await asyncio.sleep(_SETTLING_S)
        began, calls = loop.time(), _calls(stage)
        await asyncio.sleep(shut_s)
        rate = (_calls(stage) - calls) / (loop.time() - began) if shut else None
        held = await _held(stage)
        stage.platform.set_scenario(Scenario(speed=stage.speed))
        mended = loop.time()
        ramped = await until(lambda: _flows(stage))
        recovered = loop.time()
        held = max(held, await _held(stage))
    finally:
        sending.cancel()
        await asyncio.wait([sending])
    await stage.platform.drain(_WAIT_S)
    await settled(stage, wait_s=_WAIT_S)
    drained = loop.time()
    await until(lambda: _gone(stage))  # whoever plays next finds no gate of ours
    figures = await counted(stage, sent)
    return Figures(
        media=figures.media,
        calls_per_s_while_shut=None if rate is None else round(rate, 3),
        recover_s=round(recovered - mended, 1) if ramped else None,
        drain_s=round(drained - recovered, 1) if ramped else None,
        held_max=held,
        attached=figures.attached,
        lost=figures.lost,
        doubled=figures.doubled,
    )


async def _keep_sending(stage: Stage, sent: list[Sent], rate_per_s: float) -> None:
    for index in itertools.count():
        sent.append(await stage.platform.send(NUMBER, _KINDS[index % len(_KINDS)], customer=index % 6))
        await asyncio.sleep(1 / rate_per_s)


def _calls(stage: Stage) -> int:
    """Requests that reached the fleet."""
    record = stage.platform.record
    return len(record.lookups()) + len(record.downloads())


async def _gates(stage: Stage) -> list[Gate]:
    """The breakers' gates."""
    ledger = stage.instance.ledger
    return [gate for gate in await ledger.gates.active(now=await ledger.now()) if gate.owner == "breaker"]


async def _shut(stage: Stage) -> bool:
    return bool(await _gates(stage))


async def _flows(stage: Stage) -> bool:
    """Whether more than probes are let through again."""
    return all(gate.opening is None or gate.opening >= _FLOWING for gate in await _gates(stage))


async def _gone(stage: Stage) -> bool:
    return not await _gates(stage)


async def _held(stage: Stage) -> int:
    return sum(tally.held for tally in await stage.instance.ledger.counts.tallies())
