"""What this machine is, as far as figures depend on it, and whether a part can run here at all.

Versions, cores, the price of an fsync in the folder that is used. Called once per run by each part.
"""

import importlib.metadata
import os
import platform
import resource
import shutil
import statistics
import time
from pathlib import Path

import apsw

from penstock import __version__
from penstock.bench.ratios import Facts, percentile
from penstock.core.errors import Unreachable

_LIBRARIES = ("aiohttp", "uvicorn", "httptools", "uvloop", "msgspec", "apsw")
_PROBES = 200
_MIB = 1_048_576


def described(folder: Path) -> Facts:
    """The machine as it is printed beside every figure."""
    return {
        "penstock": __version__,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "sqlite": apsw.sqlite_lib_version(),
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "filesystem": filesystem(folder),
        "fsync_ms": _fsync_ms(folder),
    }


def warnings(machine: Facts) -> list[str]:
    """What makes figures of this machine doubtful, one sentence each."""
    found = []
    if machine["cores"] < 2:
        found.append("one core for everything: the load generator and the process under test take it from each other")
    if machine["load_before"] > 0.5:
        found.append(f"the machine was not idle before the run (load {machine['load_before']})")
    if machine["filesystem"] in {"tmpfs", "ramfs"}:
        found.append("the folder is in memory, where an fsync costs nothing: name a folder on a disk with --folder")
    return found


def must_have(folder: Path, *, disk_bytes: int, memory_bytes: int = 0, descriptors: int = 0) -> None:
    """Raise Unreachable, with one line, when this machine has not what a part needs."""
    if not Path("/proc/self/smaps_rollup").exists():
        raise Unreachable("the benchmarks read the counters of Linux in /proc, which are not here")
    free = shutil.disk_usage(folder).free
    if free < disk_bytes:
        raise Unreachable(
            f"this part writes {disk_bytes // _MIB} MiB and {folder} has {free // _MIB} MiB left: "
            "name another folder with --folder, or ask for less"
        )
    available = _available_memory_bytes()
    if available < memory_bytes:
        raise Unreachable(f"this part needs {memory_bytes // _MIB} MiB of memory and {available // _MIB} are available")
    _raise_descriptors(descriptors)


def filesystem(folder: Path) -> str:
    """The type of the file system that a folder is on."""
    path, best = str(folder.resolve()), ("", "unknown")
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        left, _, right = line.partition(" - ")
        mount = left.split()[4]
        if (path == mount or path.startswith(mount.rstrip("/") + "/")) and len(mount) >= len(best[0]):
            best = (mount, right.split()[0])
    return best[1]


def _fsync_ms(folder: Path) -> Facts:
    """What it costs here to make a page durable: a database's disk decides more than its program."""
    path = folder / ".fsync-probe"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    took = []
    try:
        for _ in range(_PROBES):
            os.write(fd, b"\0" * 4096)
            began = time.perf_counter()
            os.fdatasync(fd)
            took.append((time.perf_counter() - began) * 1_000)
    finally:
        os.close(fd)
        path.unlink()
    return {"p50": round(statistics.median(took), 3), "p99": round(percentile(took, 0.99), 3)}


def _raise_descriptors(wanted: int) -> None:
    """Children inherit what we may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise Unreachable(f"this part opens {wanted} descriptors at once and {hard} are permitted: see `ulimit -n`")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _available_memory_bytes() -> int:
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
