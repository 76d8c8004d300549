"""The whole installation as figures: what the ledger says of files, gates, incidents, the audit log and processes.

A collector over the last reading, which ``web.health`` makes: when it failed, or there was none, nothing is said, so
that an old figure never passes for the present one. It reads nothing itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from penstock.core.chain import Head
from penstock.core.gate import Gate
from penstock.core.incident import Incident, Severity
from penstock.core.media import State
from penstock.ledger.alerts import TargetState
from penstock.ledger.counts import Backlog
from penstock.ledger.rows import Tally
from penstock.web.metrics.catalogue import CATALOGUE, Kind

_ROLES = ("receiver", "fetcher", "watcher", "console")
_Values = Mapping[tuple[str, ...], float]


class Standing(msgspec.Struct, frozen=True):
    """How an installation stands, from one reading."""

    tallies: Sequence[Tally]
    backlog: Backlog
    gates: Sequence[Gate]
    incidents: Sequence[Incident]  # those that are not closed
    alerts: Sequence[TargetState]  # every alert target
    head: Head | None  # of the audit log; None when it could not be read
    roles: Sequence[str]  # of every process that is alive, "all" or roles with commas between them


class InstallationMetrics(Collector):
    """What was read last."""

    def __init__(self) -> None:
        self._standing: Standing | None = None
        self._asked = False

    def read(self, standing: Standing) -> None:
        """The ledger was read."""
        self._standing, self._asked = standing, True

    def unreadable(self) -> None:
        """It could not be."""
        self._standing, self._asked = None, True

    def collect(self) -> Iterable[Family]:
        """The figures, or that there are none."""
        if not self._asked:
            return
        standing = self._standing
        yield _family("penstock_store_readable", {(): float(standing is not None)})
        if standing is not None:
            for name, values in _figures(standing):
                yield _family(name, values)


def _figures(standing: Standing) -> Iterator[tuple[str, _Values]]:
    tallies, backlog = standing.tallies, standing.backlog
    yield (
        "penstock_media",
        {(state.value,): float(sum(getattr(each, state.value) for each in tallies)) for state in State},
    )
    yield "penstock_media_held", {(): float(sum(each.held for each in tallies))}
    yield "penstock_media_near_deadline", {("1h",): backlog.expiring_1h, ("24h",): backlog.expiring_24h}
    yield "penstock_oldest_undelivered_seconds", {(): backlog.oldest_undelivered_s or 0.0}
    yield "penstock_gates", Counter((gate.owner, _opening(gate)) for gate in standing.gates)
    incidents = Counter((each.state, each.severity) for each in standing.incidents)
    both = [(state, severity.value) for state in ("suspected", "open") for severity in Severity]
    yield "penstock_incidents", {labels: float(incidents[labels]) for labels in both}
    targets = Counter(each.state for each in standing.alerts)
    yield "penstock_alert_targets", {(state,): float(targets[state]) for state in ("ok", "failing", "refused")}
    yield "penstock_alerts_told_total", {(): float(sum(each.told for each in standing.alerts))}
    yield "penstock_alerts_passed_over_total", {(): float(sum(each.passed_over for each in standing.alerts))}
    if standing.head is not None:
        yield "penstock_audit_log_entries", {(): float(standing.head.entries)}
    alive = Counter(role for told in standing.roles for role in (_ROLES if told == "all" else told.split(",")))
    yield "penstock_processes", {(role,): float(alive[role]) for role in _ROLES}


def _opening(gate: Gate) -> str:
    if gate.opening is None:
        return "overriding"
    return "shut" if gate.opening == 0 else "narrow"


def _family(name: str, values: _Values) -> Family:
    metric = CATALOGUE[name]
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(name, metric.meaning, labels=list(metric.labels))
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
