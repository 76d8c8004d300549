"""Puts together who is told of what happens: the metrics of a process, and a collector of OpenTelemetry if named.

The flow tells one witness; here that one becomes several. One that fails is told of once and left alone; it costs no
file. Called by ``wiring.instance``.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog

from penstock import __version__
from penstock.core.work import Attempt, Claim, Ending
from penstock.flow.receiver import Receiver, Refusal, Refused, Taken
from penstock.flow.sockets import Witness
from penstock.ledger.telling import Teller
from penstock.settings import otel

if TYPE_CHECKING:
    from penstock.adapters.telemetry.opening import Collector

_log = structlog.get_logger()

_STOP_WITHIN_S = 1.0  # a process that is told to stop is gone within ten
_MEANING = "spans and figures are dropped; nothing else depends on them, and Prometheus is told as before"
_REFUSALS = {Refusal.SIGNATURE: 401, Refusal.UNKNOWN_APP: 401, Refusal.FOREIGN_NUMBER: 403}
_NOT_NOW = 503


class Witnesses:
    """Several witnesses as one. Whichever raises is not asked again: watching must not cost a file."""

    def __init__(self, *witnesses: Witness) -> None:
        self._attempted = [each.attempted for each in witnesses]
        self._ended = [each.ended for each in witnesses]

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """A request was made, or refused before it was sent."""
        for tell in self._attempted:
            try:
                tell(claim, attempt)
            except Exception:  # noqa: BLE001 -- a mistake in what watches must not touch what is watched
                self._attempted = [each for each in self._attempted if each is not tell]
                _log.exception("telemetry.failed")

    def ended(self, claim: Claim, ending: Ending) -> None:
        """The work on a claim is over and recorded."""
        for tell in self._ended:
            try:
                tell(claim, ending)
            except Exception:  # noqa: BLE001 -- as above
                self._ended = [each for each in self._ended if each is not tell]
                _log.exception("telemetry.failed")


class WatchedReceiver:
    """A receiver whose answers are told to a collector; ``clock`` is the database's, epoch seconds."""

    def __init__(self, receiver: Receiver, collector: "Collector", *, clock: Callable[[], float]) -> None:
        self._receiver = receiver
        self._collector = collector
        self._clock = clock

    async def take(self, body: bytes, header: bytes | None, app: str | None = None) -> Taken | Refused:
        """As the receiver's own. Raises what it raises."""
        began = self._clock()
        try:
            taken = await self._receiver.take(body, header, app)
        except Exception:
            self._tell(began, _NOT_NOW)
            raise
        if isinstance(taken, Refused):
            self._tell(began, _REFUSALS[taken.reason])
        else:
            self._tell(began, 200, webhook_id=taken.receipt.webhook_id, messages=taken.receipt.messages)
        return taken

    def _tell(self, began: float, status: int, *, webhook_id: int | None = None, messages: int = 0) -> None:
        try:
            if self._collector.spans is not None:
                self._collector.spans.arrived(began, status, webhook_id=webhook_id, messages=messages)
            if self._collector.meters is not None:
                self._collector.meters.arrived(began, status, messages=messages)
        except Exception:  # noqa: BLE001 -- a webhook that is durable is answered 200, whoever watches
            _log.exception("telemetry.failed")


class Telemetry:
    """The collector of an instance, if there is one: a part of it that stops last."""

    def __init__(self, collector: "Collector | None" = None) -> None:
        self.collector = collector

    def witnesses(self) -> list[Witness]:
        """Who is to be told by the fetcher."""
        if self.collector is None:
            return []
        return [each for each in (self.collector.spans, self.collector.meters) if each is not None]

    def watched(self, receiver: Receiver, *, clock: Callable[[], float]) -> "Receiver | WatchedReceiver":
        """The receiver as the door should see it."""
        return receiver if self.collector is None else WatchedReceiver(receiver, self.collector, clock=clock)

    async def start(self) -> None:
        """Nothing: it is open since it was made."""

    async def stop(self) -> None:
        """Send what is left, for a moment."""
        if self.collector is not None:
            await asyncio.to_thread(self.collector.stop, _STOP_WITHIN_S)


def open_telemetry(environ: Mapping[str, str], *, instance: str, key: bytes, clock: Callable[[], float]) -> Telemetry:
    """A collector where the environment names one and the extra is installed; otherwise nothing is sent.

    ``key`` is a secret of the installation, ``instance`` the name of this process.
    """
    wanted = otel.asked(environ)
    if wanted.nothing:
        return Telemetry()
    if wanted.protocol is not None:
        _log.warning("telemetry.off", why=f"OTLP over {wanted.protocol} is not spoken: use http/protobuf")
        return Telemetry()
    try:
        from penstock.adapters.telemetry.opening import Collector
    except ImportError:
        _log.warning("telemetry.off", why="a collector is named, and OpenTelemetry is not installed: penstock[otel]")
        return Telemetry()
    collector = Collector(
        traces=wanted.traces,
        metrics=wanted.metrics,
        version=__version__,
        instance=instance,
        key=key,
        clock=clock,
        told=_telling(),
    )
    _log.info("telemetry.on", traces=wanted.traces, metrics=wanted.metrics)
    return Telemetry(collector)


def _telling() -> Callable[[str, bool], None]:
    """Says in one line that the collector is away, and in one that it is back. Called by threads."""
    teller, lock = Teller("telemetry", meaning=_MEANING), threading.Lock()

    def told(what: str, arrived: bool) -> None:  # noqa: FBT001 -- the one thing there is to say
        with lock:
            if arrived:
                teller.went(what)
            else:
                teller.failed(what, f"the collector took no {what}")

    return told
