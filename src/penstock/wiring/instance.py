"""An installation, or the roles of it that one process has: which adapter stands behind which port, what starts when.

A receiver has Meta's door, a fetcher fetches, a watcher does what one of them all does at a time, a console has the
pages and the API. On SQLite one process is everything. Nothing is decided here. Called by ``penstock serve``, the demo
and the benchmarks.
"""

import contextlib
import hmac
import os
import random
import time
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from aiohttp.abc import AbstractResolver

from penstock import __version__
from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.sending import Send, send_declared
from penstock.adapters.lock import InstanceLock
from penstock.controls.gates.deadlines import Deadlines
from penstock.controls.gates.flags import FlagGates
from penstock.controls.gates.keeper import GateKeeper
from penstock.controls.reprocess.runner import Runner
from penstock.controls.rollouts.chooser import Chooser
from penstock.controls.rollouts.trial import Trials
from penstock.controls.rounds import Control, Rounds
from penstock.controls.traces.keeper import TraceKeeper
from penstock.controls.watch.alerting import Alerting
from penstock.controls.watch.heartbeat import Heartbeat
from penstock.controls.watch.prober import Prober
from penstock.controls.watch.probing import Probing
from penstock.controls.watch.watch import Watch
from penstock.core import budget
from penstock.core.work import Outcome
from penstock.flow.fetcher import Fetcher
from penstock.flow.filing import Filing
from penstock.flow.hearing import Hearing
from penstock.flow.housekeeping import BEAT_S, SHARING_BEAT_S, Housekeeping
from penstock.flow.nudge import Nudge
from penstock.flow.pulse import Pulse
from penstock.flow.receiver import Receiver
from penstock.flow.registry import Registry
from penstock.flow.rereading import StrayReader
from penstock.flow.retention import Retention
from penstock.flow.stamping import Stamping
from penstock.flow.sweeping import Sweeping
from penstock.flow.timekeeping import Timekeeping
from penstock.ledger.book import Ledger
from penstock.ledger.signals import GATES, RECIPES, TRACES, WORK
from penstock.settings import Settings
from penstock.settings.key_file import secret_keys
from penstock.web.app import App, Parts, build
from penstock.web.metrics import Metrics
from penstock.web.metrics.process import Watching
from penstock.wiring.notifying import link, open_beats, open_targets
from penstock.wiring.recipes import Engines, Implementation, graph_for, limit_for
from penstock.wiring.steering import steering
from penstock.wiring.stores import hosts_of, ledger_of, open_blobs
from penstock.wiring.watching import Witnesses, open_telemetry

_SESSIONS = b"penstock/sessions/1"
_TRACES = b"penstock/traces/1"


def open_graph(
    settings: Settings,
    *,
    send: Send = send_declared,
    clock: Callable[[], float] = time.time,
    resolver: AbstractResolver | None = None,
) -> HttpGraph:
    """Meta's Graph as these settings name it. Not started. ``send`` builds its requests; each is checked."""
    return graph_for(settings, send=send, clock=clock, resolver=resolver)


def open_gates(settings: Settings, ledger: Ledger, *, me: str | None = None) -> GateKeeper:
    """The gates of a ledger, for requests to the hosts of these settings. Not started.

    ``me`` is this process among several that fetch.
    """
    return GateKeeper(ledger, hosts=hosts_of(settings), me=me)


def look_up_limit(settings: Settings) -> budget.Limit | None:
    """The error budget of each number, as these settings mean it; None = none."""
    return limit_for(settings)


ROLES = frozenset({"receiver", "fetcher", "watcher", "console"})


class Part(Protocol):
    """What is started and stopped."""

    async def start(self) -> object:
        """Begin."""

    async def stop(self) -> None:
        """End."""


class Instance:
    """Receiver, fetcher and pages over one ledger.

    ``send`` is the fetch implementation that recipes name ``declared``; ``implementations`` are others by their names,
    beside those that are installed. Without a ``resolver`` names of hosts stand for what the machine says.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        send: Send = send_declared,
        implementations: Mapping[str, Implementation] | None = None,
        roles: Collection[str] = ROLES,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.roles = ROLES & frozenset(roles) or ROLES
        self._lock = InstanceLock(settings.database_file) if settings.database_file is not None else None
        self._stack = contextlib.AsyncExitStack()
        self.metrics = Metrics(version=__version__, roles=self.roles, clock=self._clock)
        self.ledger = ledger_of(settings, watched=True, measuring=self.metrics.store)
        self.nudge = Nudge()
        self.registry = Registry(self.ledger)
        self.blobs = Filing(open_blobs(settings))
        self.graph = open_graph(settings, send=send, clock=self.ledger.clock, resolver=resolver)
        self.engines = Engines(
            settings,
            self.graph,
            implementations=implementations,
            send=send,
            clock=self.ledger.clock,
            resolver=resolver,
        )
        self.recipes = Chooser(self.ledger, self.engines, first=self.engines.standard)
        role = "all" if self.roles == ROLES else ",".join(sorted(self.roles))
        shares = self._lock is None and "fetcher" in self.roles
        self.housekeeping = Housekeeping(self.ledger, role=role, every_s=SHARING_BEAT_S if shares else BEAT_S)
        self.gates = open_gates(settings, self.ledger, me=self.housekeeping.id if shares else None)
        self.traces = TraceKeeper(self.ledger, secrets=lambda: (self.registry.version, self.registry.secrets()))
        keys = secret_keys(settings)
        self.telemetry = open_telemetry(
            os.environ,
            instance=self.housekeeping.id,
            key=hmac.digest(keys[0].encode(), _TRACES, "sha256"),
            clock=self.ledger.clock,
        )
        self.fetcher = Fetcher(
            self.ledger,
            self.registry,
            self.graph,
            self.blobs,
            owner=self.housekeeping.id,  # what it has in its hands is freed when its beats stay away
            concurrency=settings.fetch_concurrency,
            gates=self.gates,
            recipes=self.recipes,
            witness=Witnesses(self.metrics.fetching, *self.telemetry.witnesses()),
            tracer=self.traces,
            look_up_limit=look_up_limit(settings),
            changed=self.nudge.changed,
            files_away=lambda: self.blobs.away,
        )
        self.gates.changed = self.blobs.back = self.fetcher.wake
        self.strays = StrayReader(self.ledger, self.registry, wake=self.new_work)
        self.stamping = Stamping(self.ledger, owner=self.housekeeping.id, changed=self.nudge.changed)
        self.deadlines = Deadlines(self.ledger, owner=self.housekeeping.id)
        self.timekeeping = Timekeeping(self.ledger)
        self.sweeping = Sweeping(self.ledger, self.blobs)
        self.retention = Retention(self.ledger, self.blobs, owner=self.housekeeping.id)
        self.trials = Trials(self.engines.unrehearsed)
        self.watch: Watch | None = None  # of the present lead
        self.alerting = Alerting(
            self.ledger,
            open_targets(settings),
            owner=self.housekeeping.id,
            link=link(settings),
            rng=random.Random(),  # noqa: S311  chance spreads retries, no secret
        )
        beats = open_beats(settings)
        self.heartbeat = None if beats is None else Heartbeat(beats)
        # Probes have pools of their own: files that hang keep none waiting, and they close no others' connections.
        self.asking = open_graph(settings, send=send, clock=self.ledger.clock)
        self.askers = Engines(
            settings, self.asking, implementations=implementations, send=send, clock=self.ledger.clock
        )
        self.asked_by = Chooser(self.ledger, self.askers, first=self.askers.standard)
        # What must not depend on the fetch implementation in use goes its own way.
        self.plainly = self.asking if send is send_declared else open_graph(settings, clock=self.ledger.clock)
        self.prober = Prober(
            self.ledger,
            self.registry,
            lambda: self.asked_by.default.graph,  # that of the recipe in use
            declared=self.plainly,
            limit=look_up_limit(settings),
        )
        self.rounds = Rounds(self.ledger, self._controls(settings), owner=self.housekeeping.id)
        self.reprocess = Runner(self.ledger, owner=self.housekeeping.id, wake=self.new_work, changed=self.nudge.changed)
        self.pulse = Pulse(self.ledger, self.registry)
        self.receiver = Receiver(
            self.ledger, self.registry, wake=self.new_work, changed=self.nudge.changed, pulse=self.pulse
        )
        self.hearing = [
            Hearing(self.ledger, GATES, self.gates.refresh),
            Hearing(self.ledger, RECIPES, self.recipes.refresh),
            Hearing(self.ledger, TRACES, self.traces.refresh),
            Hearing(self.ledger, WORK, self._wake),
        ]
        self._measure()
        self.app: App = build(
            Parts(
                ledger=self.ledger,
                registry=self.registry,
                receiver=self.telemetry.watched(self.receiver, clock=self.ledger.clock),
                blobs=self.blobs,
                nudge=self.nudge,
                public_base=settings.public_base,
                session_key=hmac.digest(keys[0].encode(), _SESSIONS, "sha256"),
                version=__version__,
                metrics=self.metrics,
                insecure=settings.allow_insecure_upstream,
                door="receiver" in self.roles,
                pages="console" in self.roles,
                counting="watcher" in self.roles,
            )
        )

    async def start(self) -> list[str]:
        """Start everything, what others need first; the names of migrations that were applied.

        Raises Conflict when another process runs this installation, ContractViolation when a request of ours would not
        leave as it is declared, and what the parts raise. Whatever had been started is stopped again then.
        """
        async with contextlib.AsyncExitStack() as stack:
            if self._lock is not None:
                stack.enter_context(self._lock)
            for graph in self._graphs():
                await graph.rehearse()
            applied = await self.ledger.start()
            stack.push_async_callback(self.ledger.stop)
            if self._lock is not None:  # it says that we are alone: nobody has these items any more
                await self.ledger.queue.release_all()
            if "fetcher" in self.roles:
                await self.mended()
            for part in self._parts():
                await part.start()
                stack.push_async_callback(part.stop)
            self._stack = stack.pop_all()
        return applied

    def _clock(self) -> float:
        return self.ledger.clock()

    def _measure(self) -> None:
        """What a process does not do it does not tell."""
        told = self.metrics.process
        told.connections = lambda: self.ledger.connections
        if "fetcher" in self.roles:
            told.fetching = self.fetcher.standing
        if "watcher" in self.roles:
            told.watching = self._watching

    def _watching(self) -> Watching:
        detector = None if self.watch is None or not self.rounds.leads else self.watch.detector
        return Watching(self.rounds.leads, self.rounds.made, {} if detector is None else detector.evidence())

    def _controls(self, settings: Settings) -> list[Callable[[], Control]]:
        """What steers by what was tried, made anew for each leader of the watch."""
        controls = steering(
            self.ledger,
            watch=self._watch,
            trials=self.trials,
            token=self.registry.token_of,
            changed=self.recipes.refresh if "fetcher" in self.roles else None,
        )
        if (heartbeat := self.heartbeat) is not None:
            controls.append(lambda: heartbeat)
        if settings.flag_provider is not None:
            from penstock.adapters.flags.openfeature import OpenFeatureFlags

            flags = OpenFeatureFlags(settings.flag_provider, settings.flag_key)
            controls.append(lambda: FlagGates(self.ledger, flags))
        return controls

    def _watch(self) -> Probing:
        self.watch = Watch(self.ledger, rng=random.Random())  # noqa: S311  chance decides samples, no secret
        return Probing(self.ledger, self.watch, self.prober)

    def _graphs(self) -> list[HttpGraph]:
        """The ways to Graph that this process's roles need: to fetch, and to probe."""
        fetching = [self.graph] if "fetcher" in self.roles else []
        probing = dict.fromkeys((self.asking, self.plainly)) if "watcher" in self.roles else ()
        return [*fetching, *probing]

    def _parts(self) -> list[Part]:
        """What this process's roles need, in the order in which it starts."""
        parts: list[Part] = [self.telemetry, self.registry, self.housekeeping, self.timekeeping]
        if "receiver" in self.roles:
            parts.append(self.pulse)
        if self.roles & {"fetcher", "console"}:
            parts.append(self.blobs)
        if self.roles & {"fetcher", "watcher"}:
            parts.append(self.engines)
        parts += self._graphs()
        if "fetcher" in self.roles:
            parts += [self.gates, self.recipes, self.traces, self.fetcher, *self.hearing]
        if "watcher" in self.roles:
            parts.append(self.strays)
            parts += [] if self._lock is not None else [self.stamping]
            parts += [self.sweeping, self.retention, self.deadlines]
            parts += [self.askers, self.asked_by, self.prober, self.trials, self.rounds, self.reprocess, self.alerting]
            parts += [] if self.heartbeat is None else [self.heartbeat]
        return parts

    def new_work(self) -> None:
        """There is something new to fetch, for us or for the fetcher of another process."""
        self.fetcher.wake()
        self.ledger.signals.soon(WORK)

    async def _wake(self) -> None:
        self.fetcher.wake()

    async def mended(self) -> int:
        """Another fetch implementation is in use: what waits because its request was refused is due now. How many.

        A start is such a moment, too: a release that is put back or mended should not wait for the slow retry.
        """
        due = await self.ledger.queue.hurry(Outcome.CONTRACT, now=await self.ledger.now())
        self.new_work()
        return due

    async def stop(self) -> None:
        """Stop everything, in the reverse order."""
        self.nudge.stop()
        await self._stack.aclose()
