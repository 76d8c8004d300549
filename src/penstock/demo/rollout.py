"""The rollout act: the next version of Graph goes to everybody, and one that a part of the fleet rejects is taken back.

Both go their way by themselves: what moves them on or takes them back is the evidence. Called by ``demo.play``.
"""

import asyncio
import itertools

import msgspec

from penstock.controls.rollouts.operating import Operating, Order
from penstock.core.recipe import Parameters
from penstock.core.staging import ROLLED_BACK
from penstock.demo.calm import counted, settled, until
from penstock.demo.stage import Stage, tenants
from penstock.simulator import FaultRule, Rules, Scenario, Sent, Server, Webhooks

_GOOD, _BAD = "v90.0", "v91.0"  # versions that nobody else asks for
_WHO = "demo"
_FEW = 5  # outcomes suffice for the good one at each stage: the act is short
_WAIT_S = 300.0
_LOOK_EVERY_S = 0.1
_KINDS = ("image", "voice", "document")
_KNOWING, _BEHIND = 5, 5  # servers: those that know the version after next, and those that reject it


class Figures(msgspec.Struct, frozen=True):
    """What the act showed. Times are seconds of the real clock."""

    stages: tuple[str, ...]  # that the good one went through
    promoted_s: float | None  # from its start until it was the recipe in use
    bad_candidate_rolled_back_s: float | None  # from its start
    bad_candidate_failures: int  # first attempts that it failed at
    media: int
    attached: int
    lost: int
    doubled: int


async def play(stage: Stage, *, rate_per_s: float = 30.0) -> Figures:
    """Roll out a good candidate and a bad one while files arrive, and count."""
    numbers = await tenants(stage)
    sent: list[Sent] = []
    stage.platform.set_scenario(_fleet(stage))
    sending = asyncio.create_task(_keep_sending(stage, numbers, sent, rate_per_s))
    try:
        await until(lambda: _nothing_is_open(stage), wait_s=_WAIT_S)  # what an act before this one left behind
        stages, promoted_s = await _roll_out(stage, "next", _GOOD, files=3, outcomes=_FEW)
        # The test workspace would refuse this one; here everybody else is to show what becomes of it.
        ends, taken_back_s = await _roll_out(stage, "after-next", _BAD, without_test=True)
        bad = (await Operating(stage.instance.ledger).latest()).progress.failures
    finally:
        sending.cancel()
        await asyncio.wait([sending])
    await stage.platform.drain(60.0)
    await settled(stage, wait_s=_WAIT_S)
    stage.platform.set_scenario(Scenario(speed=stage.speed))
    figures = await counted(stage, sent)
    return Figures(
        stages=stages,
        promoted_s=promoted_s if stages[-1] == "done" else None,
        bad_candidate_rolled_back_s=taken_back_s if ends[-1] == ROLLED_BACK else None,
        bad_candidate_failures=bad,
        media=figures.media,
        attached=figures.attached,
        lost=figures.lost,
        doubled=figures.doubled,
    )


async def _roll_out(
    stage: Stage, name: str, version: str, *, files: int = 1, outcomes: int | None = None, without_test: bool = False
) -> tuple[tuple[str, ...], float]:
    """Start a rollout and watch it to its end: the stages that it went through, and how long it took."""
    ledger, loop = stage.instance.ledger, asyncio.get_running_loop()
    operating, began = Operating(ledger), loop.time()
    why = f"Graph {version} is to be used."
    await ledger.recipes.add(
        name, implementation="declared", parameters=Parameters(graph_version=version), who=_WHO, why=why
    )
    order = Order(recipe=name, by=_WHO, why=why, files=files, outcomes=outcomes, without_test=without_test)
    stages = [(await operating.start(order)).stage]
    while (rollout := await operating.latest()).running and loop.time() < began + _WAIT_S:
        if rollout.stage != stages[-1]:
            stages.append(rollout.stage)
        await asyncio.sleep(_LOOK_EVERY_S)
    if rollout.stage != stages[-1]:
        stages.append(rollout.stage)
    return tuple(stages), round(loop.time() - began, 1)


def _fleet(stage: Stage) -> Scenario:
    behind = FaultRule(fault="get-405", hop="lookup", versions=(_BAD,))
    servers = (Server(name="knows", count=_KNOWING), Server(name="behind", count=_BEHIND, faults=(behind,)))
    rules = Rules(balance="request")  # a connection that met a server which knows it would hide the others
    return Scenario(servers=servers, speed=stage.speed, webhooks=Webhooks(url=False), rules=rules)


async def _keep_sending(stage: Stage, numbers: list[str], sent: list[Sent], rate_per_s: float) -> None:
    for index in itertools.count():
        kind = _KINDS[index % len(_KINDS)]
        sent.append(await stage.platform.send(numbers[index % len(numbers)], kind, customer=index))
        await asyncio.sleep(1 / rate_per_s)


async def _nothing_is_open(stage: Stage) -> bool:
    return not await stage.instance.ledger.incidents.latest(only_open=True)
