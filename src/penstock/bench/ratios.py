"""Arithmetic of a comparison: windows of work on both sides, paired ratios, percentiles. Pure.

Used by the parts; what they print is made of these.

>>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
2.0
>>> spread([0.5, 0.7, 0.6])
{'median': 0.6, 'min': 0.5, 'max': 0.7}
"""

import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

Facts = dict[str, Any]

_QUIET = 0.1  # of one core: the kernel's own threads use about so much for the disk and the network
FULL = 0.9  # of one core: a single-threaded helper that used more than this may have been what was measured


class Targets(NamedTuple):
    """The ratios that are wanted, a ratio of 1 meaning as good as the floor."""

    wall: float
    cpu: float


class Window(msgspec.Struct, frozen=True):
    """What one side did in one round, and what else the machine did meanwhile."""

    operations: int
    wall_s: float
    cpu_s: float  # of the process under test, all its threads
    helper_cpu_s: float  # of the load generator or the upstream
    others_cpu_s: float  # of everything that does not belong to the benchmark
    errors: int = 0
    server_cpu_s: float = 0.0  # of the database server, where there is one; in no ratio

    @property
    def per_s(self) -> float:
        """Operations in a second."""
        return self.operations / self.wall_s

    @property
    def cpu_s_per_1000(self) -> float:
        """CPU seconds for a thousand operations."""
        return self.cpu_s / self.operations * 1_000

    @property
    def helper_share(self) -> float:
        """How much of one core the helper used."""
        return self.helper_cpu_s / self.wall_s

    def facts(self) -> Facts:
        """As it is printed."""
        return {
            "operations": self.operations,
            "per_s": round(self.per_s, 1),
            "cpu_s_per_1000": round(self.cpu_s_per_1000, 5),
            "wall_s": round(self.wall_s, 4),
            "cpu_s": round(self.cpu_s, 4),
            "helper_cores": round(self.helper_share, 2),
            "server_cpu_s_per_1000": round(self.server_cpu_s / self.operations * 1_000, 5),
            "other_cores": round(self.others_cpu_s / self.wall_s, 2),
            "errors": self.errors,
        }


def compared(pairs: Sequence[tuple[Window, Window]], *, ours: str, targets: Targets) -> Facts:
    """The comparison of (our window, the floor's window) pairs, a ratio of 1 meaning as good as the floor."""
    wall = [mine.per_s / floor.per_s for mine, floor in pairs]
    cpu = [floor.cpu_s_per_1000 / mine.cpu_s_per_1000 for mine, floor in pairs]
    return {
        "ratios": {"wall": judged(wall, targets.wall), "cpu": judged(cpu, targets.cpu)},
        ours: _side([mine for mine, _ in pairs]),
        "floor": _side([floor for _, floor in pairs]),
    }


def by_processes(store: str, processes: Sequence[int], found: Sequence[Facts]) -> Facts:
    """What was found with so many processes of either side, as it is printed. On SQLite there is always one."""
    if store == "sqlite":
        return found[0]
    return {
        "by_processes": {str(number): each for number, each in zip(processes, found, strict=True)},
        "ratios": found[0]["ratios"],
    }


def disturbed(windows: Sequence[Window]) -> list[str]:
    """A sentence when programs that have nothing to do with the run took part of the machine meanwhile."""
    most = max(window.others_cpu_s / window.wall_s for window in windows)
    if most <= _QUIET:
        return []
    return [f"other programs used up to {most:.1f} cores while it ran: the figures are those of a shared machine"]


def judged(values: Sequence[float], target: float) -> Facts:
    """Median and range of ratios, and whether the median reaches its target."""
    found = spread(values)
    return found | {"target": target, "met": found["median"] >= target}


def spread(values: Sequence[float], digits: int = 3) -> Facts:
    """Median, smallest and largest."""
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _side(windows: Sequence[Window]) -> Facts:
    return {
        "per_s": spread([window.per_s for window in windows], 1),
        "cpu_s_per_1000": spread([window.cpu_s_per_1000 for window in windows], 5),
        "server_cpu_s_per_1000": spread([window.server_cpu_s / window.operations * 1_000 for window in windows], 5),
        "rounds": [window.facts() for window in windows],
    }
