"""Runs of reprocessing in the timelines of the incidents whose files they touch."""

import asyncio
from typing import Any

import pytest

from penstock.controls.watch.reruns import Reruns
from penstock.core.detector import Key
from penstock.core.reading import read
from penstock.core.work import Attached, Attempt, Ending, Failed, Outcome
from penstock.ledger.book import Ledger
from penstock.ledger.runs import Asked


def attempt(at: float, outcome: Outcome) -> Attempt:
    return Attempt(
        at=at,
        operation="media.look_up",
        declared_method="GET",
        wire_method="GET",
        host="graph.facebook.com",
        peer_address="192.0.2.1",
        status=400,
        graph_code=100,
        graph_subcode=33,
        trace_id="trace",
        outcome=outcome,
        duration_s=0.25,
        recipe="standard/1",
    )


async def fetch(ledger: Ledger, ending: Ending, outcome: Outcome) -> float:
    now = await ledger.now()
    for claim in await ledger.queue.claim(owner="me", limit=100, now=now, lease_s=60):
        assert await ledger.queue.settle(claim, ending, [attempt(now, outcome)], now=now)
    return now


@pytest.fixture
async def lost(provisioned: Ledger, webhooks: Any) -> float:
    """Three files that failed, and when."""
    now, snapshot = await provisioned.now(), await provisioned.provisioning.snapshot()
    said = [webhooks.file(f"wamid.{nth}", f"m{nth}", timestamp=str(int(now))) for nth in range(3)]
    body = webhooks.body(*said)
    routes = {route.phone_number_id: route for route in snapshot.routes}
    assert await provisioned.journal.receive(
        app_id=1, body=body, signature="", reading=read(body), routes=routes, version=snapshot.version, now=now
    )
    return await fetch(provisioned, Failed(Outcome.GONE, "It cannot be had."), Outcome.GONE)


async def opened(ledger: Ledger, family: str, onset_at: float, closed_at: float | None = None) -> int:
    id_, _ = await ledger.incidents.open(
        Key("media.look_up", family), suspected=False, onset_at=onset_at, why="x", rate=0.3, now=onset_at, isolation=""
    )
    if closed_at is not None:
        await ledger.incidents.close(id_, "It is over.", now=closed_at)
    return id_


async def lines(ledger: Ledger, id_: int) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (event.actor, event.text, dict(event.data or {}))
        for event in await ledger.incidents.events(id_)
        if event.kind == "reprocess"
    ]


async def test_a_run_is_told_once_when_it_begins_and_once_when_it_ends(provisioned: Ledger, lost: float) -> None:
    over = await opened(provisioned, "gone", lost - 5, closed_at=lost + 0.001)
    other = await opened(provisioned, "auth", lost - 5)
    reruns = Reruns(provisioned, every_s=0.0)
    run = await provisioned.reprocess.start(Asked(), rate=None, who="cli:anna", why="the fleet is well")
    await reruns.look([], await provisioned.now())
    assert await lines(provisioned, over) == []  # its files are still being selected

    while (await provisioned.reprocess.work(run.id, now=await provisioned.now())).more:
        pass
    for _ in range(3):
        await reruns.look([], await provisioned.now())
    ((actor, text, data),) = await lines(provisioned, over)
    assert (actor, data) == ("cli:anna", {"run": run.id, "phase": "begun"})
    assert text.startswith("Reprocessing rep_")
    assert text.endswith(" was begun: the fleet is well. Of its 3 files 3 are of this incident.")

    async with asyncio.timeout(30):
        while (await provisioned.reprocess.run(run.id, workspace_id=None)).ended_at is None:  # type: ignore[union-attr]
            await provisioned.reprocess.work(run.id, now=await provisioned.now())
            await fetch(provisioned, Attached(3, b"\x01" * 32, "image/jpeg"), Outcome.DELIVERED)
    for watching in (reruns, Reruns(provisioned, every_s=0.0)):  # the next leader says nothing twice
        for _ in range(3):
            await watching.look([], await provisioned.now())
    begun, ended = await lines(provisioned, over)
    assert begun[1] == text
    assert ended[1].endswith(" is done: 3 attached, 0 failed again, 0 expired.")
    assert await lines(provisioned, other) == []


async def test_a_run_that_began_before_it_says_nothing_in_an_incident(provisioned: Ledger, lost: float) -> None:
    run = await provisioned.reprocess.start(Asked(), rate=None, who="cli:anna", why="again")
    while (await provisioned.reprocess.work(run.id, now=await provisioned.now())).more:
        pass
    later = await opened(provisioned, "gone", await provisioned.now() + 5)
    await Reruns(provisioned, every_s=0.0).look([], await provisioned.now())
    assert lost
    assert await lines(provisioned, later) == []
