"""The process under test of ``fair``: receiver and fetcher of ten workspaces, one of which may have dumped its archive.

The archive is put in before the start. The others' files come as signed webhooks, one a second each, and the time of
each runs from its arrival to its durable ending. Started by the part.
"""

import asyncio
import contextlib
import hmac
import time
from pathlib import Path

from penstock.bench import bodies, installation
from penstock.bench.fetching import open_fetcher
from penstock.bench.processes import Facts, Parent, run
from penstock.core.errors import Unreachable
from penstock.core.work import Attached, Attempt, Claim, Ending
from penstock.flow.fetcher import Fetcher
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.bulk import APP, number_of
from penstock.settings.logs import set_up
from penstock.wiring.measuring import measured

_LAST_S = 60.0  # how long what came in may take at the end


class Watch:
    """A witness that takes the time of the others' files."""

    def __init__(self, dumper: int) -> None:
        self._dumper = dumper
        self.took_s: list[float] = []
        self.dumped = 0
        self._more = asyncio.Event()

    async def until(self, count: int) -> None:
        """Wait until so many of the others' files are attached."""
        while len(self.took_s) < count:
            self._more.clear()
            await self._more.wait()

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """Not counted: upstream is well."""

    def ended(self, claim: Claim, ending: Ending) -> None:
        """One more, if it was attached."""
        if not isinstance(ending, Attached):
            return
        if claim.workspace_id == self._dumper:
            self.dumped += 1
        else:
            self.took_s.append(time.time() - claim.received_at)
            self._more.set()


async def work(told: Facts, parent: Parent) -> None:
    """Fill, be ready, and on the order ``send`` run for so many seconds."""
    set_up("json")
    folder, others = Path(told["folder"]), told["others"]
    settings = installation.settings(folder, graph_url=told["graph_url"], concurrency=told["concurrency"])
    async with measured(told.get("database_url") or folder / "fair.db") as it, contextlib.AsyncExitStack() as stack:
        await it.bulk.workspaces(others + 1, now=await it.ledger.now())
        if told["dumped"]:
            await it.bulk.files(told["dumped"], now=await it.ledger.now(), workspaces=1, from_workspace=others + 1)
        watch = Watch(others + 1)
        fetcher = await open_fetcher(stack, it.ledger, settings, watch)
        sha256 = bytes.fromhex(told["sha256"])
        parent.say()
        while (order := await parent.order()) is not None:
            await fetcher.start()
            stack.push_async_callback(fetcher.stop)
            sent = await _send(it.ledger, fetcher, others=others, seconds=order["seconds"], sha256=sha256)
            dumped = watch.dumped
            await asyncio.wait_for(watch.until(sent), _LAST_S)
            parent.say(took_s=watch.took_s, dumped_attached=dumped)


async def _send(ledger: Ledger, fetcher: Fetcher, *, others: int, seconds: int, sha256: bytes) -> int:
    """One file a second for each of the others, spread over the second; how many there were."""
    registry = Registry(ledger)
    await registry.start()
    receiver = Receiver(ledger, registry, wake=fetcher.wake)
    clock, sent = asyncio.get_running_loop().time, 0
    began = clock()
    for number in range(seconds * others):
        await asyncio.sleep(max(0.0, began + number / others - clock()))
        to = number_of(number % others + 1)
        body = bodies.image(number, sha256=sha256, url=False).replace(bodies.NUMBER.encode(), to.encode())
        header = b"sha256=" + hmac.digest(APP.encode(), body, "sha256").hex().encode()
        taken = await receiver.take(body, header, APP)
        if not isinstance(taken, Taken) or taken.receipt.media != 1:
            raise Unreachable("a benchmark's own webhook was not taken: its figures would mean nothing")
        sent += 1
    await registry.stop()
    return sent


if __name__ == "__main__":
    run(work)
