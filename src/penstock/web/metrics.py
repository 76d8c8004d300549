"""What Prometheus is told: counts and times in base units, without workspaces, numbers or names.

The registry is the application's own, so that two of them in one process do not mix. What the ledger knows is read
when it is asked for, by ``health``. Told by the door, by the event streams and, through ``attempted``, by whoever
plugs it into the fetcher's socket.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest

from penstock.core.media import State
from penstock.core.operation import REGISTRY
from penstock.core.work import Attempt, Claim, Ending, Outcome
from penstock.ledger.counts import Backlog
from penstock.ledger.rows import Receipt, Tally

_ANSWERS = ("200", "401", "403", "408", "413", "503")
_WEBHOOK_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ATTEMPT_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The application's counters."""

    def __init__(self, *, version: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        Info("penstock_build", "What is running.", registry=self._registry).info({"version": version})
        webhooks = Counter(
            "penstock_webhooks",
            "Webhook bodies by the status they were answered with.",
            ["answer"],
            registry=self._registry,
        )
        self._webhooks = {answer: webhooks.labels(answer) for answer in _ANSWERS}
        self._webhook_s = Histogram(
            "penstock_webhook_seconds",
            "From the head of a webhook to its answer.",
            buckets=_WEBHOOK_S,
            registry=self._registry,
        )
        updates = Counter("penstock_updates", "Updates read from webhooks.", ["kind"], registry=self._registry)
        self._updates = {
            kind: updates.labels(kind) for kind in ("message", "media", "status", "duplicate", "unknown_number")
        }
        self._attempts = Counter(
            "penstock_attempts", "Requests to Meta by class.", ["operation", "outcome"], registry=self._registry
        )
        violations = Counter(
            "penstock_contract_violations",
            "Requests of our own that were not what they should have been, and were not sent. The first is an alarm.",
            ["operation"],
            registry=self._registry,
        )
        self._violations = {operation: violations.labels(operation) for operation in REGISTRY}
        self._attempt_s = Histogram(
            "penstock_attempt_seconds",
            "Time that requests to Meta took.",
            ["operation"],
            buckets=_ATTEMPT_S,
            registry=self._registry,
        )
        media = Gauge("penstock_media", "Files by state.", ["state"], registry=self._registry)
        self._media = {state.value: media.labels(state.value) for state in State}
        self._held = Gauge("penstock_media_held", "Waiting files behind a shut gate.", registry=self._registry)
        self._expiring = Gauge(
            "penstock_media_expiring_within_a_day",
            "Waiting files that Meta keeps for less than a day.",
            registry=self._registry,
        )
        self._oldest = Gauge(
            "penstock_oldest_waiting_seconds",
            "Age of the file that has waited longest; 0 when none waits.",
            registry=self._registry,
        )
        self._store_up = Gauge(
            "penstock_store_readable", "1 when these figures could be read just now.", registry=self._registry
        )
        self._streams = Gauge("penstock_event_streams", "Open event streams.", registry=self._registry)

    def webhook(self, answer: str, took_s: float) -> None:
        """A webhook was answered."""
        self._webhooks[answer].inc()
        self._webhook_s.observe(took_s)

    def received(self, receipt: Receipt) -> None:
        """What a webhook brought."""
        for kind, count in (
            ("message", receipt.messages),
            ("media", receipt.media),
            ("status", receipt.statuses),
            ("duplicate", receipt.duplicates),
            ("unknown_number", receipt.strays),
        ):
            if count:
                self._updates[kind].inc(count)

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """A request to Meta was made: the first half of the fetcher's witness."""
        del claim
        self._attempts.labels(attempt.operation, attempt.outcome.value).inc()
        if attempt.outcome is Outcome.CONTRACT:
            self._violations[attempt.operation].inc()
        self._attempt_s.labels(attempt.operation).observe(attempt.duration_s)

    def ended(self, claim: Claim, ending: Ending) -> None:
        """The work on a file is over: the second half of the witness. The ledger counts these."""

    def streams(self, change: int) -> None:
        """An event stream was opened (+1) or closed (-1)."""
        self._streams.inc(change)

    def stored(self, tallies: list[Tally], backlog: Backlog) -> None:
        """What the ledger knows now."""
        for state, gauge in self._media.items():
            gauge.set(sum(getattr(tally, state) for tally in tallies))
        self._held.set(sum(tally.held for tally in tallies))
        self._expiring.set(backlog.expiring_24h)
        self._oldest.set(backlog.oldest_waiting_s or 0.0)
        self._store_up.set(1)

    def unreadable(self) -> None:
        """The ledger could not be read: the figures are the last ones."""
        self._store_up.set(0)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self._registry)
