"""This process as it is when somebody asks: its slots, its claims, its connections, the watch that it leads.

A collector that asks the parts themselves, so that being measured costs them nothing in between. What a process does
not do it does not tell. The parts are named by ``wiring``.
"""

import math
from collections.abc import Callable, Iterable, Mapping

import msgspec
from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from penstock.core.detector import Key
from penstock.flow.fetcher import Standing as Fetching
from penstock.ledger.book import Connections
from penstock.web.metrics.catalogue import CATALOGUE, Kind

_Values = Mapping[tuple[str, ...], float]


class Watching(msgspec.Struct, frozen=True):
    """The watch of this process."""

    leads: bool
    rounds: int  # made so far
    evidence: Mapping[Key, float]  # of each stream, empty unless it leads


class ProcessMetrics(Collector):
    """What the parts say now; a part that is not named says nothing."""

    def __init__(self) -> None:
        self.fetching: Callable[[], Fetching] | None = None
        self.watching: Callable[[], Watching] | None = None
        self.connections: Callable[[], Connections | None] = lambda: None

    def collect(self) -> Iterable[Family]:
        """Everything there is."""
        if self.fetching is not None:
            now = self.fetching()
            yield _family("penstock_fetch_slots", now.slots)
            yield _family("penstock_fetch_slots_in_use", now.in_use)
            yield _family("penstock_claims_total", now.claimed)
            yield _family("penstock_lease_losses_total", now.lost)
        if (pool := self.connections()) is not None:
            values: _Values = {("limit",): pool.limit, ("in_use",): pool.in_use, ("idle",): pool.idle}
            yield _family("penstock_database_connections", values)
        if self.watching is not None:
            watch = self.watching()
            yield _family("penstock_watch_leading", int(watch.leads))
            yield _family("penstock_watch_rounds_total", watch.rounds)
            if watch.leads:
                streams: _Values = {
                    (key.operation, key.family): math.log1p(value) for key, value in watch.evidence.items()
                }
                yield _family("penstock_detector_log_evidence", streams)


def _family(name: str, values: float | _Values) -> Family:
    metric = CATALOGUE[name]
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(name, metric.meaning, labels=list(metric.labels))
    for labels, value in values.items() if isinstance(values, Mapping) else [((), values)]:
        family.add_metric(labels, value)
    return family
