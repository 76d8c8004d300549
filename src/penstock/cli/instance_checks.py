"""What ``penstock doctor`` asks of the installation: settings, addresses, database, secret key, files.

Each check is a function of the settings and returns findings. They work beside a running instance, and leave nothing
behind: where there is no database yet, none is made. Called by ``cli.doctor``.
"""

import asyncio
import errno
import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from penstock.cli import recipe_checks, server_checks, words
from penstock.cli.finding import Finding, fail, ok, warn
from penstock.cli.machine_checks import nearest
from penstock.core.errors import PenstockError
from penstock.ledger.book import Ledger
from penstock.settings import S3Url, Settings

_ALONE_S = 5.0  # rows may be this much younger than now, when the clock was corrected meanwhile
_SHORT_KEY = 24  # characters; the key that Penstock makes has 43
_REMOTE = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "ceph",
    "glusterfs",
    "lustre",
    "afs",
    "fuse.sshfs",
    "fuse.s3fs",
}
_HERE = {"localhost", "127.0.0.1", "::1"}
_BUCKET_ADVICE: dict[str, Callable[[str], Finding]] = {
    "written": lambda said: fail("files", said, "check PENSTOCK_BLOBS_URL and the AWS_ variables; allow s3:PutObject"),
    "read": lambda said: fail("files", said, "allow s3:GetObject: without it nobody sees a file"),
    "listed": lambda said: warn(
        "files", said, "allow s3:ListBucket: without it files that nobody owns are never swept"
    ),
    "deleted": lambda said: warn("files", said, "allow s3:DeleteObject: without it erased files stay"),
}
_NO_UNNAMED = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}


async def upstream(settings: Settings) -> list[Finding]:
    """Whether the way to Meta is the safe one."""
    if settings.allow_insecure_upstream:
        advice = "unset PENSTOCK_ALLOW_INSECURE_UPSTREAM where real tokens are used"
        return [warn("upstream", "http and private addresses are permitted", advice)]
    return [ok("upstream", f"{settings.graph_url} {settings.graph_version}, https and public addresses only")]


async def own_requests(settings: Settings) -> list[Finding]:
    """Whether every declared operation leaves this machine as it is declared: sent into a socket of our own."""
    from penstock.core.operation import REGISTRY
    from penstock.wiring.instance import open_graph

    began = time.monotonic()
    try:
        await open_graph(settings).rehearse()
    except PenstockError as error:
        return [fail("own requests", str(error), "put back what changed; Penstock does not start like this")]
    took = words.duration(time.monotonic() - began)
    return [ok("own requests", f"{words.listed(REGISTRY)} leave as they are declared, checked on a socket in {took}")]


async def public_address(settings: Settings) -> list[Finding]:
    """How Meta and people come in."""
    parts = urlsplit(settings.public_base)
    if parts.scheme == "https":
        return [ok("public address", settings.public_base)]
    advice = "Meta delivers to https only: put a reverse proxy with a certificate in front, and set PENSTOCK_PUBLIC_URL"
    if settings.public_url is None:
        return [warn("public address", f"none set, so links begin with {settings.public_base}", advice)]
    return [warn("public address", f"{settings.public_base} is not https: tokens and cookies could be read", advice)]


async def listening(settings: Settings) -> list[Finding]:
    """Whether the address to listen on can be had."""
    host, port = settings.bind
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            if await _somebody_runs(settings):
                return [ok("bind", f"{settings.bind}, in use by the running instance")]
            return [warn("bind", f"something else listens on {settings.bind}", "stop it, or set PENSTOCK_BIND")]
        return [fail("bind", f"{settings.bind} cannot be had: {error.strerror}", "set PENSTOCK_BIND to another one")]
    return [ok("bind", f"{settings.bind} is free")]


async def database(settings: Settings) -> list[Finding]:
    """The file and its folder, or the server; the schema, and one durable write."""
    path = settings.database_file
    if path is None:
        asked = await server_checks.server(settings)
        return asked if any(each.state == "fail" for each in asked) else [*asked, *(await _opened(settings))]
    if not path.exists():
        place = nearest(path.parent)
        if not os.access(place, os.W_OK | os.X_OK):
            return [
                fail("database", f"there is none, and {place} is not writable", "give Penstock a folder of its own")
            ]
        return [
            warn(
                "database", f"there is none yet at {path}", "the first `penstock serve` or `penstock migrate` makes it"
            )
        ]
    sound = await asyncio.to_thread(_look_at_file, path)
    if sound.state == "fail":
        return [sound]
    return [sound, *_places(path), *(await _opened(settings))]


async def files(settings: Settings) -> list[Finding]:
    """The folder of files, or the bucket: a durable write in the way an attachment is written."""
    if isinstance(settings.blobs_url, S3Url):
        return await _bucket(settings.blobs_url)
    folder = settings.blobs_url.path
    if not folder.exists():
        place = nearest(folder)
        if not os.access(place, os.W_OK | os.X_OK):
            return [fail("files", f"{place} is not writable", "give Penstock a folder of its own, PENSTOCK_BLOBS_URL")]
        return [ok("files", f"{folder} is made by the first start")]
    try:
        unnamed, took_s = await asyncio.to_thread(_write_durably, folder)
    except OSError as error:
        return [
            fail("files", f"{folder} does not take files: {error.strerror}", "use a writable folder of a local disk")
        ]
    found = [ok("files", f"{folder}: written, fsynced, linked and read again in {words.duration(took_s)}")]
    if not unnamed:
        found.append(
            warn("files", "this file system has no unnamed temporary files", "it works; ext4 or xfs need no sweeping")
        )
    if (kind := file_system(folder)) in _REMOTE:
        found.append(
            warn("files", f"{folder} is on {kind}", "its fsync may promise more than it keeps: use a local disk")
        )
    return found


def file_system(path: Path) -> str:
    """The kind of file system that a path is on, as Linux names it; "" where that cannot be told."""
    best = ("", "")
    with suppress(OSError):
        for line in Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines():
            _, point, kind, *_ = line.split(" ")
            point = point.replace("\\040", " ")
            if path.absolute().is_relative_to(point) and len(point) >= len(best[0]):
                best = (point, kind)
    return best[1]


async def _bucket(url: S3Url) -> list[Finding]:
    """A bucket: an object of our own is written, read, found in a listing and deleted."""
    from penstock.wiring.stores import open_bucket

    began = time.monotonic()
    steps = await open_bucket(url).examine()
    took = words.duration(time.monotonic() - began)
    found = [_BUCKET_ADVICE[what](problem) for what, problem in steps if problem is not None]
    if not found:
        found = [ok("files", f"{url}: written, read, listed and deleted in {took}")]
    endpoint = urlsplit(url.access.endpoint or "https://")
    if endpoint.scheme == "http" and endpoint.hostname not in _HERE:
        found.append(warn("files", f"{url} is reached by http: others on the way can read files", "use https"))
    return found


# -- parts of the checks above ----------------------------------------------------------------


def _look_at_file(path: Path) -> Finding:
    import apsw

    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            connection.set_busy_timeout(5_000)
            mode = connection.pragma("journal_mode")
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchall()[0]
            size = path.stat().st_size
    except (apsw.Error, OSError) as error:
        return fail("database", f"{path} cannot be read: {error}", "check PENSTOCK_DATABASE_URL and who owns the file")
    if verdict != "ok":
        return fail(
            "database", f"{path} is damaged: {str(verdict)[:120]}", "stop Penstock, and restore the last backup"
        )
    if mode != "wal":
        return warn("database", f"{path} is sound, without a write-ahead log", "the next start switches it on")
    return ok("database", f"{path}, {words.size(size)}, sound, with a write-ahead log")


def _places(path: Path) -> list[Finding]:
    found = []
    if (kind := file_system(path)) in _REMOTE:
        found.append(fail("database", f"{path} is on {kind}", "SQLite's log needs a local disk"))
    if path.stat().st_mode & 0o077 and path.absolute().parent.stat().st_mode & 0o077:
        advice = f"chmod 700 {path.parent}: it holds what customers wrote"
        found.append(warn("database", "others on this machine may read it", advice))
    return found


async def _opened(settings: Settings) -> list[Finding]:
    """What only an open ledger tells. The schema is left as it is, and no key is made."""
    from penstock.cli.migrate import pending
    from penstock.wiring.stores import open_ledger

    try:
        missing = await pending(settings)
        if missing:
            return [warn("schema", f"{', '.join(missing)} to apply", "the next start does it, or `penstock migrate`")]
        if not settings.secret_key and not settings.key_file.exists():
            advice = "put the key back, or set PENSTOCK_SECRET_KEY: without it what is stored cannot be opened"
            return [fail("secret key", f"there is none at {settings.key_file}", advice)]
        async with open_ledger(settings) as ledger:
            return [
                ok("schema", "up to date"),
                await _durable_write(ledger),
                *(await _key(settings, ledger)),
                await _served(ledger),
                await _probed(ledger),
                *(await recipe_checks.rehearsed(settings, ledger)),
                *(await _clock_behind(ledger)),
            ]
    except PenstockError as error:
        return [fail("database", str(error), "nothing can be received or fetched until this is mended")]


async def _durable_write(ledger: Ledger) -> Finding:
    began = time.monotonic()
    await ledger.can_store()
    return ok("durable write", f"committed and fsynced in {words.duration(time.monotonic() - began)}")


async def _key(settings: Settings, ledger: Ledger) -> list[Finding]:
    keys, place = settings.secret_key, "PENSTOCK_SECRET_KEY"
    found = []
    if not keys:
        place = str(settings.key_file)
        keys = tuple(settings.key_file.read_text("ascii", "replace").strip().split(","))
        if settings.key_file.stat().st_mode & 0o077:
            found.append(warn("secret key", f"others may read {place}", f"chmod 600 {place}"))
    if len(keys[0]) < _SHORT_KEY:
        found.append(
            warn("secret key", f"it has {len(keys[0])} characters", "use 32 random bytes, and rotate with a comma")
        )
    try:
        await ledger.provisioning.snapshot()
    except PenstockError as error:
        return [*found, fail("secret key", str(error), "put the old key back, behind a comma if a newer one is in use")]
    return [*found, ok("secret key", f"{place} opens what is stored")]


async def _served(ledger: Ledger) -> Finding:
    apps, numbers = await ledger.provisioning.apps(), await ledger.provisioning.numbers()
    if not apps or not numbers:
        advice = "add a workspace, an app, a credential and a number: `penstock workspace add --help` and so on"
        return warn("served", f"{words.many(len(apps), 'app')}, {words.many(len(numbers), 'number')}", advice)
    return ok("served", f"{words.many(len(apps), 'app')}, {words.many(len(numbers), 'number')}")


async def _probed(ledger: Ledger) -> Finding:
    probe = await ledger.probes.standing()
    if probe is None:
        return ok("synthetic probe", f"there is none: {words.NO_PROBE}; {words.HOW_TO_PROBE}")
    number, last = probe.target.phone_number_id, probe.last
    if last is not None and last.outcome != "delivered":
        advice = "look at the number's token first; `penstock status` says more"
        return warn("synthetic probe", f"the last one, of number {number}, failed at {last.operation}", advice)
    since = "waits for its first fetch" if last is None else "fetches its file every 30 s while Penstock runs"
    return ok("synthetic probe", f"number {number} {since}")


async def _clock_behind(ledger: Ledger) -> list[Finding]:
    newest = (await ledger.shelf.media_list(limit=1)).items
    now = await ledger.now()
    if newest and newest[0].received_at > now + _ALONE_S:
        ahead = words.duration(newest[0].received_at - now)
        return [
            warn(
                "clock",
                f"the newest file came {ahead} from now",
                "set this machine's clock, and keep it right with NTP",
            )
        ]
    return []


async def _somebody_runs(settings: Settings) -> bool:
    from penstock.adapters.lock import InstanceLock
    from penstock.core.errors import Conflict

    if settings.database_file is None or not settings.database_file.exists():
        return False
    try:
        with InstanceLock(settings.database_file):
            return False
    except Conflict:
        return True


def _write_durably(folder: Path) -> tuple[bool, float]:
    """Write as an attachment is written; (with an unnamed temporary file?, seconds). Leaves nothing. Raises OSError."""
    said = secrets.token_bytes(4_096)
    named, linked = (folder / f".doctor-{secrets.token_hex(8)}" for _ in range(2))
    began = time.monotonic()
    unnamed = True
    try:
        fd = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in _NO_UNNAMED:
            raise
        unnamed = False
        fd = os.open(named, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, said)
        os.fsync(fd)
        # A folder's descriptor makes os.link call linkat(), which alone follows the link in /proc.
        os.link(f"/proc/self/fd/{fd}" if unnamed else named.absolute(), linked, src_dir_fd=fd, follow_symlinks=True)
        entries = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(entries)
        finally:
            os.close(entries)
        if linked.read_bytes() != said:
            raise OSError(errno.EIO, "what was written is not what is read")
    finally:
        os.close(fd)
        for each in (named, linked):
            each.unlink(missing_ok=True)
    return unnamed, time.monotonic() - began
