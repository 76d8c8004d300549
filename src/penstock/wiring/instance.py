"""A whole installation in one process: which adapter stands behind which port, and what starts and stops when.

Nothing is decided here. Called by ``penstock serve``, the demo and the benchmarks.
"""

import contextlib
import hmac
import os
import secrets
import socket

from penstock import __version__
from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.lock import InstanceLock
from penstock.controls.gates.keeper import GateKeeper
from penstock.flow.fetcher import Fetcher
from penstock.flow.housekeeping import Housekeeping
from penstock.flow.nudge import Nudge
from penstock.flow.receiver import Receiver
from penstock.flow.registry import Registry
from penstock.settings import Settings
from penstock.settings.key_file import secret_keys
from penstock.web.app import App, Parts, build
from penstock.wiring.stores import ledger_of, open_blobs

_SESSIONS = b"penstock/sessions/1"


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
    """Receiver, fetcher and pages over one ledger."""

    def __init__(self, settings: Settings) -> None:
        self._lock = InstanceLock(settings.database_url.path)
        self._stack = contextlib.AsyncExitStack()
        self.ledger = ledger_of(settings)
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
