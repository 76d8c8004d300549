"""Reading the kernel's counters: CPU and memory of a process, how busy the whole machine was.

Linux only, as everything here comes from ``/proc`` and the kernel's clocks. It judges nothing. Used by the parts.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

_SCHED_CLOCK = 2  # CPUCLOCK_SCHED of the kernel: user and system time of all threads, those that ended included


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used so far, to the nanosecond; 10 ms ticks are too coarse for short windows."""
    return time.clock_gettime(~pid << 3 | _SCHED_CLOCK)  # what clock_getcpuclockid(3) makes of a pid


def family_cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children: those that it has now, and those that have ended."""
    waited_user, waited_system = _stat(pid)[13:15]
    found = cpu_s(pid) + (int(waited_user) + int(waited_system)) / os.sysconf("SC_CLK_TCK")
    for path in Path("/proc").glob("[0-9]*"):
        child = int(path.name)
        with contextlib.suppress(OSError):  # it has just ended
            if int(_stat(child)[1]) == pid:
                found += cpu_s(child)
    return found


def pss_bytes(pid: int) -> int:
    """Memory of a process, its share of what it shares with others included."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("the kernel does not tell the Pss of a process")


def peak_rss_bytes(pid: int) -> int:
    """The most resident memory that a process ever had, as the kernel saw it, without gaps between samples."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError("the kernel does not tell the peak of a process")


def machine_busy_s() -> float:
    """CPU seconds that all cores together were busy since the machine started."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = (
        int(each) for each in Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` behind the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()


class Meter(msgspec.Struct):
    """What was counted between entering and leaving ``measured``."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    helper_cpu_s: float = 0.0
    server_cpu_s: float = 0.0
    others_cpu_s: float = 0.0
    busy_cores: float = 0.0


def _no_server() -> float:
    return 0.0


@contextlib.contextmanager
def measured(
    pids: Sequence[int], helpers: Sequence[int], *, server_cpu_s: Callable[[], float] = _no_server
) -> Iterator[Meter]:
    """Count the time and the CPU of processes under test, their helpers and their server while the context lasts."""
    meter = Meter()
    groups = (pids, helpers, (os.getpid(),))
    before = [sum(map(cpu_s, group)) for group in groups]
    server, busy, began = server_cpu_s(), machine_busy_s(), time.perf_counter()
    yield meter
    meter.wall_s = time.perf_counter() - began
    used = [sum(map(cpu_s, group)) - was for group, was in zip(groups, before, strict=True)]
    busy, server = machine_busy_s() - busy, server_cpu_s() - server
    meter.cpu_s, meter.helper_cpu_s, meter.server_cpu_s = used[0], used[1], server
    meter.others_cpu_s = max(0.0, busy - sum(used) - server)
    meter.busy_cores = busy / meter.wall_s
