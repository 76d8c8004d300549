"""A simulated Meta and the probes of a watch that ask it, driven second by second by a clock of the test's own."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from tests.conftest import NUMBER

from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.sending import Send, send_declared
from penstock.controls.watch.prober import Prober
from penstock.controls.watch.probing import Probing
from penstock.controls.watch.watch import Watch
from penstock.core import repeated
from penstock.core.budget import Limit
from penstock.core.incident import Incident
from penstock.core.operation import LOOK_UP
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.simulator import FaultRule, Platform, Scenario, Server

TOKEN = "EAAGtokenA"


def fleet(*faults: FaultRule, bad: int = 1, good: int = 0) -> Scenario:
    """So many servers with these faults, and so many without any."""
    servers = [Server(name=f"bad-{nth}", faults=faults) for nth in range(bad)]
    return Scenario(servers=(*servers, *(Server(name=f"good-{nth}") for nth in range(good))))


class Rig:
    """A watch with probes, and the Meta that it asks."""

    def __init__(self, ledger: Ledger, platform: Platform, now: float) -> None:
        self.ledger = ledger
        self.platform = platform
        self.now = now
        self.registry = Registry(ledger)
        self.count = 0
        self._graphs: list[HttpGraph] = []

    async def lead(self, *, send: Send = send_declared, limit: Limit | None = None) -> None:
        """A process leads the watch from now on."""
        await self.registry.refresh()
        graph, declared = await self._graph(send), await self._graph(send_declared)
        self.prober = Prober(self.ledger, self.registry, lambda: graph, declared=declared, limit=limit)
        self.probing = Probing(self.ledger, Watch(self.ledger, rng=random.Random(7)), self.prober)
        self.watch = self.probing.watch

    async def _graph(self, send: Send) -> HttpGraph:
        made = HttpGraph(
            graph_url=self.platform.graph_url,
            version="v26.0",
            media_hosts=list(self.platform.media_hosts),
            allow_insecure=True,
            send=send,
            clock=lambda: self.now,
        )
        await made.start()
        self._graphs.append(made)
        return made

    async def after(self, seconds: float, *seen: Seen) -> None:
        """A round, so many seconds after the last one; what it began has ended, and is heard, when this returns."""
        self.now += seconds
        self.platform.clock.advance(seconds)
        await self.probing.look(seen, self.now)
        async with asyncio.timeout(120):
            while self.prober._jobs or self.probing._heard:
                await asyncio.sleep(0.002)
                if not self.prober._jobs:
                    await self.probing.look((), self.now)

    async def rounds(self, count: int, *, every_s: float = 30.0) -> None:
        for _ in range(count):
            await self.after(every_s)

    def attempt(self, outcome: Outcome = Outcome.DELIVERED, **facts: Any) -> Seen:
        """An attempt of a customer's, a first one at a look-up."""
        self.count += 1
        known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__) | {
            "id": self.count,
            "media_row": self.count,
            "nth": 1,
            "at": self.now,
            "operation": LOOK_UP.name,
            "declared_method": "GET",
            "wire_method": "GET",
            "outcome": outcome,
            "status": 200 if outcome is Outcome.DELIVERED else 503,
            "duration_s": 0.1,
            "recipe": "standard/1",
            "server": f"edge-{self.count % 4}",
            "workspace": "acme",
            "number": NUMBER,
            "conversation_id": self.count,
            "kind": "image",
            "received_at": self.now,
        }
        return Seen(**known | facts)

    async def calm(self, seconds: int) -> None:
        """Customers' files come as they should."""
        for _ in range(seconds):
            await self.after(1, *(self.attempt() for _ in range(4)))

    async def ill(self, seconds: int, **facts: Any) -> None:
        """Every other one fails."""
        for _ in range(seconds):
            bad = [self.attempt(Outcome.UPSTREAM, **facts) for _ in range(2)]
            await self.after(1, self.attempt(), self.attempt(), *bad)

    async def incidents(self, *states: str) -> list[Incident]:
        return [each for each in await self.ledger.incidents.latest() if not states or each.state in states]

    async def texts(self, id_: int, kind: str) -> list[str]:
        return [event.text for event in await self.ledger.incidents.events(id_) if event.kind == kind]

    def hops(self, hop: str) -> int:
        """How many requests of a hop Meta has seen."""
        return sum(request.hop == hop for request in self.platform.record.requests)

    def connections(self) -> int:
        return self.platform.record.connections

    async def stop(self) -> None:
        await self.prober.stop()
        for graph in self._graphs:
            await graph.stop()


@pytest.fixture
async def rig(provisioned: Ledger, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """Probes that have a number for tests, and a Meta where all is well. Nothing was sent yet."""
    monkeypatch.setattr(repeated, "EVERY_S", 0.01)
    await provisioned.provisioning.set_workspace("acme", test=True)
    async with Platform(Scenario(), seed=5) as platform:
        platform.add_token("token-a", TOKEN)
        platform.add_number(NUMBER, app_secret=b"x", callback="http://127.0.0.1:1/", token="token-a")
        made = Rig(provisioned, platform, await provisioned.now())
        await made.lead()
        yield made
        await made.stop()


def names(rows: Sequence[Incident]) -> list[tuple[str, str, str]]:
    """Incidents in short."""
    return [(row.operation, row.outcome, row.state) for row in rows]
