"""The database as this process meets it: how long its transactions take and how often one could not be carried out.

Told by ``ledger.watched``, which stands in front of the database of a running instance.
"""

from prometheus_client import CollectorRegistry

from penstock.web.metrics.catalogue import DOING, counter, histogram


class StoreMetrics:
    """Transactions, reading and writing."""

    def __init__(self, registry: CollectorRegistry) -> None:
        durations = histogram(registry, "penstock_database_duration_seconds")
        self._took_s = {doing: durations.labels(doing) for doing in DOING}
        failures = counter(registry, "penstock_database_failures_total")
        self._failures = {doing: failures.labels(doing) for doing in DOING}

    def took(self, doing: str, seconds: float) -> None:
        """A transaction was carried out."""
        self._took_s[doing].observe(seconds)

    def failed(self, doing: str) -> None:
        """One could not be."""
        self._failures[doing].inc()
