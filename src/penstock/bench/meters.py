"""Reading the kernel's counters: CPU and memory of a process, how busy the whole machine was.

Linux only, as everything here comes from ``/proc`` and the kernel's clocks. It judges nothing. Used by the parts.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

_SCHED_CLOCK = 2  # CPUCLOCK_SCHED of the kernel: user and system time of all threads, those that ended included


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used so far, to the nanosecond; 10 ms ticks are too coarse for short windows."""
    return time.clock_gettime(~pid << 3 | _SCHED_CLOCK)  # what clock_getcpuclockid(3) makes of a pid


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


class Meter(msgspec.Struct):
    """What was counted between entering and leaving ``measured``."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    helper_cpu_s: float = 0.0
    others_cpu_s: float = 0.0
    busy_cores: float = 0.0


@contextlib.contextmanager
def measured(pid: int, helper: int) -> Iterator[Meter]:
    """Count the time and the CPU of a process under test and of its helper while the context lasts."""
    meter = Meter()
    mine = os.getpid()
    pids = (pid, helper, mine)
    before = [cpu_s(each) for each in pids]
    busy, began = machine_busy_s(), time.perf_counter()
    yield meter
    meter.wall_s = time.perf_counter() - began
    used = [cpu_s(each) - was for each, was in zip(pids, before, strict=True)]
    busy = machine_busy_s() - busy
    meter.cpu_s, meter.helper_cpu_s = used[0], used[1]
    meter.others_cpu_s = max(0.0, busy - sum(used))
    meter.busy_cores = busy / meter.wall_s
