"""``penstock bench receive``: what durability costs at the door.

The real server, whose 200 follows an fsynced commit, against the same server that verifies and reads and stores
nothing. Closed loop: every connection sends its next webhook when the last one was answered. On PostgreSQL also as
several processes of either side on one database. Called by ``cli.bench``.
"""

import contextlib
from pathlib import Path

import msgspec

from penstock.bench import installation, machine, meters
from penstock.bench.places import Place, Places, opened
from penstock.bench.processes import Child, child
from penstock.bench.ratios import FULL, Facts, Targets, Window, by_processes, compared, disturbed
from penstock.bench.rounds import Steps, Told, alternately
from penstock.core.errors import Unreachable

TARGETS = {"sqlite": Targets(wall=0.5, cpu=0.4), "postgres": Targets(wall=0.3, cpu=0.3)}
KINDS = ("image", "text")
_SHA256 = "a65aff65e85313a92cce5a6021957655646ad713e680a99d267bedc1b0a28174"  # of a file that nobody fetches here
_WARM_UP = 300  # webhooks of each process that are not measured: imports, caches, the first pages of the file
_DISK_BYTES_EACH = 8_192  # of database and log, generously
_SERVER_DISK_BYTES = 1 << 30  # PostgreSQL keeps its log in large files


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    rounds: int = 5
    webhooks: int = 10_000  # of each window
    connections: int = 64
    kinds: tuple[str, ...] = KINDS
    store: str = "sqlite"
    processes: tuple[int, ...] = (1,)  # of either side; several only on PostgreSQL


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(
            folder,
            disk_bytes=options.webhooks * _DISK_BYTES_EACH + _SERVER_DISK_BYTES * (options.store != "sqlite"),
            descriptors=options.connections + 256,
        )
        facts: Facts = {
            "part": "receive",
            "store": options.store,
            "machine": machine.described(folder),
            "sizes": msgspec.structs.asdict(options),
        }
        facts["warnings"] = machine.warnings(facts["machine"])
        steps = Steps(options.rounds * 2 * len(options.kinds) * len(options.processes), told)
        with opened(options.store, folder) as places:
            facts |= places.facts()
            found = [await _compared(options, places, processes, steps, facts) for processes in options.processes]
    return facts | by_processes(options.store, options.processes, found)


async def _compared(options: Options, places: Places, processes: int, steps: Steps, facts: Facts) -> Facts:
    """Both sides with so many processes each, one kind of webhook after the other."""
    found: Facts = {}
    for kind in options.kinds:
        door = _Door(options, places, kind, processes)
        pairs = await alternately(options.rounds, door.durable, door.floor, steps)
        found[kind] = {"body_bytes": door.body_bytes} | compared(pairs, ours="durable", targets=TARGETS[options.store])
        facts["warnings"] += [f"{kind}: {sentence}" for sentence in _doubts(pairs)]
    return found | {"ratios": found[options.kinds[0]]["ratios"]}


class _Door:
    """Measures either side with one kind of webhook."""

    def __init__(self, options: Options, places: Places, kind: str, processes: int) -> None:
        self._options = options
        self._places = places
        self._kind = kind
        self._processes = processes
        self.body_bytes = 0

    async def durable(self, name: str) -> Window:
        """The real door. Raises Unreachable when the journal does not hold what was answered 200."""
        return await self._window(name, "durable", stored=self._options.webhooks + self._warm_up)

    async def floor(self, name: str) -> Window:
        """The door that stores nothing."""
        return await self._window(name, "floor", stored=0)

    @property
    def _warm_up(self) -> int:
        return _WARM_UP * self._processes

    async def _window(self, name: str, side: str, *, stored: int) -> Window:
        options = self._options
        with self._places.new(name) as place:
            async with contextlib.AsyncExitStack() as stack:
                servers = [
                    await stack.enter_async_context(self._server(place, side, number))
                    for number in range(self._processes)
                ]
                load = {
                    "host": "127.0.0.1",
                    "ports": [server.ready["port"] for server in servers],
                    "kind": self._kind,
                    "count": options.webhooks + self._warm_up,
                    "connections": options.connections,
                    "sha256": _SHA256,
                }
                async with child("load", load, folder=place.folder) as generator:
                    self.body_bytes = generator.ready["body_bytes"]
                    await generator.ask("saturate", count=self._warm_up)
                    with meters.measured(
                        [server.pid for server in servers], (generator.pid,), server_cpu_s=self._places.server_cpu_s
                    ) as meter:
                        answer = await generator.ask("saturate", count=options.webhooks)
                    kept = (await servers[0].ask("stored"))["stored"]
        if kept != stored or answer["errors"]:
            raise Unreachable(
                f"a figure of no worth: {answer['errors']} of {options.webhooks} answers of the {side} side were not "
                f"200, and its journal holds {kept} webhooks instead of {stored}"
            )
        return Window(
            options.webhooks,
            meter.wall_s,
            meter.cpu_s,
            meter.helper_cpu_s,
            meter.others_cpu_s,
            server_cpu_s=meter.server_cpu_s,
        )

    def _server(self, place: Place, side: str, number: int) -> contextlib.AbstractAsyncContextManager[Child]:
        """One process of a side; the first one makes the installation."""
        return child("receiving", {**place.told(), "side": side, "first": not number}, folder=place.folder)


def _doubts(pairs: list[tuple[Window, Window]]) -> list[str]:
    found = disturbed([window for pair in pairs for window in pair])
    if any(floor.helper_share > FULL for _, floor in pairs):
        found.append("the load generator had no time left while the floor was measured: the ratios flatter Penstock")
    if any(mine.helper_share > FULL for mine, _ in pairs):
        found.append("the load generator had no time left while Penstock was measured")
    return found
