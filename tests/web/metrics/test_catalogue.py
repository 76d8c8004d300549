"""The names: in base units, with bounded labels, and exactly those that are told."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.core.chain import Head
from penstock.core.detector import Key
from penstock.core.gate import Gate
from penstock.core.media import State
from penstock.core.work import Attached, Attempt, Claim, Outcome
from penstock.flow.fetcher import Standing as Fetching
from penstock.ledger.book import Connections
from penstock.ledger.counts import Backlog
from penstock.ledger.rows import Tally
from penstock.web.metrics import Metrics
from penstock.web.metrics.catalogue import CATALOGUE, PREFIX, Kind, Metric, samples
from penstock.web.metrics.installation import Standing
from penstock.web.metrics.process import Watching

FORBIDDEN = {
    *("workspace", "tenant", "customer", "number", "phone", "phone_number_id", "wamid", "media_id", "message_id"),
    *("conversation", "credential", "token", "app", "peer_address", "host", "path", "url", "worker", "le", "quantile"),
}
UNITS = ("seconds", "bytes")
NOT_BASE = re.compile(r"_(ms|millis|milliseconds|minutes|hours|days|kb|mb|kilobytes|megabytes|percent)(_|$)")
SHAPE = re.compile(r"penstock_[a-z]+(_[a-z]+)*")
ALL = [pytest.param(metric, id=name) for name, metric in CATALOGUE.items()]


@pytest.mark.parametrize("metric", ALL)
def test_a_name_is_in_base_units_and_says_what_kind_it_is(metric: Metric) -> None:
    assert SHAPE.fullmatch(metric.name)
    assert metric.name.startswith(PREFIX)
    assert not NOT_BASE.search(metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    if metric.kind is Kind.HISTOGRAM:
        assert metric.name.endswith(UNITS)
        assert list(metric.buckets) == sorted(set(metric.buckets))
    assert not metric.name.endswith(("_count", "_sum", "_bucket"))


@pytest.mark.parametrize("metric", ALL)
def test_no_label_holds_what_there_may_be_any_number_of(metric: Metric) -> None:
    assert not FORBIDDEN & metric.labels.keys()
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) and says for name, says in metric.labels.items())


@pytest.mark.parametrize("metric", ALL)
def test_every_metric_says_what_it_is(metric: Metric) -> None:
    assert metric.meaning.endswith(".")


def test_what_is_told_is_what_the_catalogue_names() -> None:
    told = {}
    for family in text_string_to_metric_families(everything().text().decode()):
        if family.name.startswith("penstock_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            told[name] = (family.type, labels, family.documentation)

    assert told == {name: (metric.kind.value, set(metric.labels), metric.meaning) for name, metric in CATALOGUE.items()}


def test_the_samples_of_a_histogram_are_its_buckets_its_sum_and_its_count() -> None:
    assert samples()["penstock_attempt_duration_seconds_bucket"] == {"operation", "le"}
    assert samples()["penstock_attempt_duration_seconds_count"] == {"operation"}
    assert "penstock_attempt_duration_seconds" not in samples()
    assert samples()["penstock_media"] == {"state"}


def everything() -> Metrics:
    """Metrics in which every part has said something."""
    metrics = Metrics(version="1", roles=["fetcher"])
    claim = Claim(1, 1, 1, "acme", 1, "1", "main", 1, "token-a", "image", "m", "w", 0.0, 1.0, 0)
    attempt = Attempt(
        0, "media.look_up", "GET", "GET", "h", "1.1.1.1", 503, None, None, None, Outcome.UPSTREAM, 0.2, "r"
    )
    metrics.fetching.attempted(claim, attempt)
    metrics.fetching.ended(claim, Attached(1, b"", "image/jpeg"))
    metrics.process.fetching = lambda: Fetching(64, 1, 2, 0)
    metrics.process.connections = lambda: Connections(8, 1, 1)
    metrics.process.watching = lambda: Watching(True, 1, {Key("media.look_up", "upstream"): 0.0})
    gate = Gate(1, {}, 0.0, "operator", "cli:anna", "why", 0.0, None, override_automatic=False)
    metrics.installation.read(
        Standing([Tally("acme", *range(len(State) + 2))], Backlog(None, 0), [gate], [], [], Head(1, b""), ["all"])
    )
    return metrics
