"""Every metric by its name: what it counts, its labels, and the values that a label may have.

Nothing is measured here. The modules beside it make their metrics from these lines, the documentation is drawn from
them, and the rules and dashboards in ``deploy/`` are checked against them. Names are in base units; no label holds a
workspace, a number, a person or anything else of which there may be any number.
"""

from enum import StrEnum
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second gauge beside every counter, which nobody asks for

PREFIX = "penstock_"
OTHER = "other"  # what a label says of values beyond those it may have
NONE = "none"  # … and of a value that there was not
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NONE, OTHER)
STATUSES = ("200", "401", "403", "408", "413", "503")
UPDATES = ("message", "media", "status", "duplicate", "unknown_number")
ENDINGS = ("attached", "delayed", "put_back", "expired", "failed")
OPENINGS = ("shut", "narrow", "overriding")
DOING = ("read", "write")
NEAR = ("1h", "24h")

_ANSWER_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ATTEMPT_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_ATTACH_S = (0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 6 * 3_600, 86_400, 3 * 86_400, 7 * 86_400)
_DATABASE_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)


class Kind(StrEnum):
    """What Prometheus calls it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Teller(StrEnum):
    """Which processes tell it."""

    EACH = "each process, of itself"
    RECEIVER = "receivers, of themselves"
    FETCHER = "fetchers, of themselves"
    WATCHER = "watchers, of themselves"
    LEADER = "the leader of the watch"
    INSTALLATION = "watchers, of the whole installation: take the maximum"


class Metric(NamedTuple):
    """One metric as it is exposed; ``labels`` are names and what they may say."""

    name: str
    kind: Kind
    told_by: Teller
    meaning: str
    labels: dict[str, str] = {}  # noqa: RUF012 -- a value of this table, never changed
    buckets: tuple[float, ...] = ()


_OPERATION = "a declared operation, such as `media.look_up`"
_CLASS = "how it ended: delivered, contract, client_bug, auth, throttle, upstream, timeout, gone, local"
_ROLE = "receiver, fetcher, watcher or console"

CATALOGUE: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "penstock_build_info", Kind.GAUGE, Teller.EACH, "What is running; always 1.", {"version": "the release"}
        ),
        Metric("penstock_process_role", Kind.GAUGE, Teller.EACH, "A role that this process has; 1.", {"role": _ROLE}),
        # -- webhooks -----------------------------------------------------------------------
        Metric(
            "penstock_webhooks_total",
            Kind.COUNTER,
            Teller.RECEIVER,
            "Webhook bodies by the status they were answered with.",
            {"status": ", ".join(STATUSES)},
        ),
        Metric(
            "penstock_webhook_duration_seconds",
            Kind.HISTOGRAM,
            Teller.RECEIVER,
            "From the head of a webhook to its answer, which comes after the commit.",
            {"status": ", ".join(STATUSES)},
            _ANSWER_S,
        ),
        Metric(
            "penstock_updates_total",
            Kind.COUNTER,
            Teller.RECEIVER,
            "Updates read from webhooks.",
            {"kind": ", ".join(UPDATES)},
        ),
        Metric("penstock_event_streams", Kind.GAUGE, Teller.EACH, "Open event streams of browsers and programs."),
        # -- fetching -----------------------------------------------------------------------
        Metric(
            "penstock_attempts_total",
            Kind.COUNTER,
            Teller.FETCHER,
            "Requests to Meta that were made, or refused before they were sent.",
            {
                "operation": _OPERATION,
                "class": _CLASS,
                "declared_method": ", ".join(METHODS),
                "wire_method": f"the same, from the prepared request; {NONE} when none was prepared",
                "recipe": f"the fetch implementation; {OTHER} beyond the first thirty",
            },
        ),
        Metric(
            "penstock_attempt_duration_seconds",
            Kind.HISTOGRAM,
            Teller.FETCHER,
            "Time that requests to Meta took, to the last byte.",
            {"operation": _OPERATION},
            _ATTEMPT_S,
        ),
        Metric(
            "penstock_contract_rejects_total",
            Kind.COUNTER,
            Teller.FETCHER,
            "Requests of our own that were not what they are declared to be, and were not sent. The first is an alarm.",
            {"operation": _OPERATION},
        ),
        Metric(
            "penstock_endings_total",
            Kind.COUNTER,
            Teller.FETCHER,
            "How the work on a claimed file ended.",
            {"ending": ", ".join(ENDINGS)},
        ),
        Metric(
            "penstock_attach_duration_seconds",
            Kind.HISTOGRAM,
            Teller.FETCHER,
            "From the arrival of a webhook to its file being attached, retries and gates included.",
            buckets=_ATTACH_S,
        ),
        Metric("penstock_attached_bytes_total", Kind.COUNTER, Teller.FETCHER, "Bytes of attached files."),
        Metric("penstock_claims_total", Kind.COUNTER, Teller.FETCHER, "Files that were claimed."),
        Metric(
            "penstock_lease_losses_total",
            Kind.COUNTER,
            Teller.FETCHER,
            "Claims that were lost while this process worked on them: it was stopped for long, or cut off.",
        ),
        Metric("penstock_fetch_slots", Kind.GAUGE, Teller.FETCHER, "Downloads that may go on at once."),
        Metric("penstock_fetch_slots_in_use", Kind.GAUGE, Teller.FETCHER, "Claimed files that are worked on now."),
        # -- the store ----------------------------------------------------------------------
        Metric(
            "penstock_database_duration_seconds",
            Kind.HISTOGRAM,
            Teller.EACH,
            "Time that a transaction took, waiting for its turn included; of a write, until it was durable.",
            {"doing": ", ".join(DOING)},
            _DATABASE_S,
        ),
        Metric(
            "penstock_database_failures_total",
            Kind.COUNTER,
            Teller.EACH,
            "Transactions that the database could not carry out.",
            {"doing": ", ".join(DOING)},
        ),
        Metric(
            "penstock_database_connections",
            Kind.GAUGE,
            Teller.EACH,
            "Connections to PostgreSQL; of SQLite nothing is told.",
            {"state": "limit, in_use, idle"},
        ),
        # -- the watch ----------------------------------------------------------------------
        Metric("penstock_watch_leading", Kind.GAUGE, Teller.WATCHER, "1 when this process leads the watch."),
        Metric(
            "penstock_watch_rounds_total",
            Kind.COUNTER,
            Teller.WATCHER,
            "Rounds of the watch that this process made. They stand still where it does not lead.",
        ),
        Metric(
            "penstock_detector_log_evidence",
            Kind.GAUGE,
            Teller.LEADER,
            "Natural logarithm of the evidence for trouble in a stream: 3 while nothing fails, 13 to 19 at an alarm.",
            {"operation": _OPERATION, "class": "the family of classes: upstream, client_bug, auth and so on"},
        ),
        # -- the installation ---------------------------------------------------------------
        Metric(
            "penstock_store_readable",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "1 when the figures below could be read just now; when they could not, they are left out.",
        ),
        Metric(
            "penstock_media",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "Files by state.",
            {"state": "waiting, fetching, attached, expired, failed, erased"},
        ),
        Metric("penstock_media_held", Kind.GAUGE, Teller.INSTALLATION, "Waiting files behind a shut gate."),
        Metric(
            "penstock_media_near_deadline",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "Waiting files that Meta keeps for less than this. On No-Storage numbers it is an hour from the start.",
            {"within": ", ".join(NEAR)},
        ),
        Metric(
            "penstock_oldest_undelivered_seconds",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "Age of the oldest file that is waiting or fetching; 0 when there is none.",
        ),
        Metric(
            "penstock_gates",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "Gates that stand.",
            {"owner": "operator, breaker, auth, throttle, flag", "opening": ", ".join(OPENINGS)},
        ),
        Metric(
            "penstock_incidents",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "Incidents that are not closed.",
            {"state": "suspected, open", "severity": "page: somebody should look now; ticket: in working hours"},
        ),
        Metric(
            "penstock_alert_targets",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "Alert targets by how they stand. A refused one takes nothing until somebody mends it.",
            {"state": "ok, failing, refused"},
        ),
        Metric(
            "penstock_alerts_told_total",
            Kind.COUNTER,
            Teller.INSTALLATION,
            "Alerts that the targets named now have taken. It begins anew when one is no longer named.",
        ),
        Metric(
            "penstock_alerts_passed_over_total",
            Kind.COUNTER,
            Teller.INSTALLATION,
            "Alerts that a target would not take as they were, five times.",
        ),
        Metric(
            "penstock_audit_log_entries",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "The number of the last entry of the audit log. It never falls, unless somebody took entries out.",
        ),
        Metric(
            "penstock_processes",
            Kind.GAUGE,
            Teller.INSTALLATION,
            "Processes that were alive within half a minute, by role; one of several roles counts in each.",
            {"role": _ROLE},
        ),
    )
}


def counter(registry: CollectorRegistry, name: str) -> Counter:
    """A counter of the catalogue."""
    metric = CATALOGUE[name]
    return Counter(name, metric.meaning, list(metric.labels), registry=registry)


def gauge(registry: CollectorRegistry, name: str) -> Gauge:
    """A gauge of the catalogue."""
    metric = CATALOGUE[name]
    return Gauge(name, metric.meaning, list(metric.labels), registry=registry)


def histogram(registry: CollectorRegistry, name: str) -> Histogram:
    """A histogram of the catalogue."""
    metric = CATALOGUE[name]
    return Histogram(name, metric.meaning, list(metric.labels), buckets=metric.buckets, registry=registry)


def samples() -> dict[str, frozenset[str]]:
    """The names that a query may use, with the labels that they have beside those of the scrape."""
    found: dict[str, frozenset[str]] = {}
    for metric in CATALOGUE.values():
        labels = frozenset(metric.labels)
        if metric.kind is Kind.HISTOGRAM:
            found |= {f"{metric.name}_count": labels, f"{metric.name}_sum": labels}
            found[f"{metric.name}_bucket"] = labels | {"le"}
        else:
            found[metric.name] = labels
    return found
