"""``penstock bench claim``: what a fair claim costs with a thousand waiting files and with a million, on either store.

Three figures of each size: time, CPU and what was looked at; twice, with everything spread over all lanes and with
nearly everything in one lane behind a shut gate. Nothing is fetched. Called by ``cli.bench``.
"""

import contextlib
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from penstock.bench import installation, machine
from penstock.bench.postgres import PostgresServer, programs
from penstock.bench.ratios import Facts
from penstock.bench.rounds import Steps, Told
from penstock.controls.gates.keeper import GateKeeper
from penstock.core.lanes import Turns
from penstock.wiring.measuring import Measured, measured

TARGET_GROWTH = 2.0  # of every figure, from the smallest to the largest size
TARGET_GATE_MS = 50.0
_LEASE_S = 60.0
_ROW_BYTES = 700  # of a waiting file, in the database and its log
_GATES = 5  # settings of a gate that are timed
_SCOPE = {"kind": "video"}  # the lane behind the gate is the only one of this kind


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    sizes: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    workspaces: int = 1_000
    items: int = 50  # of each claim
    rounds: int = 30  # claims that are timed
    stores: tuple[str, ...] = ("sqlite", "postgres")


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(folder, disk_bytes=4 * sum(options.sizes) * _ROW_BYTES)
        facts: Facts = {"part": "claim", "machine": machine.described(folder), "sizes": msgspec.structs.asdict(options)}
        facts["warnings"] = machine.warnings(facts["machine"])
        stores = [store for store in options.stores if store != "postgres" or programs() is not None]
        if len(stores) < len(options.stores):
            facts["warnings"].append("PostgreSQL was left out: there is none on this machine (make install brings it)")
        steps = Steps(2 * len(stores) * len(options.sizes), told)
        facts["stores"] = {store: await _store(store, options, folder, steps) for store in stores}
    return facts


async def _store(store: str, options: Options, folder: Path, steps: Steps) -> Facts:
    async with _new(store, folder) as it:
        spread = await _sizes(it, options, steps, one_lane=False)
    async with _new(store, folder) as it:
        shut = await _sizes(it, options, steps, one_lane=True)
    gate_ms = max(size["gate_ms"] for size in (*spread, *shut))
    growth = {
        f"{name}, {figure}": _growth(figures, figure)
        for name, figures in (("spread", spread), ("one lane shut", shut))
        for figure in ("wall_ms", "cpu_ms", "visited")
    }
    return {
        "spread": spread,
        "one_lane_shut": shut,
        "growth": growth,
        "gate": {"ms": gate_ms, "target": TARGET_GATE_MS, "met": gate_ms <= TARGET_GATE_MS},
    }


def _growth(figures: Sequence[Facts], which: str) -> Facts:
    ratio = round(figures[-1][which] / figures[0][which], 2)
    return {"ratio": ratio, "target": TARGET_GROWTH, "met": ratio <= TARGET_GROWTH}


async def _sizes(it: Measured, options: Options, steps: Steps, *, one_lane: bool) -> list[Facts]:
    """Grow one ledger from size to size, measuring at each."""
    now = await it.ledger.now()
    await it.bulk.workspaces(options.workspaces, now=now)
    if one_lane:  # what can be claimed is the same at every size
        await it.bulk.files(options.sizes[0], now=now, workspaces=options.workspaces)
    found, there = [], 0
    for size in options.sizes:
        now = await it.ledger.now()
        place = {"workspaces": 1, "kind": _SCOPE["kind"]} if one_lane else {"workspaces": options.workspaces}
        await it.bulk.files(size - there, now=now, **place)
        there = size
        found.append({"waiting": size, **await _figures(it, options)})
        steps()
    return found


async def _figures(it: Measured, options: Options) -> Facts:
    """The cost of a claim as a fetcher makes it: which lanes have work, which of them are open, and the taking."""
    ledger, keeper = it.ledger, GateKeeper(it.ledger)
    gate_ms = [await _set_gate(it) for _ in range(_GATES)]
    await keeper.refresh()
    turns, walls, cpus, claimed, lanes_there = Turns(), [], [], 0, 0
    for _ in range(options.rounds):
        now = await ledger.now()
        wall, cpu = time.perf_counter(), time.process_time()
        due = await ledger.queue.due()
        lanes = keeper.ways(due.lanes, now).lanes
        taken = await ledger.queue.take(
            owner="bench", limit=options.items, lanes=lanes, now=now, lease_s=_LEASE_S, turns=turns
        )
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        turns, claimed, lanes_there = taken.turns, claimed + len(taken.claims), len(due.lanes)
        await ledger.queue.release_all()
    before = msgspec.structs.asdict(it.visited)
    due = await it.counted.due()
    lanes = keeper.ways(due.lanes, await ledger.now()).lanes
    await it.counted.take(
        owner="bench", limit=options.items, lanes=lanes, now=await ledger.now(), lease_s=_LEASE_S, turns=turns
    )
    looked_at = {name: value - before[name] for name, value in msgspec.structs.asdict(it.visited).items()}
    return {
        "lanes": lanes_there,
        "claimed": claimed / options.rounds,
        "wall_ms": round(statistics.median(walls) * 1_000, 3),
        "cpu_ms": round(statistics.median(cpus) * 1_000, 3),
        "visited": looked_at["steps"] or looked_at["rows"],
        "visited_what": "steps" if looked_at["steps"] else "rows",
        "pages": looked_at["pages"],
        "gate_ms": round(statistics.median(gate_ms), 3),
    }


async def _set_gate(it: Measured) -> float:
    """Shut the gate in front of the one lane; how long that took, until it was durable."""
    now, began = await it.ledger.now(), time.perf_counter()
    await it.ledger.gates.shut(_SCOPE, owner="operator", by="bench", why="measured", now=now)
    return (time.perf_counter() - began) * 1_000


@contextlib.asynccontextmanager
async def _new(store: str, folder: Path) -> AsyncIterator[Measured]:
    """An empty ledger on a database of its own, which is gone afterwards."""
    with contextlib.ExitStack() as stack:
        address: Path | str = stack.enter_context(installation.round_folder(folder, secrets.token_hex(4))) / "claim.db"
        if store == "postgres":
            server = PostgresServer(shared_buffers="256MB", max_wal_size="4GB")
            stack.callback(server.remove)
            server.start()
            address = server.url()
        async with measured(address) as it:
            yield it
