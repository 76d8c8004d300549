"""``penstock bench fetch``: what leases, gates, verdicts, attempts and a durable ending cost beside the bare work.

Penstock's fetcher with a backlog of small files against a bare client loop that looks up, downloads, hashes, writes and
fsyncs the same files from the same upstream. On PostgreSQL also as several processes of either side. Called by
``cli.bench``.
"""

import asyncio
import contextlib
import time
from collections import Counter
from pathlib import Path

import msgspec

from penstock.bench import certificate, installation, machine, meters
from penstock.bench.places import Place, Places, opened
from penstock.bench.processes import Child, child
from penstock.bench.ratios import FULL, Facts, Targets, Window, by_processes, compared, disturbed
from penstock.bench.rounds import Steps, Told, alternately

TARGETS = {"sqlite": Targets(wall=0.6, cpu=0.5), "postgres": Targets(wall=0.5, cpu=0.5)}
_NEAR = 0.7  # of the upstream's own ceiling: a side that comes so near may have been held back by it
_CEILING_PAIRS = 5_000
_SURPLUS = 2
_LOOK_S = 0.02
_SERVER_DISK_BYTES = 1 << 30  # PostgreSQL keeps its log in large files


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    rounds: int = 5
    files: int = 3_000  # of each window
    size_bytes: int = 65_536
    concurrency: int = 64
    tls: bool = False
    store: str = "sqlite"
    processes: tuple[int, ...] = (1,)  # of either side; several only on PostgreSQL

    @property
    def warm_up(self) -> int:
        """Files that are fetched before the clocks start, so that connections are there and code is warm."""
        return min(200, self.files)

    def share(self, processes: int) -> int:
        """Files that there are for each of several processes: more than are measured, so that none runs out first."""
        return self.warm_up + -(-self.files * _SURPLUS // processes)

    def written(self) -> int:
        """Files that are on the disk at once at most."""
        return max(each * self.share(each) for each in self.processes)


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(
            folder,
            disk_bytes=options.written() * (options.size_bytes + 16_384)
            + _SERVER_DISK_BYTES * (options.store != "sqlite"),
            descriptors=options.concurrency * 2 * max(options.processes) + 256,
        )
        facts: Facts = {
            "part": "fetch",
            "store": options.store,
            "machine": machine.described(folder),
            "sizes": msgspec.structs.asdict(options),
        }
        facts["warnings"] = machine.warnings(facts["machine"])
        pem = certificate.make(folder) if options.tls else None
        served = {"size_bytes": options.size_bytes, "certificate": str(pem) if pem else None}
        steps = Steps(options.rounds * 2 * len(options.processes), told)
        async with child("upstream", served, folder=folder) as upstream:
            ceiling = None if options.tls else await _ceiling(options, upstream, folder)
            found = []
            with opened(options.store, folder) as places:
                facts |= places.facts()
                for processes in options.processes:
                    sides = _Sides(options, places, upstream, pem, processes)
                    pairs = await alternately(options.rounds, sides.penstock, sides.floor, steps)
                    found.append(compared(pairs, ours="penstock", targets=TARGETS[options.store]))
                    facts["warnings"] += _doubts(pairs, ceiling)
        facts |= by_processes(options.store, options.processes, found)
        facts["upstream"] = {"ceiling_pairs_per_s": ceiling}
    return facts


async def _ceiling(options: Options, upstream: Child, folder: Path) -> float:
    """Pairs of look-up and download in a second that the upstream gives to the cheapest client there is."""
    pairs = min(_CEILING_PAIRS, options.files)
    load = {
        "host": "127.0.0.1",
        "ports": [upstream.ready["port"]],
        "kind": "get",
        "count": pairs,
        "connections": options.concurrency,
    }
    async with child("load", load, folder=folder) as generator:
        with meters.measured((upstream.pid,), (generator.pid,)) as meter:
            await generator.ask("saturate", count=2 * pairs)
    return round(pairs / meter.wall_s, 1)


class _Sides:
    """Measures either side against one upstream, with so many processes."""

    def __init__(self, options: Options, places: Places, upstream: Child, pem: Path | None, processes: int) -> None:
        self._options = options
        self._places = places
        self._upstream = upstream
        self._env = {"SSL_CERT_FILE": str(pem)} if pem else {}
        self._processes = processes

    async def penstock(self, name: str) -> Window:
        """The real fetcher."""
        return await self._window(name, "fetching")

    async def floor(self, name: str) -> Window:
        """The bare loop."""
        return await self._window(name, "bare")

    async def _window(self, name: str, module: str) -> Window:
        options, count = self._options, self._processes
        with self._places.new(name) as place:
            async with contextlib.AsyncExitStack() as stack:
                clients = [
                    await stack.enter_async_context(self._client(place, module, number)) for number in range(count)
                ]
                items = options.warm_up + options.files if count == 1 else options.share(count)
                if module == "fetching":
                    await clients[0].ask("fill", items=items * count)
                with meters.measured(
                    [client.pid for client in clients], (self._upstream.pid,), server_cpu_s=self._places.server_cpu_s
                ) as meter:
                    if count == 1:
                        answer = await clients[0].ask("fetch", warm_up=options.warm_up, items=options.files)
                    else:
                        answer = await _side_by_side(clients, items=items, warm_up=options.warm_up, files=options.files)
        # The window has clocks of its own; what else the machine did is counted around all of it, and in proportion.
        part = answer["wall_s"] / meter.wall_s
        return Window(
            answer["operations"],
            answer["wall_s"],
            answer["cpu_s"],
            meter.helper_cpu_s * part,
            meter.others_cpu_s * part,
            errors=sum(answer["not_attached"].values()),
            server_cpu_s=meter.server_cpu_s * part,
        )

    def _client(self, place: Place, module: str, number: int) -> contextlib.AbstractAsyncContextManager[Child]:
        """One process of a side; the first one makes the installation."""
        ready = self._upstream.ready
        told = {
            **place.told(),
            "first": not number,
            "number": number,
            "graph_url": ready["url"],
            "sha256": ready["sha256"],
            "concurrency": self._options.concurrency,
        }
        return child(module, told, folder=place.folder, env=self._env)


async def _side_by_side(clients: list[Child], *, items: int, warm_up: int, files: int) -> Facts:
    """What several processes did together, between two counts of what all of them have done.

    How they share the work is their own affair: one that begins late finds less to do.
    """
    for client in clients:
        await client.ask("begin", items=items)
    before = await _counted(clients, at_least=warm_up * len(clients))
    after = await _counted(clients, at_least=before["operations"] + files)
    return after | {which: after[which] - before[which] for which in ("operations", "wall_s", "cpu_s")}


async def _counted(clients: list[Child], *, at_least: int) -> Facts:
    """The counts of all as soon as there are so many."""
    while True:
        answers = [await client.ask("count") for client in clients]
        found: Facts = {which: sum(answer[which] for answer in answers) for which in ("operations", "cpu_s")}
        if found["operations"] >= at_least:
            errors = Counter[str]()
            for answer in answers:
                errors.update(answer["not_attached"])
            return found | {"wall_s": time.perf_counter(), "not_attached": dict(errors)}
        await asyncio.sleep(_LOOK_S)


def _doubts(pairs: list[tuple[Window, Window]], ceiling: float | None) -> list[str]:
    windows = [window for pair in pairs for window in pair]
    found = disturbed(windows)
    if ceiling is not None and max(window.per_s for window in windows) > _NEAR * ceiling:
        found.append(f"a side came near the upstream's own ceiling of {ceiling:.0f} files a second")
    if any(window.helper_share > FULL for window in windows):
        found.append("the upstream had no time left: it may have been what was measured")
    if errors := sum(window.errors for window in windows):
        found.append(f"{errors} files were not attached at the first attempt")
    return found
