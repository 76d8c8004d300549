"""Keeps at hand which traces are on, gives the fetcher a wire to note an exchange on, and stores what was noted.

Looked at twice a second, like the gates. While no trace is on it costs a look at an empty tuple. Storing is done beside
the flow, a few exchanges at a time, secrets taken out first; what cannot be taken in at once is dropped and counted, so
nothing ever waits for it. Plugged into the fetcher's socket by ``wiring``.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import structlog

from penstock.core import outage, trace
from penstock.core.errors import PenstockError
from penstock.core.exchange import Exchange
from penstock.core.trace import Trace
from penstock.core.wire import Wire
from penstock.core.withholding import forms_of, kept
from penstock.core.work import Attempt, Claim
from penstock.ledger.book import Ledger
from penstock.ledger.traces import Fresh

_log = structlog.get_logger()

_EVERY_S = 0.5  # a trace works everywhere within a second
_GATHER_S = 0.1  # exchanges that come within this time are stored together
_STEP = 50  # exchanges of one transaction
_MOST = 500  # exchanges that wait to be stored
_MOST_BYTES = 8 * 1_048_576  # of their bodies

Secrets = Callable[[], tuple[int, Iterable[str]]]  # a version, and every secret that this process knows


class _Noted(NamedTuple):
    """An exchange that waits to be stored."""

    claim: Claim
    exchange: Exchange
    attempt: Attempt
    wire: Wire
    traces: tuple[int, ...]


class TraceKeeper:
    """The traces of this moment. ``start`` it before use, ``stop`` it after."""

    def __init__(self, ledger: Ledger, *, secrets: Secrets = lambda: (0, ())) -> None:
        self._ledger = ledger
        self._secrets = secrets
        self._forms: tuple[int, tuple[str, ...]] = (-1, ())
        self._on: tuple[Trace, ...] = ()
        self._waiting: deque[_Noted] = deque()
        self._waiting_bytes = 0
        self._dropped: Counter[int] = Counter()
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Look which traces are on, and go on looking."""
        await self.refresh()
        self._tasks = [
            asyncio.create_task(self._keep_looking(), name="traces"),
            asyncio.create_task(self._keep_storing(), name="storing of traces"),
        ]

    async def stop(self) -> None:
        """Store what waits, and stop looking."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._on = ()
        with contextlib.suppress(PenstockError):
            while self._waiting or self._dropped:
                await self._store()

    async def refresh(self) -> None:
        """Look which traces are on now."""
        self._on = tuple(await self._ledger.traces.on(now=await self._ledger.now()))

    # -- what the fetcher asks and tells ------------------------------------------------------

    def wire(self, claim: Claim, operation: str) -> Wire | None:
        """Where to note an exchange; None when no trace covers it."""
        if not self._on:
            return None
        facts = _facts(claim, operation)
        return Wire() if any(trace.covers(each, facts) for each in self._running()) else None

    def exchanged(self, claim: Claim, exchange: Exchange, attempt: Attempt, wire: Wire) -> None:
        """Take in what was noted, if there is room."""
        facts = _facts(claim, exchange.operation) | {"host": exchange.host or ""}
        covering = tuple(each.id for each in self._running() if trace.covers(each, facts))
        if not covering:
            return
        size = len(wire.body or b"")
        if len(self._waiting) >= _MOST or self._waiting_bytes + size > _MOST_BYTES:
            self._dropped.update(covering)
            return
        self._waiting_bytes += size
        self._waiting.append(_Noted(claim, exchange, attempt, wire, covering))
        self._more.set()

    def _running(self) -> Iterable[Trace]:
        now = self._ledger.clock()
        return (each for each in self._on if now < each.until)

    # -- beside the flow ------------------------------------------------------------------------

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.refresh()
            except PenstockError as error:
                _log.log(outage.level(error), "traces.stale", reason=str(error))

    async def _keep_storing(self) -> None:
        while True:
            await self._more.wait()
            await asyncio.sleep(_GATHER_S)
            self._more.clear()
            try:
                while self._waiting or self._dropped:
                    await self._store()
            except PenstockError as error:
                _log.log(outage.level(error), "traces.not_stored", reason=str(error))
            except Exception:  # noqa: BLE001 -- a mistake of ours: files are fetched meanwhile, only untraced
                _log.exception("traces.failed")

    async def _store(self) -> None:
        """Store some of what waits. What cannot be stored is dropped, and counted once that can be done."""
        step = [self._waiting.popleft() for _ in range(min(_STEP, len(self._waiting)))]
        self._waiting_bytes -= sum(len(each.wire.body or b"") for each in step)
        dropped, self._dropped = self._dropped, Counter()
        wanted: dict[int, list[_Noted]] = {id_: [] for id_ in dropped}
        for each in step:
            for id_ in each.traces:
                wanted.setdefault(id_, []).append(each)
        left = {id_: len(noted) + dropped[id_] for id_, noted in wanted.items()}
        try:
            fresh = await asyncio.to_thread(_cleaned, step, self._known_forms())
            rows = {id(noted): row for noted, row in zip(step, fresh, strict=True)}
            now = await self._ledger.now()
            for id_, noted in wanted.items():
                chosen = [rows[id(each)] for each in noted]
                more = await self._ledger.traces.keep(id_, chosen, dropped=dropped[id_], now=now)
                del left[id_]
                if not more:
                    self._on = tuple(each for each in self._on if each.id != id_)
        finally:
            self._dropped.update(left)

    def _known_forms(self) -> tuple[str, ...]:
        """Every form of every secret that this process knows."""
        version, secrets = self._secrets()
        if version != self._forms[0]:
            self._forms = version, forms_of(secrets)
        return self._forms[1]


def _cleaned(step: list[_Noted], forms: tuple[str, ...]) -> list[Fresh]:
    """What may be kept of exchanges. Runs in a thread: cleaning takes its time."""
    return [
        Fresh(
            noted.claim.id,
            noted.exchange.at,
            msgspec.json.encode(kept(noted.claim, noted.exchange, noted.attempt, noted.wire, forms)).decode(),
        )
        for noted in step
    ]


def _facts(claim: Claim, operation: str) -> dict[str, str]:
    return {
        "workspace": claim.workspace,
        "app": claim.app,
        "credential": claim.credential,
        "number": claim.phone_number_id,
        "kind": claim.kind,
        "operation": operation,
    }
