"""``penstock bench fair``: what nine workspaces feel of a tenth that dumps its archive.

The nine get one file a second each; the time from a file's arrival until it is attached is taken with and without a
hundred thousand files of the tenth waiting. The upstream takes its time over every answer, as Meta does, so the slots
of the fetcher are what everybody wants. Called by ``cli.bench``.
"""

import statistics
from pathlib import Path

import msgspec

from penstock.bench import installation, machine
from penstock.bench.places import Places, opened
from penstock.bench.processes import Child, child
from penstock.bench.ratios import Facts, percentile
from penstock.bench.rounds import Steps, Told

TARGET = 1.5
_ROW_BYTES = 700


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    dumped: int = 100_000  # files of the tenth
    others: int = 9
    seconds: int = 30  # of each side
    pause_ms: float = 200.0  # of the upstream, before each answer
    size_bytes: int = 16_384
    concurrency: int = 64
    store: str = "sqlite"


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        fetched = int(options.seconds * options.concurrency / max(0.01, options.pause_ms / 500))
        machine.must_have(
            folder, disk_bytes=options.dumped * _ROW_BYTES + min(options.dumped, fetched) * options.size_bytes
        )
        facts: Facts = {
            "part": "fair",
            "store": options.store,
            "machine": machine.described(folder),
            "sizes": msgspec.structs.asdict(options),
        }
        facts["warnings"] = machine.warnings(facts["machine"])
        steps = Steps(2, told)
        served = {"size_bytes": options.size_bytes, "pause_s": options.pause_ms / 1_000}
        with opened(options.store, folder) as places:
            facts |= places.facts()
            async with child("upstream", served, folder=folder) as upstream:
                facts["alone"] = await _side(options, places, upstream, dumped=0)
                steps()
                facts["beside"] = await _side(options, places, upstream, dumped=options.dumped)
                steps()
    ratio = round(facts["beside"]["median_s"] / facts["alone"]["median_s"], 2)
    facts["ratio"] = {"value": ratio, "target": TARGET, "met": ratio <= TARGET}
    return facts


async def _side(options: Options, places: Places, upstream: Child, *, dumped: int) -> Facts:
    with places.new(f"dumped-{dumped}") as place:
        told = {
            **place.told(),
            "graph_url": upstream.ready["url"],
            "sha256": upstream.ready["sha256"],
            "concurrency": options.concurrency,
            "others": options.others,
            "dumped": dumped,
        }
        async with child("neighbours", told, folder=place.folder) as process:
            answer = await process.ask("send", seconds=options.seconds)
    took_s = answer["took_s"]
    return {
        "files": len(took_s),
        "median_s": round(statistics.median(took_s), 4),
        "p90_s": round(percentile(took_s, 0.9), 4),
        "max_s": round(max(took_s), 4),
        "dumped_attached_per_s": round(answer["dumped_attached"] / options.seconds, 1),
    }
