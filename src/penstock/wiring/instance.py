"""A whole installation in one process: which adapter stands behind which port, and what starts and stops when.

Nothing is decided here. Called by ``penstock serve``, the demo and the benchmarks.
"""

import contextlib
import hmac
import os
import secrets
import socket
from urllib.parse import urlsplit

from penstock import __version__
from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.sending import Send, send_declared
from penstock.adapters.lock import InstanceLock
from penstock.controls.gates.keeper import GateKeeper
from penstock.core import budget
from penstock.core.work import Outcome
from penstock.flow.fetcher import Fetcher
from penstock.flow.housekeeping import Housekeeping
from penstock.flow.nudge import Nudge
from penstock.flow.receiver import Receiver
from penstock.flow.registry import Registry
from penstock.flow.rereading import StrayReader
from penstock.settings import Settings
from penstock.settings.key_file import secret_keys
from penstock.web.app import App, Parts, build
from penstock.web.metrics import Metrics
from penstock.wiring.stores import ledger_of, open_blobs

_SESSIONS = b"penstock/sessions/1"


def open_graph(settings: Settings, *, send: Send = send_declared) -> HttpGraph:
    """Meta's Graph as these settings name it. Not started. ``send`` builds its requests; each is checked."""
    return HttpGraph(
        graph_url=settings.graph_url,
        version=settings.graph_version,
        media_hosts=settings.media_hosts,
        allow_insecure=settings.allow_insecure_upstream,
        concurrency=settings.fetch_concurrency,
        send=send,
    )


def look_up_limit(settings: Settings) -> budget.Limit | None:
    """The error budget of each number, as these settings mean it; None = none."""
    return budget.limit(
        settings.lookup_error_budget,
        host=urlsplit(settings.graph_url).hostname or "",
        insecure=settings.allow_insecure_upstream,
    )


class Instance:
    """Receiver, fetcher and pages over one ledger. ``send`` is the fetch implementation that is put in use."""

    def __init__(self, settings: Settings, *, send: Send = send_declared) -> None:
        self._lock = InstanceLock(settings.database_url.path)
        self._stack = contextlib.AsyncExitStack()
        self.ledger = ledger_of(settings)
        self.nudge = Nudge()
        self.registry = Registry(self.ledger)
        self.blobs = open_blobs(settings)
        self.graph = open_graph(settings, send=send)
        self.gates = GateKeeper(self.ledger)
        self.metrics = Metrics(version=__version__)
        self.fetcher = Fetcher(
            self.ledger,
            self.registry,
            self.graph,
            self.blobs,
            owner=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
            concurrency=settings.fetch_concurrency,
            gates=self.gates,
            witness=self.metrics,
            look_up_limit=look_up_limit(settings),
            changed=self.nudge.changed,
        )
        self.strays = StrayReader(self.ledger, self.registry, wake=self.fetcher.wake)
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
                metrics=self.metrics,
            )
        )

    async def start(self) -> list[str]:
        """Start everything, what others need first; the names of migrations that were applied.

        Raises Conflict when another process runs this installation, ContractViolation when a request of ours would not
        leave as it is declared, and what the parts raise. Whatever had been started is stopped again then.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(self._lock)
            await self.graph.rehearse()
            applied = await self.ledger.start()
            stack.push_async_callback(self.ledger.stop)
            await self.ledger.queue.release_all()  # the lock says that we are alone: nobody has these items any more
            await self.mended()
            parts = (self.registry, self.blobs, self.graph, self.gates, self.fetcher, self.strays, self.housekeeping)
            for part in parts:
                await part.start()
                stack.push_async_callback(part.stop)
            self._stack = stack.pop_all()
        return applied

    async def mended(self) -> int:
        """Another fetch implementation is in use: what waits because its request was refused is due now. How many.

        A start is such a moment, too: a release that is put back or mended should not wait for the slow retry.
        """
        due = await self.ledger.queue.hurry(Outcome.CONTRACT, now=await self.ledger.now())
        self.fetcher.wake()
        return due

    async def stop(self) -> None:
        """Stop everything, in the reverse order."""
        self.nudge.stop()
        await self._stack.aclose()
