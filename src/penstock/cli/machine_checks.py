"""What ``penstock doctor`` asks of the machine: Python, libraries, descriptors, clock, room on the disks, reach.

Each check is a function of the settings and returns findings; it changes nothing. Called by ``cli.doctor``.
"""

import asyncio
import os
import re
import resource
import shutil
import ssl
import sys
import time
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from penstock.cli import words
from penstock.cli.finding import Finding, fail, ok, warn
from penstock.settings import Settings

_INSTALL = "run `make install` again, which brings the pinned one"
_LEAST = {
    "aiohttp": ("3.14.5", "older ones time out pooled connections falsely"),
    "uvloop": ("0.23.0", "older ones close descriptors of others"),
}
_DESCRIPTORS_EACH = 4  # of a download: a socket, a file, and as much again for whoever reads it meanwhile
_DESCRIPTORS_BESIDES = 256
_NO_ROOM_BYTES, _LITTLE_ROOM_BYTES = 256 * 1024**2, 2 * 1024**3
_LITTLE_SHARE = 0.05
_FEW_INODES = 10_000
_RELEASED = 1_767_225_600.0  # 2026: no clock that is right shows less
_FAR = 4_102_444_800.0  # 2100
_REACH_S = 10.0


async def python(settings: Settings) -> list[Finding]:
    """The interpreter."""
    del settings
    return [ok("python", ".".join(map(str, sys.version_info[:3])))]


async def libraries(settings: Settings) -> list[Finding]:
    """Libraries of which some versions lose data."""
    del settings
    import apsw

    from penstock.adapters.db.sqlite_connection import OLDEST_SAFE

    found = []
    sqlite = apsw.sqlite_lib_version()
    if _numbers(sqlite) < OLDEST_SAFE:
        found.append(fail("sqlite", f"{sqlite}, which can corrupt a write-ahead log", _INSTALL))
    else:
        found.append(ok("sqlite", f"{sqlite}, by apsw"))
    for name, (least, because) in _LEAST.items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            found.append(fail(name, "not installed", _INSTALL))
            continue
        if _numbers(version) < _numbers(least):
            found.append(fail(name, f"{version}; {because}", _INSTALL))
        else:
            found.append(ok(name, version))
    return found


async def descriptors(settings: Settings) -> list[Finding]:
    """How many files and sockets the process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _DESCRIPTORS_BESIDES + _DESCRIPTORS_EACH * settings.fetch_concurrency
    if soft != resource.RLIM_INFINITY and soft < needed:
        advice = f"raise it to {needed} (`ulimit -n`, LimitNOFILE=), or lower PENSTOCK_FETCH_CONCURRENCY"
        return [warn("descriptors", f"{soft} open files permitted", advice)]
    shown = "any number of" if soft == resource.RLIM_INFINITY else words.count(soft)
    return [ok("descriptors", f"{shown} open files permitted")]


async def clock(settings: Settings) -> list[Finding]:
    """Deadlines and URLs are times: a wrong clock expires files."""
    del settings
    now = time.time()
    shown = str(words.utc(now))
    if not _RELEASED < now < _FAR:
        return [fail("clock", shown, "set this machine's clock, and keep it right with NTP")]
    return [ok("clock", shown)]


async def room(settings: Settings) -> list[Finding]:
    """Free space where the database and the files are."""
    found, seen = [], set()
    for name, path in (("database", settings.database_file), ("files", settings.blobs_folder)):
        if path is None:
            continue
        place = nearest(path)
        device = place.stat().st_dev
        if device not in seen:
            seen.add(device)
            found.append(_room(f"disk of the {name}", place))
    return found


async def reach(settings: Settings) -> list[Finding]:
    """Whether Graph's address answers, and with a valid certificate. No request is made."""
    parts = urlsplit(settings.graph_url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    began = time.monotonic()
    try:
        async with asyncio.timeout(_REACH_S):
            _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context() if secure else None)
    except ssl.SSLCertVerificationError as error:
        advice = "check this machine's clock and certificates; never switch the check off"
        return [fail("graph", f"{host}: its certificate is refused: {error.verify_message}", advice)]
    except (OSError, TimeoutError) as error:
        reason = getattr(error, "strerror", None) or "no answer in time"
        return [
            fail("graph", f"{host}:{port} cannot be reached: {reason}", "check DNS, firewall and PENSTOCK_GRAPH_URL")
        ]
    took = words.duration(time.monotonic() - began)
    writer.close()
    return [ok("graph", f"{host}:{port} answers after {took}")]


def nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return place


def _room(name: str, place: Path) -> Finding:
    usage = shutil.disk_usage(place)
    inodes = os.statvfs(place)
    shown = f"{words.size(usage.free)} of {words.size(usage.total)} free"
    if usage.free < _NO_ROOM_BYTES:
        return fail(name, shown, "free some space: webhooks are refused when the disk is full")
    if usage.free < _LITTLE_ROOM_BYTES or usage.free < _LITTLE_SHARE * usage.total:
        return warn(name, shown, "free some space before it is full")
    if inodes.f_files and inodes.f_favail < _FEW_INODES:
        return warn(name, f"{words.count(inodes.f_favail)} inodes free", "every attached file needs one")
    return ok(name, shown)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", version)[:3])
