"""The way to a collector, over a real socket: what arrives there, and that one which hangs or is gone holds up nobody."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from tests.adapters.telemetry.otlp_receiver import Receiver

from penstock.adapters.telemetry.opening import METRICS, TRACES, Collector
from penstock.core.work import Attached, Attempt, Claim

ATTACHED = Attached(7, b"", "image/jpeg")
Open = Callable[..., Collector]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def told() -> list[tuple[str, bool]]:
    """What was sent, and whether it arrived."""
    return []


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, bool]]) -> Open:
    def open_to(url: str, **environ: str) -> Collector:
        for name, value in {"OTEL_EXPORTER_OTLP_ENDPOINT": url, **environ}.items():
            monkeypatch.setenv(name, value)
        return Collector(
            traces=True,
            metrics=True,
            version="1.2.3",
            instance="a-process",
            key=b"a key",
            clock=time.time,
            told=lambda what, arrived: told.append((what, arrived)),
        )

    return open_to


def tell(collector: Collector, claim: Claim, attempt: Attempt) -> None:
    for witness in (collector.spans, collector.meters):
        assert witness is not None
        witness.attempted(claim, attempt)
        witness.ended(claim, ATTACHED)


def test_spans_and_figures_arrive_as_otlp_over_http(
    opened: Open, receiver: Receiver, told: list[tuple[str, bool]], claim: Claim, attempt: Attempt
) -> None:
    collector = opened(receiver.url, OTEL_EXPORTER_OTLP_HEADERS="x-key=abc")
    tell(collector, claim, attempt)
    collector.stop(60)

    assert sorted(span.name for span in receiver.spans) == ["GET /{version}/{media-id}", "process media"]
    [turn] = [span for span in receiver.spans if span.links]
    assert turn.links[0].trace_id != turn.trace_id
    assert {"http.client.request.duration", "messaging.process.duration"} <= receiver.figures.keys()
    assert receiver.resources[0]["service.name"] == "penstock"
    assert receiver.resources[0]["service.version"] == "1.2.3"
    assert receiver.resources[0]["service.instance.id"] == "a-process"
    assert {headers["x-key"] for headers in receiver.headers} == {"abc"}
    assert set(told) == {(TRACES, True), (METRICS, True)}
    assert b"wamid" not in receiver.raw
    assert b"EAAG" not in receiver.raw


def test_the_service_is_named_as_the_environment_says(
    opened: Open, receiver: Receiver, claim: Claim, attempt: Attempt
) -> None:
    collector = opened(
        receiver.url, OTEL_SERVICE_NAME="files", OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test"
    )
    tell(collector, claim, attempt)
    collector.stop(60)

    assert receiver.resources[0]["service.name"] == "files"
    assert receiver.resources[0]["deployment.environment.name"] == "test"


def test_what_is_sampled_away_is_not_sent(opened: Open, receiver: Receiver, claim: Claim, attempt: Attempt) -> None:
    collector = opened(receiver.url, OTEL_TRACES_SAMPLER="always_off")
    tell(collector, claim, attempt)
    collector.stop(60)

    assert receiver.spans == []


def test_a_collector_that_is_gone_is_told_of_and_stops_nothing(
    opened: Open, told: list[tuple[str, bool]], claim: Claim, attempt: Attempt, port: int
) -> None:
    collector = opened(f"http://127.0.0.1:{port}", OTEL_EXPORTER_OTLP_TIMEOUT="1")
    tell(collector, claim, attempt)
    collector.stop(60)

    assert set(told) == {(TRACES, False), (METRICS, False)}


def test_a_collector_that_hangs_is_not_waited_for_and_what_is_too_much_is_dropped(
    opened: Open, claim: Claim, attempt: Attempt
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        collector = opened(
            f"http://127.0.0.1:{silent.getsockname()[1]}",
            OTEL_BSP_MAX_QUEUE_SIZE="64",
            OTEL_BSP_MAX_EXPORT_BATCH_SIZE="8",
        )
        began = time.monotonic()
        for _ in range(2_000):
            tell(collector, claim, attempt)
        collector.stop(0.2)

    assert time.monotonic() - began < 30  # its own patience alone would be ten seconds a batch
