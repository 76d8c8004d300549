"""``penstock bench answer``: how long Meta waits for its 200 while downloads take all the machine has.

Webhooks of text at a steady pace to a whole instance, alternately with nothing else to do and with a backlog that it
fetches as fast as it can. Open loop: a slow answer does not slow the next webhook down. Called by ``cli.bench``.
"""

import asyncio
from pathlib import Path

import msgspec

from penstock.bench import installation, machine, meters
from penstock.bench.processes import Child, child
from penstock.bench.ratios import Facts, percentile
from penstock.bench.rounds import Steps, Told, alternately

_BEGIN_S = 1.0  # for the fetcher to get going
_WARM_UP = 50
_CONNECTIONS = 16
_TEXTS_FROM = 10_000_000  # so that no text has the id of a message of the backlog
_SATURATED = 0.9  # of all cores


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    rounds: int = 3
    seconds: float = 10.0  # of each window
    rate_per_s: float = 100.0
    size_bytes: int = 65_536
    concurrency: int = 64
    files_per_s: float = 1_500  # how fast a backlog may be fetched at most; what is left of it costs only its rows

    @property
    def webhooks(self) -> int:
        """How many a window has."""
        return max(1, round(self.seconds * self.rate_per_s))

    @property
    def connections(self) -> int:
        """How many they come over; one that is idle for seconds would be closed."""
        return min(_CONNECTIONS, max(1, int(self.rate_per_s)))

    @property
    def backlog(self) -> int:
        """How many files wait when a busy window begins."""
        return round((self.seconds + 2 * _BEGIN_S) * self.files_per_s)


class Answers(msgspec.Struct, frozen=True):
    """One window."""

    took_s: list[float]
    lag_s: list[float]
    errors: int
    fetched: int
    left: int
    wall_s: float
    busy_cores: float


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(folder, disk_bytes=options.backlog * (options.size_bytes + 16_384), descriptors=1_024)
        facts: Facts = {
            "part": "answer",
            "machine": machine.described(folder),
            "sizes": msgspec.structs.asdict(options),
        }
        facts["warnings"] = machine.warnings(facts["machine"])
        async with child("upstream", {"size_bytes": options.size_bytes}, folder=folder) as upstream:
            windows = _Windows(options, folder, upstream)
            pairs = await alternately(options.rounds, windows.busy, windows.idle, Steps(2 * options.rounds, told))
    busy, idle = [mine for mine, _ in pairs], [floor for _, floor in pairs]
    facts |= {"busy": _summary(busy), "idle": _summary(idle)}
    facts["added_p99_ms"] = round(facts["busy"]["p99_ms"] - facts["idle"]["p99_ms"], 3)
    facts["warnings"] += _doubts(busy, facts["machine"]["cores"])
    return facts


class _Windows:
    """Measures either side."""

    def __init__(self, options: Options, folder: Path, upstream: Child) -> None:
        self._options = options
        self._folder = folder
        self._upstream = upstream

    async def idle(self, name: str) -> Answers:
        """Nothing else to do."""
        return await self._window(name, 0)

    async def busy(self, name: str) -> Answers:
        """A backlog to fetch."""
        return await self._window(name, self._options.backlog)

    async def _window(self, name: str, backlog: int) -> Answers:
        options, ready = self._options, self._upstream.ready
        before = (await self._upstream.ask("count"))["served"]
        with installation.round_folder(self._folder, name) as folder:
            told = {
                "folder": str(folder),
                "graph_url": ready["url"],
                "sha256": ready["sha256"],
                "concurrency": options.concurrency,
                "backlog": backlog,
            }
            async with child("whole", told, folder=folder) as instance:
                load = {
                    "host": "127.0.0.1",
                    "ports": [instance.ready["port"]],
                    "kind": "text",
                    "first": _TEXTS_FROM,
                    "count": _WARM_UP + options.webhooks,
                    "connections": options.connections,
                }
                async with child("load", load, folder=folder) as generator:
                    await generator.ask("pace", count=_WARM_UP, rate_per_s=options.rate_per_s)
                    await asyncio.sleep(_BEGIN_S)
                    began = (await self._upstream.ask("count"))["served"]
                    with meters.measured((instance.pid,), (generator.pid,)) as meter:
                        answer = await generator.ask("pace", count=options.webhooks, rate_per_s=options.rate_per_s)
                    served = (await self._upstream.ask("count"))["served"]
        return Answers(
            took_s=answer["took_s"],
            lag_s=answer["lag_s"],
            errors=answer["errors"],
            fetched=served - began,
            left=backlog - (served - before),
            wall_s=meter.wall_s,
            busy_cores=meter.busy_cores,
        )


def _summary(windows: list[Answers]) -> Facts:
    took = [each for window in windows for each in window.took_s]
    lags = [each for window in windows for each in window.lag_s]
    return {
        "p50_ms": _ms(percentile(took, 0.5)),
        "p99_ms": _ms(percentile(took, 0.99)),
        "max_ms": _ms(max(took)),
        "p99_ms_of_rounds": [_ms(percentile(window.took_s, 0.99)) for window in windows],
        "webhooks": len(took),
        "errors": sum(window.errors for window in windows),
        "fetched_per_s": round(sum(window.fetched for window in windows) / sum(window.wall_s for window in windows), 1),
        "busy_cores": round(sum(window.busy_cores for window in windows) / len(windows), 2),
        "generator_lag_p99_ms": _ms(percentile(lags, 0.99)),
    }


def _doubts(busy: list[Answers], cores: int) -> list[str]:
    found = []
    if any(window.left <= 0 for window in busy):
        found.append("the backlog was fetched before a busy window was over: ask for fewer --seconds")
    if any(window.busy_cores < _SATURATED * cores for window in busy):
        found.append("downloads did not saturate the machine in every busy window")
    if errors := sum(window.errors for window in busy):
        found.append(f"{errors} answers of the busy windows were not 200")
    return found


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 3)
