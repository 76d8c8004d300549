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
    """All servers. Every connection goes to one of them and stays there."""

    def __init__(self, servers: tuple[Server, ...], seed: int) -> None:
        self.machines = tuple(_machines(servers))
        weights = [server.weight for server in servers for _ in range(server.count)]
        self._cumulative = list(itertools.accumulate(weights))
        self._random = random.Random(f"{seed} fleet")

    def choose(self) -> Machine:
        """The server of the next connection."""
        if len(self.machines) == 1:
            return self.machines[0]
        return self._random.choices(self.machines, cum_weights=self._cumulative)[0]


def _machines(servers: tuple[Server, ...]) -> "list[Machine]":
    machines: list[Machine] = []
    for server in servers:
        for number in range(1, server.count + 1):
            name = server.name if server.count == 1 else f"{server.name}-{number}"
            machines.append(Machine(len(machines), name, server.faults))
    return machines
