"""``penstock bench check``: which share of the fetcher's CPU time the check of every request takes.

The real fetcher with a backlog of small files, its check switched on and off in turn while it runs, so that both sides
are of one process. And as the share is small beside the noise of a busy machine, the check alone too, timed on real
prepared requests. Called by ``cli.bench``.
"""

import time
from pathlib import Path

import msgspec
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession

from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.sending import send_declared
from penstock.bench import bodies, installation, machine, meters
from penstock.bench.processes import Child, child
from penstock.bench.ratios import Facts, Window, disturbed, spread
from penstock.bench.rounds import Steps, Told, alternately
from penstock.contract.sessions import as_prepared
from penstock.core.contract import violation
from penstock.wiring.instance import open_graph

TARGET_SHARE = 0.05
_TIMES = 2_000  # that a check is repeated when it is timed alone


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    rounds: int = 20
    files: int = 300  # of each window: short ones, so that a disturbance falls into few
    size_bytes: int = 65_536
    concurrency: int = 64

    @property
    def warm_up(self) -> int:
        """Files of the other side that are still under way when the check is switched."""
        return 2 * self.concurrency

    @property
    def backlog(self) -> int:
        """Files to put to work beforehand; the fetcher goes on between the windows."""
        return int(self.rounds * 2 * (self.files + self.warm_up) * 1.2)


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(
            folder,
            disk_bytes=options.backlog * (options.size_bytes + 16_384),
            descriptors=options.concurrency * 2 + 256,
        )
        facts: Facts = {"part": "check", "machine": machine.described(folder), "sizes": msgspec.structs.asdict(options)}
        facts["warnings"] = machine.warnings(facts["machine"])
        async with child(
            "upstream", {"size_bytes": options.size_bytes, "certificate": None}, folder=folder
        ) as upstream:
            pairs = await _in_turn(options, folder, upstream, told)
            alone_s = await _alone(folder, upstream.ready["url"])
    windows = [window for pair in pairs for window in pair]
    facts |= _judged(pairs, alone_s)
    facts["warnings"] += disturbed(windows)
    if errors := windows[-1].errors:
        facts["warnings"].append(f"{errors} files were not attached at the first attempt")
    return facts


async def _in_turn(options: Options, folder: Path, upstream: Child, told: Told) -> list[tuple[Window, Window]]:
    """Windows of one fetcher, with its check and without it."""
    ready = upstream.ready
    orders = {
        "folder": str(folder),
        "graph_url": ready["url"],
        "sha256": ready["sha256"],
        "concurrency": options.concurrency,
        "switch": True,
    }
    async with child("fetching", orders, folder=folder) as client:
        await client.ask("fill", items=options.backlog)

        async def window(*, checked: bool) -> Window:
            with meters.measured((client.pid,), (upstream.pid,)) as meter:
                answer = await client.ask("fetch", warm_up=options.warm_up, items=options.files, checked=checked)
            part = answer["wall_s"] / meter.wall_s
            return Window(
                answer["operations"],
                answer["wall_s"],
                answer["cpu_s"],
                meter.helper_cpu_s * part,
                meter.others_cpu_s * part,
                errors=sum(answer["not_attached"].values()),
            )

        return await alternately(
            options.rounds,
            lambda _: window(checked=True),
            lambda _: window(checked=False),
            Steps(options.rounds * 2, told),
        )


async def _alone(folder: Path, base: str) -> list[float]:
    """CPU seconds of one check of a real prepared request, for each operation."""
    took_s: list[float] = []

    async def send_timed(session: ClientSession, call: Call) -> ClientResponse:
        async def timed(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
            began = time.thread_time()
            for _ in range(_TIMES):
                violation(as_prepared(request), call.declared, call.pinned)
            took_s.append((time.thread_time() - began) / _TIMES)
            return await call(request, handler)

        return await send_declared(session, call, check=timed)

    async def forget(_: bytes) -> None:
        """Nobody wants the bytes."""

    graph = open_graph(installation.settings(folder, graph_url=base), send=send_timed)
    await graph.start()
    _, found = await graph.look_up(bodies.media_id(0), token=bodies.TOKEN)
    assert found is not None
    await graph.download(found.url, token=bodies.TOKEN, write=forget, sha256=found.sha256, size=found.size)
    await graph.stop()
    return took_s


def _judged(pairs: list[tuple[Window, Window]], alone_s: list[float]) -> Facts:
    share = spread([1.0 - without.cpu_s_per_1000 / checked.cpu_s_per_1000 for checked, without in pairs])
    file_s = spread([checked.cpu_s_per_1000 / 1_000 for checked, _ in pairs], 9)["median"]
    return {
        "share": share | {"target": TARGET_SHARE, "met": share["median"] <= TARGET_SHARE},
        "alone": {
            "check_us": [round(each * 1e6, 2) for each in alone_s],
            "share": round(sum(alone_s) / file_s, 4),
        },
        "checked": _side([checked for checked, _ in pairs]),
        "unchecked": _side([without for _, without in pairs]),
    }


def _side(windows: list[Window]) -> Facts:
    return {
        "per_s": spread([window.per_s for window in windows], 1),
        "cpu_s_per_1000": spread([window.cpu_s_per_1000 for window in windows], 5),
        "rounds": [window.facts() for window in windows],
    }
