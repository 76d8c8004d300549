"""Which adapter stands behind which port, and in what order everything starts and stops. The only place that knows.

Nothing is decided here. Called by ``cli``, ``demo`` and ``bench``.
"""

import contextlib
import hmac
import os
import secrets
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from penstock import __version__
from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.lock import InstanceLock
from penstock.adapters.seal.fernet import FernetSealer, new_key
from penstock.controls.gates.keeper import GateKeeper
from penstock.core.errors import Unreachable, WrongUse
from penstock.flow.fetcher import Fetcher
from penstock.flow.housekeeping import Housekeeping
from penstock.flow.nudge import Nudge
from penstock.flow.receiver import Receiver
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.settings import Settings
from penstock.web.app import App, Parts, build

_SESSIONS = b"penstock/sessions/1"


@contextlib.asynccontextmanager
async def open_ledger(settings: Settings, *, create: bool = False) -> AsyncIterator[Ledger]:
    """The ledger of an installation, beside a running instance or without one.

    Raises Unreachable when there is no database and ``create`` is not asked for, and what ``Ledger.start`` raises.
    """
    path = settings.database_url.path
    if not create and not path.exists():
        raise Unreachable(
            f"there is no database at {path}: start Penstock with `penstock serve`, or set PENSTOCK_DATABASE_URL"
        )
    ledger = _ledger(settings)
    await ledger.start()
    try:
        yield ledger
    finally:
        await ledger.stop()


def open_blobs(settings: Settings) -> DiskBlobs:
    """Where the files are kept. Not started."""
    return DiskBlobs(settings.blobs_url.path)


def secret_keys(settings: Settings) -> tuple[str, ...]:
    """The keys that secrets are sealed with; made and kept in a file when no setting names one.

    Raises WrongUse when the file is empty, Unreachable when it can be neither read nor made.
    """
    if settings.secret_key:
        return settings.secret_key
    path = settings.key_file
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_once(path)
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unreachable(f"the secret key {path} cannot be read or made: {error}") from error
    if not text:
        raise WrongUse(f"the secret key {path} is empty: put the key back, or remove the file if nothing is stored yet")
    return tuple(key.strip() for key in text.split(","))


def open_graph(settings: Settings) -> HttpGraph:
    """Meta's Graph as these settings name it. Not started."""
    return HttpGraph(
        graph_url=settings.graph_url,
        version=settings.graph_version,
        media_hosts=settings.media_hosts,
        allow_insecure=settings.allow_insecure_upstream,
        concurrency=settings.fetch_concurrency,
    )


class Instance:
    """A whole installation in one process: receiver, fetcher and pages over one ledger."""

    def __init__(self, settings: Settings) -> None:
        self._lock = InstanceLock(settings.database_url.path)
        self._stack = contextlib.AsyncExitStack()
        self.ledger = _ledger(settings)
        self.nudge = Nudge()
        self.registry = Registry(self.ledger)
        self.blobs = open_blobs(settings)
        self.graph = open_graph(settings)
        self.gates = GateKeeper(self.ledger)
        self.fetcher = Fetcher(
            self.ledger,
            self.registry,
            self.graph,
            self.blobs,
            owner=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
            concurrency=settings.fetch_concurrency,
            gates=self.gates,
            changed=self.nudge.changed,
        )
        self.housekeeping = Housekeeping(self.ledger, role="all")
        self.receiver = Receiver(self.ledger, self.registry, wake=self.fetcher.wake, changed=self.nudge.changed)
        self.app: App = build(
            Parts(
                ledger=self.ledger,
                registry=self.registry,
                receiver=self.receiver,
                blobs=self.blobs,
                nudge=self.nudge,
                public_base=settings.public_base,
                session_key=hmac.digest(secret_keys(settings)[0].encode(), _SESSIONS, "sha256"),
                version=__version__,
            )
        )

    async def start(self) -> list[str]:
        """Start everything, what others need first; the names of migrations that were applied.

        Raises Conflict when another process runs this installation, and what the parts raise. Whatever had been
        started is stopped again then.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(self._lock)
            applied = await self.ledger.start()
            stack.push_async_callback(self.ledger.stop)
            await self.ledger.queue.release_all()  # the lock says that we are alone: nobody has these items any more
            for part in (self.registry, self.blobs, self.graph, self.gates, self.fetcher, self.housekeeping):
                await part.start()
                stack.push_async_callback(part.stop)
            self._stack = stack.pop_all()
        return applied

    async def stop(self) -> None:
        """Stop everything, in the reverse order."""
        self.nudge.stop()
        await self._stack.aclose()


def _ledger(settings: Settings) -> Ledger:
    return Ledger(SqliteDatabase(settings.database_url.path), FernetSealer(secret_keys(settings)))


def _make_once(path: Path) -> None:
    """Make the key file unless it is there, complete from the first moment on, whoever else is making it."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, new_key().encode() + b"\n")
        os.fsync(fd)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.close(fd)
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
