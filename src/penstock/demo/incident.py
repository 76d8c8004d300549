"""The incident act: the client of the incident is let out, to a fleet of which some servers honour what it sends.

The check of prepared requests is switched off for this act alone (``demo.unlocked``), so that what stands behind it
shows what it can: the alarm, the operation and the cause by name, the gate, the way back. What was sent is taken from
the simulated Meta, everything else from Penstock's ledger. Called by ``demo.play``.
"""

import asyncio
import contextlib
import itertools
from pathlib import Path

import msgspec

from penstock.controls.rollouts.operating import Operating, Order
from penstock.controls.watch.reporting import gathered
from penstock.core import postmortem
from penstock.core.errors import Conflict, NotFound
from penstock.core.incident import Event, Incident, Kind, Severity, sentence
from penstock.core.operation import LOOK_UP
from penstock.core.recipe import Parameters
from penstock.core.rollout import Move
from penstock.core.seen import Seen
from penstock.core.staging import TEST
from penstock.core.work import Outcome
from penstock.demo.calm import counted, settled, until
from penstock.demo.stage import REPAIRED, Stage, tenants
from penstock.demo.unlocked import send_unlocked
from penstock.simulator import FaultRule, Rules, Scenario, Sent, Server, Webhooks
from penstock.web.postmortem import html

_KINDS = ("image", "voice", "text", "image", "document", "text")
_WAIT_S = 180.0
_LOOK_EVERY_S = 0.1
_TEXT_S = 5.0  # a text that is not there so soon after it was sent is delayed
_HONOURING, _REFUSING = 14, 6  # servers of the fleet
_MANY = 100_000
_WHO = "demo"
_STAGE_S = 1.0  # at each stage, at least
_ORDINARY_S = 8.0  # of traffic that a diagnosis can compare with


class Figures(msgspec.Struct, frozen=True):
    """What the act showed. Times are seconds of the real clock: by that one the watch goes."""

    media: int
    outcomes_to_alarm: int | None  # first look-ups from the change until the alarm
    alarm_s: float | None  # from the change
    operation_named: str | None
    failures_to_cause: int | None  # look-ups that failed until our own request was named
    cause: str | None
    gate_after_alarm_s: float | None  # less than nothing: the gate came first
    text_delayed: int
    attached: int
    lost: int
    doubled: int
    incident: int | None  # its number
    stages: tuple[str, ...]  # that the right form went through, with what else still sending the wrong one


async def play(stage: Stage, *, rate_per_s: float = 25.0) -> Figures:
    """Let the wrong client out, wait until the cause is known and the gate is shut, put the right one back, count."""
    ledger = stage.instance.ledger
    numbers = await tenants(stage)
    sent: list[Sent] = []
    texts = _Texts(stage)
    stage.platform.set_scenario(_fleet(stage))
    sending = asyncio.create_task(_keep_sending(stage, numbers, sent, texts, rate_per_s))
    try:
        await until(lambda: _all_served(stage, numbers))
        await asyncio.sleep(_ORDINARY_S)
        changed_at = await ledger.now()
        tail = ledger.tail()
        await tail.begin(since=changed_at)
        right = stage.fetching.use(send_unlocked)
        try:
            await until(lambda: _known_and_shut(stage, changed_at))
            seen = await tail.read(now=await ledger.now(), limit=_MANY)
            stages = await _repair(stage)
        finally:
            stage.fetching.use(right)
        await until(lambda: _over(stage, changed_at))
    finally:
        sending.cancel()
        await asyncio.wait([sending])
    await stage.platform.drain(_WAIT_S)
    await settled(stage, wait_s=_WAIT_S)
    stage.platform.set_scenario(Scenario(speed=stage.speed))
    figures = await counted(stage, sent)
    found = await _incident(stage, changed_at)
    events = [] if found is None else await ledger.incidents.events(found.id)
    alarm_at = _at(events, Kind.ALARM)
    named = next((event for event in events if _own(event)), None)
    gates_at = [gate.at for gate in events if gate.kind == Kind.GATE]
    look_ups = [each for each in seen if each.operation == LOOK_UP.name]
    return Figures(
        media=figures.media,
        outcomes_to_alarm=None if alarm_at is None else sum(each.first and each.at <= alarm_at for each in look_ups),
        alarm_s=None if alarm_at is None else round(alarm_at - changed_at, 1),
        operation_named=None if found is None else found.operation,
        failures_to_cause=None if named is None else sum(_failed(each) and each.at <= named.at for each in look_ups),
        cause=None if found is None or found.cause is None else sentence(found.cause),
        gate_after_alarm_s=None if alarm_at is None or not gates_at else round(min(gates_at) - alarm_at, 1),
        text_delayed=await texts.delayed(),
        attached=figures.attached,
        lost=figures.lost,
        doubled=figures.doubled,
        incident=None if found is None else found.id,
        stages=stages,
    )


async def _repair(stage: Stage) -> tuple[str, ...]:
    """Stage the right form from the test workspace to everybody, by hand: there is no time for more evidence."""
    ledger = stage.instance.ledger
    await ledger.recipes.add(
        REPAIRED, implementation=REPAIRED, parameters=Parameters(), who=_WHO, why="The look-up is a plain GET again."
    )
    operating = Operating(ledger)
    rollout = await operating.start(
        Order(recipe=REPAIRED, by=_WHO, why="The cure, on the test workspace first.", files=3)
    )
    stages = [rollout.stage]
    await until(lambda: _tested(operating))
    while (rollout := await operating.latest()).running:
        if rollout.stage != stages[-1]:
            stages.append(rollout.stage)
        await asyncio.sleep(_STAGE_S)
        with contextlib.suppress(Conflict, NotFound):  # it has moved on, or come to its end, by itself
            await operating.move(Move.ADVANCE, by=_WHO, why="What came by it came whole; everybody is waiting for it.")
    return (*stages, rollout.stage)


async def _tested(operating: Operating) -> bool:
    """Whether the test is over, one way or the other."""
    return (await operating.latest()).stage != TEST


async def report(stage: Stage, number: int, folder: Path) -> Path:
    """Write the post-mortem of an incident as a page; where it is."""
    told = await gathered(stage.instance.ledger, number)
    parts, marks = postmortem.sections(told), postmortem.marks(told)
    path = folder / f"penstock-incident-{number}.html"
    path.write_text(html(postmortem.title(told), parts, marks, postmortem.utc(told.now)), encoding="utf-8")
    return path


class _Texts:
    """Looks after texts that were sent: how many came late."""

    def __init__(self, stage: Stage) -> None:
        self._shelf = stage.instance.ledger.shelf
        self._waits: list[asyncio.Task[bool]] = []

    def sent(self, text: Sent) -> None:
        """One more is on its way."""
        self._waits.append(asyncio.create_task(self._late(text.wamid)))

    async def delayed(self) -> int:
        """How many were not there in time."""
        return sum(await asyncio.gather(*self._waits))

    async def _late(self, wamid: str) -> bool:
        try:
            async with asyncio.timeout(_TEXT_S):
                while await self._shelf.message(wamid=wamid, workspace_id=None) is None:  # noqa: ASYNC110  by polling
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            return True
        return False


def _fleet(stage: Stage) -> Scenario:
    """Every server serves a plain GET; most honour the verb in the body, some answer 405."""
    servers = (
        Server(name="honours", count=_HONOURING, faults=(FaultRule(fault="form-honoured", hop="lookup"),)),
        Server(name="refuses", count=_REFUSING, faults=(FaultRule(fault="form-405", hop="lookup"),)),
    )
    return Scenario(
        servers=servers,
        speed=stage.speed,
        webhooks=Webhooks(url=False),  # without a hint every file has to be looked up
        rules=Rules(balance="request"),
    )


async def _keep_sending(stage: Stage, numbers: list[str], sent: list[Sent], texts: _Texts, rate_per_s: float) -> None:
    for index in itertools.count():
        kind = _KINDS[(index + index // len(numbers)) % len(_KINDS)]  # every tenant gets every kind
        one = await stage.platform.send(numbers[index % len(numbers)], kind, customer=index)
        sent.append(one)
        if one.media is None:
            texts.sent(one)
        await asyncio.sleep(1 / rate_per_s)


async def _all_served(stage: Stage, numbers: list[str]) -> bool:
    """Whether every tenant got a file: then the watch knows them all."""
    tallies = await stage.instance.ledger.counts.tallies()
    return sum(tally.attached > 0 for tally in tallies) >= len(numbers)


async def _incident(stage: Stage, since: float) -> Incident | None:
    """The incident of this act, once it is one: look-ups that are refused as wrong, for somebody to look at now."""
    found = [each for each in await stage.instance.ledger.incidents.latest() if each.opened_at >= since]
    pages = (each for each in found if each.severity == Severity.PAGE and each.state != "suspected")
    return next((each for each in pages if each.operation == LOOK_UP.name), None)


async def _known_and_shut(stage: Stage, since: float) -> bool:
    """Whether our own request is named as the cause, and a gate stands because of it."""
    found = await _incident(stage, since)
    return found is not None and found.cause is not None and found.cause.own_request and bool(found.gates)


async def _over(stage: Stage, since: float) -> bool:
    """Whether no gate stands any more, so that whoever plays next finds none, and the incident has closed by itself."""
    ledger = stage.instance.ledger
    if any(gate.owner == "breaker" for gate in await ledger.gates.active(now=await ledger.now())):
        return False
    found = await _incident(stage, since)
    return found is None or found.state == "closed"


def _own(event: Event) -> bool:
    return event.kind == Kind.DIAGNOSIS and event.data is not None and bool(event.data.get("own_request"))


def _at(events: list[Event], kind: Kind) -> float | None:
    return next((event.at for event in events if event.kind == kind), None)


def _failed(seen: Seen) -> bool:
    return seen.outcome is not Outcome.DELIVERED
