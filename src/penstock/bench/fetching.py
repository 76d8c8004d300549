"""The fetching process under test of ``fetch`` and ``memory``: Penstock's fetcher with everything that it stands on.

The same parts as in an instance (ledger, registry, Graph client, disk, gates, leases, logs), without the door. For
``memory`` the disk can be made slow, in the threads that write; for ``check`` the check can be switched off; for
``watch_cost`` the watch makes its rounds. Started by the parts.
"""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.graph.sending import Send, send_declared
from penstock.bench import installation, watchers
from penstock.bench.clocks import Clocks
from penstock.bench.processes import Facts, Parent, run
from penstock.bench.unchecked import Switch
from penstock.controls.rounds import Rounds
from penstock.controls.traces.keeper import TraceKeeper
from penstock.core.work import Attached, Attempt, Claim, Ending
from penstock.flow.fetcher import Fetcher
from penstock.flow.registry import Registry
from penstock.flow.sockets import Witness
from penstock.ledger.book import Ledger
from penstock.settings import Settings
from penstock.settings.logs import set_up
from penstock.web.metrics import Metrics
from penstock.wiring import stores
from penstock.wiring.instance import look_up_limit, open_gates, open_graph


class SlowBlobs(DiskBlobs):
    """A folder on a disk that takes its time over every piece of work."""

    def __init__(self, folder: Path, *, each_s: float) -> None:
        super().__init__(folder)
        self._each_s = each_s

    async def in_thread(self, work: Callable[[], None]) -> None:
        """As ever, after a pause in the same thread."""

        def slowly() -> None:
            time.sleep(self._each_s)
            work()

        await super().in_thread(slowly)


class Count:
    """The witness of an instance, which also counts endings and tells the clocks: both ends of a window are exact."""

    def __init__(self) -> None:
        self._metrics = Metrics(version="bench").fetching
        self.endings: Counter[str] = Counter()
        self.clocks = Clocks()

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """Attempts are not counted here: a failed one shows in the endings."""
        self._metrics.attempted(claim, attempt)

    def ended(self, claim: Claim, ending: Ending) -> None:
        """One more."""
        self._metrics.ended(claim, ending)
        self.endings["attached" if isinstance(ending, Attached) else type(ending).__name__.lower()] += 1
        self.clocks.one_more()


async def work(told: Facts, parent: Parent) -> None:
    """Be ready; ``fill`` puts files to work, ``fetch`` waits until as many have ended and tells what that took.

    ``begin`` waits for nothing, and ``count`` tells how many have ended so far. ``watch_alone`` makes the rounds of the
    watch over everything that was attempted, and tells what that took.
    """
    set_up("json")
    settings = installation.settings(
        Path(told["folder"]),
        graph_url=told["graph_url"],
        concurrency=told["concurrency"],
        database_url=told.get("database_url"),
    )
    count, filled, started = Count(), 0, False
    opened = installation.provisioned if told.get("first", True) else stores.open_ledger
    async with opened(settings) as ledger, contextlib.AsyncExitStack() as stack:
        switch = Switch() if told.get("switch") else None
        fetcher = await open_fetcher(
            stack, ledger, settings, count, switch or send_declared, slow_s=told.get("slow_s", 0.0)
        )
        parent.say()
        while (order := await parent.order()) is not None:
            if order["order"] == "fill":
                sha256 = bytes.fromhex(told["sha256"])
                await installation.fill(ledger, first=filled, items=order["items"], sha256=sha256)
                filled += order["items"]
                fetcher.wake()
                parent.say()
                continue
            if order["order"] == "count":
                parent.say(**count.clocks.so_far(), not_attached=_others(count.endings))
                continue
            if order["order"] == "watch_alone":
                await fetcher.stop()
                parent.say(**await _watch_alone(ledger, settings), files=sum(count.endings.values()))
                continue
            if switch is not None:
                switch.checked = order["checked"]
            window = None
            if order["order"] == "fetch":
                window = count.clocks.window(warm_up=order["warm_up"], items=order["items"])
            if not started:
                if told.get("watch"):
                    rounds = Rounds(ledger, watchers.controls(ledger, settings), owner=f"bench-{os.getpid()}")
                    await rounds.start()
                    stack.push_async_callback(rounds.stop)
                await fetcher.start()
                stack.push_async_callback(fetcher.stop)
                started = True
            parent.say(**await window if window else {}, not_attached=_others(count.endings))


async def open_fetcher(
    stack: contextlib.AsyncExitStack,
    ledger: Ledger,
    settings: Settings,
    witness: Witness,
    send: Send = send_declared,
    *,
    slow_s: float = 0.0,
) -> Fetcher:
    """The fetcher, not started, with its parts, started. As ``wiring.instance`` puts them together."""
    registry, graph, gates = Registry(ledger), open_graph(settings, send=send), open_gates(settings, ledger)
    traces = TraceKeeper(ledger)
    folder = settings.blobs_folder
    blobs = SlowBlobs(folder, each_s=slow_s) if slow_s and folder is not None else stores.open_blobs(settings)
    for part in (registry, blobs, graph, gates, traces):
        await part.start()
        stack.push_async_callback(part.stop)
    return Fetcher(
        ledger,
        registry,
        graph,
        blobs,
        owner=f"bench-{os.getpid()}",
        concurrency=settings.fetch_concurrency,
        gates=gates,
        witness=witness,
        tracer=traces,
        look_up_limit=look_up_limit(settings),
    )


async def _watch_alone(ledger: Ledger, settings: Settings) -> Facts:
    """CPU seconds of the watch for all attempts that were made, page by page, as in its rounds.

    Each page is looked at as if it were the time of its last attempt: what is done every few seconds is done as often
    as it was while these attempts were made.
    """
    tail, controls = ledger.tail(), [make() for make in watchers.controls(ledger, settings)]
    now, attempts = await ledger.now(), 0
    await tail.begin(since=0.0)
    began = time.process_time()
    while seen := await tail.read(now=now):
        for control in controls:
            await control.look(seen, seen[-1].at)
        attempts += len(seen)
    return {"attempts": attempts, "cpu_s": time.process_time() - began}


def _others(endings: Counter[str]) -> dict[str, int]:
    return {name: times for name, times in endings.items() if name != "attached"}


if __name__ == "__main__":
    run(work)
