"""What comes in at Meta's door and what pages listen, counted: told by the door and by the event streams."""

from prometheus_client import CollectorRegistry

from penstock.ledger.rows import Receipt
from penstock.web.metrics.catalogue import STATUSES, UPDATES, counter, gauge, histogram


class DoorMetrics:
    """Webhooks, updates and event streams."""

    def __init__(self, registry: CollectorRegistry) -> None:
        webhooks = counter(registry, "penstock_webhooks_total")
        self._webhooks = {status: webhooks.labels(status) for status in STATUSES}
        answers_s = histogram(registry, "penstock_webhook_duration_seconds")
        self._answer_s = {status: answers_s.labels(status) for status in STATUSES}
        updates = counter(registry, "penstock_updates_total")
        self._updates = {kind: updates.labels(kind) for kind in UPDATES}
        self._streams = gauge(registry, "penstock_event_streams")

    def webhook(self, status: str, took_s: float) -> None:
        """A webhook was answered."""
        self._webhooks[status].inc()
        self._answer_s[status].observe(took_s)

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

    def streams(self, change: int) -> None:
        """An event stream was opened (+1) or closed (-1)."""
        self._streams.inc(change)
