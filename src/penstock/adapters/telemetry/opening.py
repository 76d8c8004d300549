"""Opens the way to a collector: OTLP over HTTP, in batches, by threads of OpenTelemetry's own.

Everything but what is said there comes from the standard ``OTEL_`` variables, which the SDK reads by itself. The flow
never waits for any of it: what a full queue cannot take is dropped. That a collector is away is told to whoever opened
this, and the SDK's own many lines about it are not written. Opened by ``wiring``, only where a collector was named.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from penstock.adapters.telemetry.meters import Meters
from penstock.adapters.telemetry.spans import Spans
from penstock.adapters.telemetry.webhook_ids import WebhookIds

_SCOPE = "penstock"
_SERVICE_NAME = "service.name"
TRACES, METRICS = "traces", "metrics"

Told = Callable[[str, bool], None]  # what was sent, and whether it arrived; in a thread of the SDK


class Collector:
    """The way to a collector. ``spans`` and ``meters`` are None where they were not asked for."""

    def __init__(
        self,
        *,
        traces: bool,
        metrics: bool,
        version: str,
        instance: str,
        key: bytes,
        clock: Callable[[], float],
        told: Told,
    ) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # an outage is one line, and ``told`` writes it
        resource = _resource({"service.version": version, "service.instance.id": instance})
        self.spans: Spans | None = None
        self.meters: Meters | None = None
        self._stops: list[Callable[[], object]] = []
        if traces:
            webhook_ids = WebhookIds(key)
            tracers = TracerProvider(resource=resource, id_generator=webhook_ids, shutdown_on_exit=False)
            tracers.add_span_processor(BatchSpanProcessor(_ToldSpans(told)))
            self.spans = Spans(tracers.get_tracer(_SCOPE, version), webhook_ids, clock=clock)
            self._stops.append(tracers.shutdown)
        if metrics:
            reader = PeriodicExportingMetricReader(_ToldMetrics(told))
            # No span is around a measurement, so there is never an example to keep.
            examples = AlwaysOffExemplarFilter()
            meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False, exemplar_filter=examples)
            self.meters = Meters(meters.get_meter(_SCOPE, version), clock=clock)
            self._stops.append(meters.shutdown)

    def stop(self, within_s: float) -> None:
        """Send what is left, for so long; what is not sent by then is dropped. Not for the event loop: it waits."""
        threads = [threading.Thread(target=stop, daemon=True, name="otel stop") for stop in self._stops]
        until = time.monotonic() + within_s
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


class _ToldSpans(OTLPSpanExporter):
    """The exporter of spans, and a word on whether they arrived."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        self._told(TRACES, result is SpanExportResult.SUCCESS)
        return result


class _ToldMetrics(OTLPMetricExporter):
    """The exporter of figures, and a word on whether they arrived."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        result = super().export(metrics_data, timeout_millis, **kwargs)
        self._told(METRICS, result is MetricExportResult.SUCCESS)
        return result


def _resource(ours: Mapping[str, str]) -> Resource:
    """Who speaks: our version and process, under the name that the environment gives, or under our own."""
    named = OTELResourceDetector().detect().attributes
    return Resource.create({_SERVICE_NAME: "penstock", **ours} if _SERVICE_NAME not in named else dict(ours))
