"""``penstock bench memory``: what an open download costs in memory when the disk is the bottleneck.

Many large bodies over TLS, all open at once, into a disk made slow; the memory of the fetching process at its peak,
above what the same process had when it was idle after a first download, divided by their number. Called by
``cli.bench``.
"""

import asyncio
from pathlib import Path

import msgspec

from penstock.bench import certificate, installation, machine, meters
from penstock.bench.processes import Child, child
from penstock.bench.ratios import Facts
from penstock.bench.rounds import Told

TARGET_MIB = 2.0
_MIB = 1_048_576
_WARM_UP = 2  # downloads before the idle process is measured
_SAMPLE_S = 0.1
_SETTLE_S = 1.0
_ENOUGH_BYTES = 6 * _MIB  # a body must be much larger than what may be buffered of it


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    downloads: int = 200
    size_bytes: int = 16 * _MIB
    pause_ms: float = 25.0  # before each write, in its thread: the slow disk


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(
            folder,
            disk_bytes=(options.downloads + _WARM_UP) * options.size_bytes + 256 * _MIB,
            memory_bytes=options.downloads * 8 * _MIB + 1_024 * _MIB,
            descriptors=options.downloads * 3 + 512,
        )
        facts: Facts = {
            "part": "memory",
            "machine": machine.described(folder),
            "sizes": msgspec.structs.asdict(options),
        }
        facts["warnings"] = machine.warnings(facts["machine"])
        pem = certificate.make(folder)
        served = {"size_bytes": options.size_bytes, "certificate": str(pem)}
        async with child("upstream", served, folder=folder) as upstream:
            client = {
                "folder": str(folder),
                "graph_url": upstream.ready["url"],
                "sha256": upstream.ready["sha256"],
                "concurrency": options.downloads,
                "slow_s": options.pause_ms / 1_000,
            }
            env = {"SSL_CERT_FILE": str(pem)}
            async with child("fetching", client, folder=folder, env=env) as fetcher:
                facts |= await _measured(options, fetcher, upstream, told)
    return facts | _judged(options, facts)


async def _measured(options: Options, fetcher: Child, upstream: Child, told: Told) -> Facts:
    await fetcher.ask("fill", items=_WARM_UP)
    await fetcher.ask("fetch", warm_up=0, items=_WARM_UP)
    await asyncio.sleep(_SETTLE_S)
    idle = meters.pss_bytes(fetcher.pid)
    await upstream.ask("hold", until=options.downloads)
    await fetcher.ask("fill", items=options.downloads)
    fetching = asyncio.create_task(fetcher.ask("fetch", warm_up=0, items=options.downloads))
    peak = idle
    while not fetching.done():
        await asyncio.wait({fetching}, timeout=_SAMPLE_S)
        peak = max(peak, meters.pss_bytes(fetcher.pid))
        count = await upstream.ask("count")
        told(count["served"] - _WARM_UP, options.downloads)
    answer = await fetching
    await asyncio.sleep(_SETTLE_S)
    count = await upstream.ask("count")
    return {
        "idle_bytes": idle,
        "peak_bytes": peak,
        "peak_rss_bytes": meters.peak_rss_bytes(fetcher.pid),
        "after_bytes": meters.pss_bytes(fetcher.pid),
        "open_at_once": count["most_under_way"],
        "not_attached": answer["not_attached"],
        "wall_s": round(answer["wall_s"], 2),
        "cpu_s": round(answer["cpu_s"], 2),
    }


def _judged(options: Options, facts: Facts) -> Facts:
    each = (facts["peak_bytes"] - facts["idle_bytes"]) / options.downloads / _MIB
    warnings = list(facts["warnings"])
    if facts["open_at_once"] < options.downloads:
        warnings.append(f"only {facts['open_at_once']} bodies were open at once")
    if facts["not_attached"]:
        warnings.append(f"{sum(facts['not_attached'].values())} files were not attached at the first attempt")
    if options.size_bytes < _ENOUGH_BYTES:
        warnings.append("the bodies are so small that they fit into the buffers: the figure is that of their size")
    return {
        "mib_each": {"value": round(each, 3), "target": TARGET_MIB, "met": each <= TARGET_MIB},
        "warnings": warnings,
    }
