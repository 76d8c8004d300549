"""A whole instance beside a simulated Meta whose fleet falls ill and recovers, in real time: a process of ``gates``.

Traffic goes on at its pace before, during and after the trouble. What became of the files is read from the ledger and
its feed, what reached the fleet from the simulator's record, and the gates from where they stand. Started by the part.
"""

import asyncio
import contextlib
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from penstock.bench import bodies, installation
from penstock.bench.processes import Facts, Parent, run
from penstock.core.gate import BREAKER, TRICKLE
from penstock.flow.auditing import audit
from penstock.ledger.rows import Media
from penstock.settings.logs import set_up
from penstock.simulator import FaultRule, Platform, Scenario, Server
from penstock.simulator.scenario import Webhooks
from penstock.web.server import Server as WebServer
from penstock.web.server import listen
from penstock.wiring.instance import Instance

_FLEET = 20
_AT_ONCE = 24  # downloads: room for about sixty files a second, as in virtual time
_LOOK_S = 0.1
_SETTLE_S = 2.0  # after a gate was set, what had begun before may still be on its way
_DRAINED = 10
_LAST_S = 120.0


class Trial(msgspec.Struct, frozen=True):
    """What a run is to be."""

    bad: float  # the part of the fleet that refuses look-ups
    calm_s: float
    trouble_s: float
    after_s: float  # at most, until nothing is left of it
    per_s: float
    pause_s: float  # of the fleet, before each answer


class Gates:
    """What was seen of the breaker's gates. Times are epoch seconds."""

    def __init__(self) -> None:
        self.trips = 0
        self.shut: list[tuple[float, float]] = []  # from, until
        self.back_at: float | None = None  # when more than probes passed again, for the first time after it healed
        self.shut_now = False
        self.waiting = 0
        self.looks = 0


async def work(told: Facts, parent: Parent) -> None:
    """Be ready, and on the order ``run`` carry out one trial."""
    set_up("json")
    async with _stage(Path(told["folder"]), pause_s=told["pause_s"]) as (meta, instance):
        parent.say()
        while (order := await parent.order()) is not None:
            trial = msgspec.convert({**order["trial"], "pause_s": told["pause_s"]}, Trial)
            parent.say(**await _run(trial, meta, instance))


@contextlib.asynccontextmanager
async def _stage(folder: Path, *, pause_s: float) -> AsyncIterator[tuple[Platform, Instance]]:
    """The two of them, introduced to each other."""
    async with Platform(_scenario(0.0, pause_s)) as meta, contextlib.AsyncExitStack() as stack:
        settings = installation.settings(folder, graph_url=meta.graph_url, concurrency=_AT_ONCE)
        async with installation.provisioned(settings):
            pass
        listening = stack.enter_context(contextlib.closing(listen(settings.bind.host, 0)))
        instance = Instance(settings)
        await instance.start()
        stack.push_async_callback(instance.stop)
        server = WebServer(instance.app, ending=instance.nudge.stop)
        await server.start(listening)
        stack.push_async_callback(server.stop)
        meta.add_token(bodies.CREDENTIAL, bodies.TOKEN)
        meta.add_number(
            bodies.NUMBER,
            app_secret=bodies.SECRET.encode(),
            callback=f"http://127.0.0.1:{listening.getsockname()[1]}{bodies.PATH}/{bodies.APP}",
            token=bodies.CREDENTIAL,
        )
        yield meta, instance


def _scenario(bad: float, pause_s: float) -> Scenario:
    """A fleet of which a part refuses every look-up. Webhooks bring no URL, so that each file must be looked up."""
    ill = round(bad * _FLEET)
    slow = FaultRule(fault="slow", latency_s=pause_s)
    servers = []
    if ill:
        servers.append(Server(name="ill", count=ill, faults=(slow, FaultRule(fault="get-405", hop="lookup"))))
    if ill < _FLEET:
        servers.append(Server(name="well", count=_FLEET - ill, faults=(slow,)))
    return Scenario(servers=tuple(servers), webhooks=Webhooks(url=False))


async def _run(trial: Trial, meta: Platform, instance: Instance) -> Facts:
    """Calm, trouble, and the time after it."""
    gates, healed = Gates(), asyncio.Event()
    sending = asyncio.create_task(_send(meta, trial.per_s))
    looking = asyncio.create_task(_look(instance, gates, healed))
    try:
        began = await instance.ledger.now()
        await asyncio.sleep(trial.calm_s)
        meta.set_scenario(_scenario(trial.bad, trial.pause_s))
        await asyncio.sleep(trial.trouble_s)
        waiting = gates.waiting
        meta.set_scenario(_scenario(0.0, trial.pause_s))
        healed_at = await instance.ledger.now()
        healed.set()
        drained = await _until(lambda: gates.waiting <= _DRAINED and not gates.shut_now, within_s=trial.after_s)
        drained_at = await instance.ledger.now()
    finally:
        sending.cancel()
        await asyncio.wait([sending])
    await meta.drain(_LAST_S)
    looks = gates.looks
    await _until(lambda: gates.looks > looks + 1 and not gates.waiting, within_s=_LAST_S)  # what was seen before is old
    looking.cancel()
    await asyncio.wait([looking])
    rows = [row async for row in _rows(instance)]
    normal = _took([row for row in rows if row.received_at < began + trial.calm_s])
    opened_at = gates.back_at or healed_at
    live = _took([row for row in rows if opened_at <= row.received_at < max(drained_at, opened_at + 1.0)])
    return {
        "bad": trial.bad,
        "files": len(rows),
        "sent": len(meta.record.acknowledged()),
        "within_60_s": sum(took_s <= 60.0 for took_s in _took(rows)) / len(rows),
        "lost": len(rows) - sum(row.state == "attached" for row in rows),
        "doubled": await _doubled(instance),
        "audit_ok": (await audit(instance.ledger)).ok,
        "trips": gates.trips,
        "calls_per_s_shut": _calls_while_shut(meta, gates, until=healed_at),
        "back_s": None if gates.back_at is None else round(gates.back_at - healed_at, 1),
        "waiting_when_healed": waiting,
        "drained_s": round(drained_at - healed_at, 1) if drained else None,
        "normal_p50_s": _median(normal),
        "live_p50_s": _median(live),
    }


async def _send(meta: Platform, per_s: float) -> None:
    """A photo at a steady pace, for as long as it is let."""
    clock, number = asyncio.get_running_loop().time, 0
    began = clock()
    while True:
        await asyncio.sleep(max(0.0, began + number / per_s - clock()))
        await meta.send(bodies.NUMBER, "image", customer=number % 50)
        number += 1


async def _look(instance: Instance, gates: Gates, healed: asyncio.Event) -> None:
    """Note how the breaker's gates stand, and how much waits."""
    while True:
        now = await instance.ledger.now()
        standing = [gate for gate in await instance.ledger.gates.active(now=now) if gate.owner == BREAKER]
        shut = any(gate.opening is not None and gate.opening < TRICKLE for gate in standing)
        if shut and not gates.shut_now:
            gates.trips += 1
            gates.shut.append((now, now))
        elif shut:
            gates.shut[-1] = (gates.shut[-1][0], now)
        if healed.is_set() and gates.trips and not shut and gates.back_at is None:
            gates.back_at = now
        gates.shut_now = shut
        tallies = await instance.ledger.counts.tallies()
        gates.waiting = sum(tally.waiting + tally.fetching for tally in tallies)
        gates.looks += 1
        await asyncio.sleep(_LOOK_S)


async def _until(met: Callable[[], bool], *, within_s: float) -> bool:
    """Wait until something is so, for a while; whether it is."""
    clock = asyncio.get_running_loop().time
    end = clock() + within_s
    while not met() and clock() < end:  # noqa: ASYNC110 -- what is waited for has no event
        await asyncio.sleep(_LOOK_S)
    return met()


async def _rows(instance: Instance) -> AsyncIterator[Media]:
    cursor: str | None = None
    while True:
        page = await instance.ledger.shelf.media_list(limit=1_000, after=cursor)
        for row in page.items:
            yield row
        if (cursor := page.next) is None:
            return


async def _doubled(instance: Instance) -> int:
    """How often the feed told of an attachment that it had told of before."""
    told: Counter[int] = Counter()
    position = 0
    while events := await instance.ledger.feed.after(position, workspace_id=None, limit=1_000):
        position = events[-1].position
        told.update(event.media.id for event in events if event.kind == "media.attached" and event.media is not None)
    return sum(times - 1 for times in told.values())


def _took(rows: Sequence[Media]) -> list[float]:
    return [row.attached_at - row.received_at for row in rows if row.attached_at is not None]


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None


def _calls_while_shut(meta: Platform, gates: Gates, *, until: float) -> float | None:
    """Look-ups that reached the fleet in a second, while its gate was shut; None when it never was for long."""
    spans = [(begin + _SETTLE_S, min(end, until)) for begin, end in gates.shut if min(end, until) > begin + _SETTLE_S]
    seconds = sum(end - begin for begin, end in spans)
    if seconds < 5.0:
        return None
    at = [request.at for request in meta.record.lookups()]
    return round(sum(begin <= each < end for each in at for begin, end in spans) / seconds, 3)


if __name__ == "__main__":
    run(work)
