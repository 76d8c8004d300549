"""Instruments: the names and units of the conventions."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from penstock.adapters.telemetry.meters import Meters
from penstock.core.work import Attached, Attempt, Claim, Outcome, PutBack, RetryLater


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def meters(reader: InMemoryMetricReader) -> Iterator[Meters]:
    provider = MeterProvider([reader], shutdown_on_exit=False)
    yield Meters(provider.get_meter("penstock"), clock=lambda: 1_002.0)
    provider.shutdown()


def points(reader: InMemoryMetricReader) -> dict[str, Any]:
    """The points of every instrument that was told something, and its unit."""
    data: Any = reader.get_metrics_data()
    return {
        metric.name: (metric.unit, list(metric.data.data_points))
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_requests_are_timed_under_the_name_of_the_conventions(
    meters: Meters, reader: InMemoryMetricReader, claim: Claim, attempt: Attempt
) -> None:
    meters.attempted(claim, attempt)
    meters.attempted(claim, msgspec.structs.replace(attempt, status=503, outcome=Outcome.UPSTREAM, duration_s=30.5))
    meters.ended(claim, RetryLater(1_010.0, Outcome.UPSTREAM, "why"))
    told = points(reader)
    unit, requests = told["http.client.request.duration"]

    assert unit == "s"
    assert sorted(point.sum for point in requests) == [0.25, 30.5]
    assert [point.attributes.get("error.type") for point in sorted(requests, key=lambda each: each.sum)] == [
        None,
        "503",
    ]
    assert 10 in requests[0].explicit_bounds
    [turn] = told["messaging.process.duration"][1]
    assert (turn.sum, turn.attributes["error.type"]) == (2.0, "upstream")


def test_a_request_that_was_refused_before_it_was_sent_has_no_duration(
    meters: Meters, reader: InMemoryMetricReader, claim: Claim, attempt: Attempt
) -> None:
    meters.attempted(claim, msgspec.structs.replace(attempt, wire_method=None, host=None, outcome=Outcome.CONTRACT))
    meters.ended(claim, Attached(1, b"", "image/jpeg"))

    assert set(points(reader)) == {"messaging.process.duration"}


def test_what_was_put_back_untried_is_no_turn(meters: Meters, reader: InMemoryMetricReader, claim: Claim) -> None:
    meters.ended(claim, PutBack(0.0))

    assert reader.get_metrics_data() is None


def test_webhooks_are_timed_and_their_messages_counted(meters: Meters, reader: InMemoryMetricReader) -> None:
    meters.arrived(1_001.5, 200, messages=3)
    meters.arrived(1_001.0, 503, messages=0)
    told = points(reader)

    assert told["messaging.client.consumed.messages"][1][0].value == 3
    webhooks = {
        point.attributes["http.response.status_code"]: point for point in told["http.server.request.duration"][1]
    }
    assert webhooks[200].sum == 0.5
    assert webhooks[503].attributes["error.type"] == "503"
