"""The fleet of upstream servers: which one a connection ends at, by weight and repeatably by seed.

Pure but for the count of connections. Made anew by ``Upstream`` whenever the scenario changes.
"""

import itertools
import random
from dataclasses import dataclass

from .scenario import FaultRule, Server


@dataclass(frozen=True, slots=True)
class Machine:
    """One server of the fleet: its place, its name (``bad-2``), and its faults."""

    index: int
    name: str
    faults: tuple[FaultRule, ...]


class Fleet:
    """All servers. Every connection goes to one of them and stays there.

    Of several doors (addresses) each leads to servers of its own: dealt out in turn, so that with as many doors as
    servers an address is a server. Where there are more doors than servers, some lead to the same one.
    """

    def __init__(self, servers: tuple[Server, ...], seed: int, *, doors: int = 1) -> None:
        self.machines = tuple(_machines(servers))
        weights = [server.weight for server in servers for _ in range(server.count)]
        self._behind = [_dealt(self.machines, weights, door, doors) for door in range(doors)]
        self._random = random.Random(f"{seed} fleet")

    def choose(self, door: int = 0) -> Machine:
        """The server of the next connection that comes in at a door."""
        machines, cumulative = self._behind[door]
        if len(machines) == 1:
            return machines[0]
        return self._random.choices(machines, cum_weights=cumulative)[0]


def _dealt(
    machines: tuple[Machine, ...], weights: list[float], door: int, doors: int
) -> tuple[tuple[Machine, ...], list[float]]:
    """The servers behind a door, and their weights, summed up."""
    count = len(machines)
    places = range(door, count, doors) if door < count else range(door % count, door % count + 1)
    chosen = tuple(machines[place] for place in places)
    return chosen, list(itertools.accumulate(weights[place] for place in places))


def _machines(servers: tuple[Server, ...]) -> "list[Machine]":
    machines: list[Machine] = []
    for server in servers:
        for number in range(1, server.count + 1):
            name = server.name if server.count == 1 else f"{server.name}-{number}"
            machines.append(Machine(len(machines), name, server.faults))
    return machines
