"""``penstock bench fetch``: what leases, gates, verdicts, attempts and a durable ending cost beside the bare work.

Penstock's fetcher with a backlog of small files against a bare client loop that looks up, downloads, hashes, writes and
fsyncs the same files from the same upstream. Called by ``cli.bench``.
"""

from pathlib import Path

import msgspec

from penstock.bench import certificate, installation, machine, meters
from penstock.bench.processes import Child, child
from penstock.bench.ratios import FULL, Facts, Window, compared, disturbed
from penstock.bench.rounds import Steps, Told, alternately

TARGET_WALL = 0.6
TARGET_CPU = 0.5
_NEAR = 0.7  # of the upstream's own ceiling: a side that comes so near may have been held back by it
_CEILING_PAIRS = 5_000


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    rounds: int = 5
    files: int = 3_000  # of each window
    size_bytes: int = 65_536
    concurrency: int = 64
    tls: bool = False

    @property
    def warm_up(self) -> int:
        """Files that are fetched before the clocks start, so that connections are there and code is warm."""
        return min(200, self.files)


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(
            folder,
            disk_bytes=(options.files + options.warm_up) * (options.size_bytes + 16_384),
            descriptors=options.concurrency * 2 + 256,
        )
        facts: Facts = {"part": "fetch", "machine": machine.described(folder), "sizes": msgspec.structs.asdict(options)}
        facts["warnings"] = machine.warnings(facts["machine"])
        pem = certificate.make(folder) if options.tls else None
        served = {"size_bytes": options.size_bytes, "certificate": str(pem) if pem else None}
        async with child("upstream", served, folder=folder) as upstream:
            ceiling = None if options.tls else await _ceiling(options, upstream, folder)
            sides = _Sides(options, folder, upstream, pem)
            steps = Steps(options.rounds * 2, told)
            pairs = await alternately(options.rounds, sides.penstock, sides.floor, steps)
        facts |= compared(pairs, ours="penstock", target_wall=TARGET_WALL, target_cpu=TARGET_CPU)
        facts["upstream"] = {"ceiling_pairs_per_s": ceiling}
        facts["warnings"] += _doubts(pairs, ceiling)
    return facts


async def _ceiling(options: Options, upstream: Child, folder: Path) -> float:
    """Pairs of look-up and download in a second that the upstream gives to the cheapest client there is."""
    pairs = min(_CEILING_PAIRS, options.files)
    load = {
        "host": "127.0.0.1",
        "port": upstream.ready["port"],
        "kind": "get",
        "count": pairs,
        "connections": options.concurrency,
    }
    async with child("load", load, folder=folder) as generator:
        with meters.measured(upstream.pid, generator.pid) as meter:
            await generator.ask("saturate", count=2 * pairs)
    return round(pairs / meter.wall_s, 1)


class _Sides:
    """Measures either side against one upstream."""

    def __init__(self, options: Options, folder: Path, upstream: Child, pem: Path | None) -> None:
        self._options = options
        self._folder = folder
        self._upstream = upstream
        self._env = {"SSL_CERT_FILE": str(pem)} if pem else {}

    async def penstock(self, name: str) -> Window:
        """The real fetcher."""
        return await self._window(name, "fetching")

    async def floor(self, name: str) -> Window:
        """The bare loop."""
        return await self._window(name, "bare")

    async def _window(self, name: str, module: str) -> Window:
        options, ready = self._options, self._upstream.ready
        with installation.round_folder(self._folder, name) as folder:
            told = {
                "folder": str(folder),
                "graph_url": ready["url"],
                "sha256": ready["sha256"],
                "concurrency": options.concurrency,
            }
            async with child(module, told, folder=folder, env=self._env) as client:
                if module == "fetching":
                    await client.ask("fill", items=options.files + options.warm_up)
                with meters.measured(client.pid, self._upstream.pid) as meter:
                    answer = await client.ask("fetch", warm_up=options.warm_up, items=options.files)
        # The process read its own clocks around the window proper; what else the machine did is counted around all.
        part = answer["wall_s"] / meter.wall_s
        return Window(
            answer["operations"],
            answer["wall_s"],
            answer["cpu_s"],
            meter.helper_cpu_s * part,
            meter.others_cpu_s * part,
            errors=sum(answer["not_attached"].values()),
        )


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
