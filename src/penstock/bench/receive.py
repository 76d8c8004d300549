"""``penstock bench receive``: what durability costs at the door.

The real server, whose 200 follows an fsynced commit, against the same server that verifies and reads and stores
nothing. Closed loop: every connection sends its next webhook when the last one was answered. Called by ``cli.bench``.
"""

from pathlib import Path

import msgspec

from penstock.bench import installation, machine, meters
from penstock.bench.processes import child
from penstock.bench.ratios import FULL, Facts, Window, compared, disturbed
from penstock.bench.rounds import Steps, Told, alternately
from penstock.core.errors import Unreachable

TARGET_WALL = 0.5
TARGET_CPU = 0.4
KINDS = ("image", "text")
_SHA256 = "a65aff65e85313a92cce5a6021957655646ad713e680a99d267bedc1b0a28174"  # of a file that nobody fetches here
_WARM_UP = 300  # webhooks of each process that are not measured: imports, caches, the first pages of the file
_DISK_BYTES_EACH = 8_192  # of database and log, generously


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    rounds: int = 5
    webhooks: int = 10_000  # of each window
    connections: int = 64
    kinds: tuple[str, ...] = KINDS


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(folder, disk_bytes=options.webhooks * _DISK_BYTES_EACH, descriptors=options.connections + 256)
        facts: Facts = {
            "part": "receive",
            "machine": machine.described(folder),
            "sizes": msgspec.structs.asdict(options),
        }
        facts["warnings"] = machine.warnings(facts["machine"])
        steps = Steps(options.rounds * 2 * len(options.kinds), told)
        for kind in options.kinds:
            door = _Door(options, folder, kind)
            pairs = await alternately(options.rounds, door.durable, door.floor, steps)
            facts[kind] = {"body_bytes": door.body_bytes} | compared(
                pairs, ours="durable", target_wall=TARGET_WALL, target_cpu=TARGET_CPU
            )
            facts["warnings"] += [f"{kind}: {sentence}" for sentence in _doubts(pairs)]
    facts["ratios"] = facts[options.kinds[0]]["ratios"]
    return facts


class _Door:
    """Measures either side with one kind of webhook."""

    def __init__(self, options: Options, folder: Path, kind: str) -> None:
        self._options = options
        self._folder = folder
        self._kind = kind
        self.body_bytes = 0

    async def durable(self, name: str) -> Window:
        """The real door. Raises Unreachable when the journal does not hold what was answered 200."""
        return await self._window(name, "durable", stored=self._options.webhooks + _WARM_UP)

    async def floor(self, name: str) -> Window:
        """The door that stores nothing."""
        return await self._window(name, "floor", stored=0)

    async def _window(self, name: str, side: str, *, stored: int) -> Window:
        options = self._options
        with installation.round_folder(self._folder, name) as folder:
            async with child("receiving", {"folder": str(folder), "side": side}, folder=folder) as server:
                load = {
                    "host": "127.0.0.1",
                    "port": server.ready["port"],
                    "kind": self._kind,
                    "count": options.webhooks + _WARM_UP,
                    "connections": options.connections,
                    "sha256": _SHA256,
                }
                async with child("load", load, folder=folder) as generator:
                    self.body_bytes = generator.ready["body_bytes"]
                    await generator.ask("saturate", count=_WARM_UP)
                    with meters.measured(server.pid, generator.pid) as meter:
                        answer = await generator.ask("saturate", count=options.webhooks)
                    kept = (await server.ask("stored"))["stored"]
        if kept != stored or answer["errors"]:
            raise Unreachable(
                f"a figure of no worth: {answer['errors']} of {options.webhooks} answers of the {side} side were not "
                f"200, and its journal holds {kept} webhooks instead of {stored}"
            )
        return Window(options.webhooks, meter.wall_s, meter.cpu_s, meter.helper_cpu_s, meter.others_cpu_s)


def _doubts(pairs: list[tuple[Window, Window]]) -> list[str]:
    found = disturbed([window for pair in pairs for window in pair])
    if any(floor.helper_share > FULL for _, floor in pairs):
        found.append("the load generator had no time left while the floor was measured: the ratios flatter Penstock")
    if any(mine.helper_share > FULL for mine, _ in pairs):
        found.append("the load generator had no time left while Penstock was measured")
    return found
