"""Runs the demo: with its acts one after the other and an end, or as a show that goes on until it is stopped.

Its data lives in a temporary folder that is removed at the end. Called by ``cli.demo``.
"""

import asyncio
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from penstock.core.operation import LOOK_UP
from penstock.demo import calm, contract, incident, outage, rollout
from penstock.demo.stage import NUMBER, Stage, free_or
from penstock.flow.auditing import audit
from penstock.ledger.rows import Tally
from penstock.simulator import FaultRule, Scenario, Server

_SHOW_EVERY_S = 2.5


class Played(msgspec.Struct, frozen=True):
    """The end of a demo with an end."""

    acts: "Acts"
    audit_ok: bool
    report: str | None = None  # where the post-mortem of the incident is; it is not removed

    @property
    def clean(self) -> bool:
        """Whether every act showed what it should."""
        calm, contract, outage = self.acts.calm, self.acts.contract, self.acts.outage
        incident, rollout = self.acts.incident, self.acts.rollout
        refused = contract.rolled_back and not contract.requests_on_wire_with_wrong_method
        back = outage.recover_s is not None and outage.attached == outage.media
        found = (
            incident.operation_named == LOOK_UP.name
            and incident.failures_to_cause is not None
            and not incident.text_delayed
        )
        lost = (
            sum(act.lost + act.doubled for act in (calm, incident, outage, rollout))
            + contract.items_lost
            + contract.doubled
        )
        staged = rollout.promoted_s is not None and rollout.bad_candidate_rolled_back_s is not None
        return self.audit_ok and refused and found and back and staged and not lost


class Acts(msgspec.Struct, frozen=True):
    """What each act showed."""

    calm: calm.Figures
    contract: contract.Figures
    incident: incident.Figures
    outage: outage.Figures
    rollout: rollout.Figures


async def acts(*, speed: float = 1.0, seed: int = 0) -> Played:
    """Play every act to its end and audit what is there, every byte included. The report is left in a new folder."""
    reports = Path(tempfile.mkdtemp(prefix="penstock-report-"))
    with tempfile.TemporaryDirectory(prefix="penstock-demo-") as folder:
        scenario = Scenario(speed=speed)
        async with Stage(Path(folder), scenario, seed=seed, speed=speed) as stage:
            figures = Acts(
                calm=await calm.play(stage),
                contract=await contract.play(stage),
                incident=await incident.play(stage),
                outage=await outage.play(stage),
                rollout=await rollout.play(stage),
            )
            books = await audit(stage.instance.ledger, stage.instance.blobs)
            number = figures.incident.incident
            report = None if number is None else str(await incident.report(stage, number, reports))
            return Played(figures, books.ok, report)


async def show(
    *,
    port: int,
    speed: float,
    seed: int,
    say: Callable[[str], None],
    told: Callable[[Tally], None],
    stopped: asyncio.Event,
) -> None:
    """Let messages arrive until ``stopped`` is set; ``told`` hears once a second how many files stand where."""
    with tempfile.TemporaryDirectory(prefix="penstock-demo-") as folder:
        async with Stage(Path(folder), _lively(speed), port=free_or(port), seed=seed, speed=speed) as stage:
            say(f"Penstock is at {stage.base}, a simulated Meta at {stage.platform.graph_url}.")
            say(f"Open the inbox: {await stage.sign_in_link()}")
            say(f"(This link works once. To sign in again, use the API token {stage.api_token})")
            say("Voice notes, photos, videos, documents and stickers are arriving. Ctrl-C ends the demo.")
            sending = asyncio.create_task(_keep_sending(stage, random.Random(seed)))  # noqa: S311 -- repeatable
            try:
                while not stopped.is_set():
                    for tally in await stage.instance.ledger.counts.tallies():
                        told(tally)
                    await _either(stopped, 1.0)
                    if sending.done():
                        await sending
            finally:
                sending.cancel()


def _lively(speed: float) -> Scenario:
    """A fleet on an ordinary day: most servers are quick, one is slow, one fails now and then."""
    return Scenario(
        speed=speed,
        servers=(
            Server(name="quick", count=4, faults=(FaultRule(fault="slow", hop="lookup", latency_s=0.4),)),
            Server(name="slow", count=2, faults=(FaultRule(fault="slow", hop="download", latency_s=2.5),)),
            Server(name="faulty", count=1, faults=(FaultRule(fault="server-error", hop="lookup", first_n=1),)),
        ),
    )


async def _keep_sending(stage: Stage, choose: random.Random) -> None:
    """First one of everything, then something now and then."""
    for index, kind in enumerate(("text", "voice", "image", "video", "document", "sticker", "audio", "location")):
        await stage.platform.send(NUMBER, kind, customer=index % 3)
    while True:
        await asyncio.sleep(_SHOW_EVERY_S * (0.5 + choose.random()))
        await stage.platform.send(NUMBER, choose.choice(calm.KINDS), customer=choose.randrange(5))


async def _either(stopped: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopped.wait(), seconds)
    except TimeoutError:
        return
