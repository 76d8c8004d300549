"""``penstock bench watch --cost``: what the watch costs the fetcher, and whether its memory grows with the traffic.

The real fetcher with a backlog of small files, with the watch's rounds in the same process and without them, in fresh
processes in turn. As the share is small beside the noise of a busy machine, the same rounds over the attempts of one
window are timed alone as well. Memory is that of a process that shows the watch simulated attempts, and nothing else.
Called by ``cli.bench``.
"""

from pathlib import Path

import msgspec

from penstock.bench import installation, machine, meters
from penstock.bench.processes import Child, child
from penstock.bench.ratios import Facts, Window, disturbed, spread
from penstock.bench.rounds import Steps, Told, alternately

TARGET_SHARE = 0.05
TARGET_MIB = 2.0  # that a process may have grown by when it has seen ten times as much
_MIB = 1_048_576
_PAGES = 1_000  # attempts are fed by whole pages


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    rounds: int = 5
    files: int = 3_000  # of each window
    size_bytes: int = 65_536
    concurrency: int = 64
    attempts: int = 50_000  # that the watch has seen when its memory is measured first
    times: int = 10  # as many it has seen when it is measured again
    workspaces: int = 1_000
    seed: int = 7

    @property
    def warm_up(self) -> int:
        """Files that are fetched before the clocks start."""
        return min(200, self.files)


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(
            folder,
            disk_bytes=(options.files + options.warm_up) * (options.size_bytes + 16_384),
            descriptors=options.concurrency * 2 + 256,
        )
        facts: Facts = {
            "part": "watch-cost",
            "machine": machine.described(folder),
            "sizes": msgspec.structs.asdict(options),
        }
        facts["warnings"] = machine.warnings(facts["machine"])
        steps = Steps(options.rounds * 2 + 1, told)
        async with child(
            "upstream", {"size_bytes": options.size_bytes, "certificate": None}, folder=folder
        ) as upstream:
            sides = _Sides(options, folder, upstream)
            pairs = await alternately(options.rounds, sides.watched, sides.unwatched, steps)
        facts |= _judged(pairs, sides.alone)
        facts["memory"] = await _memory(options, folder)
        steps()
    windows = [window for pair in pairs for window in pair]
    facts["warnings"] += disturbed(windows)
    if errors := sum(window.errors for window in windows):
        facts["warnings"].append(f"{errors} files were not attached at the first attempt")
    return facts


class _Sides:
    """Measures the fetcher with and without the watch; each window is a process and an installation of its own."""

    def __init__(self, options: Options, folder: Path, upstream: Child) -> None:
        self._options = options
        self._folder = folder
        self._upstream = upstream
        self.alone: list[Facts] = []  # the rounds of each watched window once more, timed by themselves

    async def watched(self, name: str) -> Window:
        """With the rounds."""
        return await self._window(name, watch=True)

    async def unwatched(self, name: str) -> Window:
        """Without them."""
        return await self._window(name, watch=False)

    async def _window(self, name: str, *, watch: bool) -> Window:
        options, ready = self._options, self._upstream.ready
        with installation.round_folder(self._folder, name) as own:
            told = {
                "folder": str(own),
                "graph_url": ready["url"],
                "sha256": ready["sha256"],
                "concurrency": options.concurrency,
                "watch": watch,
            }
            async with child("fetching", told, folder=own) as client:
                await client.ask("fill", items=options.warm_up + options.files)
                with meters.measured((client.pid,), (self._upstream.pid,)) as meter:
                    answer = await client.ask("fetch", warm_up=options.warm_up, items=options.files)
                if watch:
                    self.alone.append(await client.ask("watch_alone"))
        part = answer["wall_s"] / meter.wall_s
        return Window(
            answer["operations"],
            answer["wall_s"],
            answer["cpu_s"],
            meter.helper_cpu_s * part,
            meter.others_cpu_s * part,
            errors=sum(answer["not_attached"].values()),
        )


async def _memory(options: Options, folder: Path) -> Facts:
    """How large the watch is after some traffic, and after many times as much."""
    attempts = max(_PAGES, options.attempts // _PAGES * _PAGES)
    with installation.round_folder(folder, "memory") as own:
        told = {"folder": str(own), "workspaces": options.workspaces, "seed": options.seed}
        async with child("watch_memory", told, folder=own) as process:
            idle = meters.pss_bytes(process.pid)
            await process.ask("feed", attempts=attempts)
            first = meters.pss_bytes(process.pid)
            await process.ask("feed", attempts=attempts * (options.times - 1))
            last = meters.pss_bytes(process.pid)
    grown = round((last - first) / _MIB, 2)
    return {
        "attempts": attempts,
        "times": options.times,
        "idle_mib": round(idle / _MIB, 2),
        "first_mib": round(first / _MIB, 2),
        "last_mib": round(last / _MIB, 2),
        "grown_mib": {"value": grown, "target": TARGET_MIB, "met": grown <= TARGET_MIB},
    }


def _judged(pairs: list[tuple[Window, Window]], alone: list[Facts]) -> Facts:
    share = spread([1.0 - without.cpu_s_per_1000 / watched.cpu_s_per_1000 for watched, without in pairs])
    file_s = spread([without.cpu_s_per_1000 / 1_000 for _, without in pairs], 9)["median"]
    attempt_s = spread([each["cpu_s"] / each["attempts"] for each in alone], 9)["median"]
    per_file = spread([each["attempts"] / each["files"] for each in alone], 4)["median"]
    by_itself = round(attempt_s * per_file / (file_s + attempt_s * per_file), 4)
    return {
        "share": share | {"target": TARGET_SHARE, "met": share["median"] <= TARGET_SHARE},
        "alone": {
            "attempt_us": round(attempt_s * 1e6, 2),
            "attempts_per_file": per_file,
            "share": by_itself,
            "met": by_itself <= TARGET_SHARE,
        },
        "watched": _side([watched for watched, _ in pairs]),
        "unwatched": _side([without for _, without in pairs]),
    }


def _side(windows: list[Window]) -> Facts:
    return {
        "per_s": spread([window.per_s for window in windows], 1),
        "cpu_s_per_1000": spread([window.cpu_s_per_1000 for window in windows], 5),
        "rounds": [window.facts() for window in windows],
    }
