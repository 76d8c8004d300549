"""Whether anything is sent to a collector is decided by the standard variables alone."""

import pytest

from penstock.settings.otel import Asked, asked

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "traces", "metrics"),
    [
        ({}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False, False),
        (ENDPOINT, True, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1/t"}, True, False),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1/m"}, False, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False, True),
        (ENDPOINT | {"OTEL_METRICS_EXPORTER": "none"}, True, False),
        (ENDPOINT | {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_TRACES_EXPORTER": "otlp"}, True, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "TRUE"}, False, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "false"}, True, True),
    ],
)
def test_nothing_is_sent_unless_an_endpoint_is_named(environ: dict[str, str], traces: bool, metrics: bool) -> None:
    assert asked(environ) == Asked(traces, metrics)
    assert asked(environ).nothing == (not traces and not metrics)


def test_a_protocol_that_is_not_spoken_is_named() -> None:
    assert asked(ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}).protocol == "grpc"
    assert asked(ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}).protocol is None
