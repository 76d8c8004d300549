"""A part of the fleet that turns bad, with everything running: the incident opens, is told, is reported, closes again.

The truth is the simulator's: when its servers turned bad, and how long each webhook waited for its answer.
"""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from penstock.controls.watch.reporting import gathered
from penstock.core import postmortem
from penstock.core.incident import Incident, Kind, sentence
from penstock.core.operation import LOOK_UP
from penstock.demo.calm import counted, settled
from penstock.demo.incident import report
from penstock.demo.stage import Stage
from penstock.flow.auditing import audit
from penstock.simulator import FaultRule, Rules, Scenario, Sent, Server, Webhooks

Start = Callable[..., Any]
SEED = 20_261_125
LIMIT_S = 300.0
TURN_S = 0.1  # a file and a text each time
TEXTS = 60  # of which a median is made
BAD, OF = 3, 10  # servers
NUMBERS = [
    f"1000000000001{nth:02}" for nth in range(30)
]  # of a workspace each: many enough for an alarm without probes
SLOWER = 3.0  # times; what a text may take while files fail …
SLOWER_S = 0.25  # … and no less than this much more: other programs may have used the machine just then


def fleet(bad: int = 0) -> Scenario:
    """Ten servers, of which any may answer any request; some of them fail look-ups. Each file has to be looked up."""
    failing = FaultRule(fault="server-error", hop="lookup")
    servers = [
        Server(name="good", count=OF - bad),
        *([Server(name="bad", count=bad, faults=(failing,))] if bad else []),
    ]
    return Scenario(servers=tuple(servers), rules=Rules(balance="request"), webhooks=Webhooks(url=False))


async def people(it: Stage) -> None:
    """A workspace for each number."""
    keep = it.instance.ledger.provisioning
    now = await it.instance.ledger.now()
    for number in NUMBERS:
        await keep.add_workspace(f"of-{number}", test=False, now=now)
        await it.add_number(number, workspace=f"of-{number}")
    await it.instance.registry.refresh()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it."""
    async with asyncio.timeout(LIMIT_S):
        while not await true():
            await asyncio.sleep(0.1)


class Text(NamedTuple):
    """How long a text took."""

    answered_s: float  # from the sending of its webhook to the 200, by the simulator's watch
    kept_s: float  # … until somebody who asked the ledger was given it


class Traffic:
    """Files and texts, in turn for every number, until it is stopped."""

    def __init__(self, it: Stage) -> None:
        self.sent: list[Sent] = []
        self._it = it
        self._texts: list[asyncio.Task[Text]] = []

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Send as long as this lasts."""
        task = asyncio.create_task(self._keep_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()

    @property
    def texts(self) -> int:
        """How many there were so far."""
        return len(self._texts)

    async def since(self, first: int) -> list[Text]:
        """How long texts took, from a certain one on; at least as many as a median is made of."""

        async def enough() -> bool:
            return self.texts >= first + TEXTS

        await until(enough)
        return await asyncio.gather(*self._texts[first:])

    async def _keep_on(self) -> None:
        for turn in itertools.count():
            number = NUMBERS[turn % len(NUMBERS)]
            self.sent.append(await self._it.platform.send(number, ("image", "document", "voice")[turn % 3]))
            self.sent.append(text := await self._it.platform.send(number, "text"))
            self._texts.append(asyncio.create_task(self._timed(text)))
            await asyncio.sleep(TURN_S)

    async def _timed(self, text: Sent) -> Text:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        delivery = next(
            each for each in reversed(self._it.platform.record.deliveries) if text.wamid in each.message_ids
        )
        async with asyncio.timeout(LIMIT_S):
            while delivery.state != "delivered":
                await asyncio.sleep(0.002)
        assert await self._it.instance.ledger.shelf.message(wamid=text.wamid, workspace_id=None) is not None
        return Text(sum(each.took_s for each in delivery.attempts), loop.time() - began_s)


def unchanged(name: str, during: Sequence[float], *quiet: Sequence[float]) -> None:
    """Texts took no longer than before and after."""
    usual_s, then_s = max(median(each) for each in quiet), median(during)
    told = ", ".join(f"{median(each) * 1_000:.1f}" for each in quiet)
    print(f"texts {name}: median {then_s * 1_000:.1f} ms while files fail; before, after: {told} ms")
    assert then_s <= max(SLOWER * usual_s, usual_s + SLOWER_S)


async def test_a_fleet_that_turns_bad_is_told_reported_and_over_when_it_has_healed_and_no_text_is_late(
    announced: Start, receiver: Any, tmp_path: Path
) -> None:
    it: Stage = await announced(f"webhook+{receiver.url}/hook", fleet(), seed=SEED)
    ledger, platform = it.instance.ledger, it.platform
    await people(it)
    traffic = Traffic(it)

    async def incidents(*states: str) -> list[Incident]:
        return [each for each in await ledger.incidents.latest() if each.state in states]

    async def opened() -> bool:
        return bool(await incidents("open"))

    async def told() -> bool:
        return any(each.json["incident"]["id"] == number for each in receiver.told)

    async def over() -> bool:
        (target,) = await ledger.alerts.targets()
        return not await incidents("open", "suspected") and target.behind == 0

    async with traffic.flowing():
        await until(lambda: served(it))
        before = await traffic.since(traffic.texts)
        await asyncio.sleep(random.Random(SEED).uniform(0.0, 5.0))  # any moment will do
        assert await incidents("open", "suspected", "closed") == []
        assert receiver.asked == 0

        platform.set_scenario(fleet(bad=BAD))
        turned_at, turned = platform.clock.now(), traffic.texts
        await until(opened)
        number = min(each.id for each in await incidents("open"))
        await until(told)
        during = await traffic.since(turned)
        platform.set_scenario(fleet())
        healed_at = platform.clock.now()
        after = await traffic.since(traffic.texts)
        await until(over)
    await platform.drain(LIMIT_S)
    await settled(it, wait_s=LIMIT_S)

    # The alarm, its name and its onset.
    first = await ledger.incidents.get(number)
    assert (first.operation, first.outcome) == (LOOK_UP.name, "upstream")
    bad_at = next(each.at for each in platform.record.requests if each.at >= turned_at and each.fault is not None)
    events = await ledger.incidents.events(first.id)
    onset_at = next(event.at for event in events if event.kind == Kind.ONSET)
    assert onset_at == first.onset_at
    assert abs(onset_at - bad_at) <= 10
    assert events[-1].kind == Kind.CLOSED
    isolation = next(event.text for event in events if event.kind == Kind.ISOLATION)
    assert isolation.startswith("media.look_up is touched.")
    assert first.files > 0
    assert first.workspaces > 1
    assert first.closed_at is not None
    assert first.closed_at >= healed_at

    # Somebody was told, with the operation's name, and that it is over: each story is whole.
    told_of = [each.json for each in receiver.told]
    alert = next(each for each in told_of if each["incident"]["id"] == first.id)
    assert alert["event"] == "opened"
    assert (alert["incident"]["operation"], alert["incident"]["class"]) == (LOOK_UP.name, "upstream")
    assert alert["url"] == f"{it.base}/api/v1/incidents/{first.id}"
    for each in await incidents("closed"):
        story = list(dict.fromkeys(one["event"] for one in told_of if one["incident"]["id"] == each.id))
        assert (story[0], story[-1]) == ("opened", "closed")

    # The report, on paper of both kinds.
    page = (await report(it, first.id, tmp_path)).read_text()
    account = await gathered(ledger, first.id)
    paper = postmortem.markdown(postmortem.title(account), postmortem.sections(account))
    assert paper.startswith(f"# Incident {first.id}: {LOOK_UP.name}, upstream\n")
    for written in (paper, page):
        for said in ("Onset", "Alarm", "Closed", postmortem.utc(onset_at), "None is lost."):
            assert said in written
    assert "<svg" in page

    # The flow noticed nothing of it.
    figures = await counted(it, traffic.sent)
    assert (figures.lost, figures.doubled) == (0, 0)
    assert (await audit(ledger)).ok
    print(
        f"onset {onset_at - turned_at:+.1f} s from the change, {onset_at - bad_at:+.1f} s from the first bad answer; "
        f"alarm after {first.opened_at - turned_at:.1f} s; closed {first.closed_at - healed_at:.1f} s after it healed; "
        f"{len(await incidents('closed'))} incident(s), {figures.media} files; "
        f"{'no cause' if first.cause is None else sentence(first.cause)}"
    )
    phases = (during, before, after)
    unchanged("to the 200", *([text.answered_s for text in texts] for texts in phases))
    unchanged("to the ledger", *([text.kept_s for text in texts] for texts in phases))


async def served(it: Stage) -> bool:
    """Whether every number got a file."""
    tallies = await it.instance.ledger.counts.tallies()
    return sum(tally.attached > 0 for tally in tallies) >= len(NUMBERS)
