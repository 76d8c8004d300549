"""Whether a collector of OpenTelemetry was named, by the standard ``OTEL_`` variables that say so.

These are not settings of ours and have no place in the TOML file: everybody's SDK reads the same ones. Only what says
whether anything is sent at all is looked at here; the rest the SDK reads by itself. Called by ``wiring``.
"""

from collections.abc import Mapping
from typing import NamedTuple

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Asked(NamedTuple):
    """What is to be sent to a collector."""

    traces: bool
    metrics: bool
    protocol: str | None = None  # one that we do not speak, if that was asked for

    @property
    def nothing(self) -> bool:
        """Whether no collector was named."""
        return not self.traces and not self.metrics


def asked(environ: Mapping[str, str]) -> Asked:
    """What the environment asks for."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Asked(traces=False, metrics=False)
    protocol = environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").strip() or "http/protobuf"
    return Asked(
        traces=_signal(environ, "TRACES"),
        metrics=_signal(environ, "METRICS"),
        protocol=None if protocol == "http/protobuf" else protocol,
    )


def _signal(environ: Mapping[str, str], signal: str) -> bool:
    named = environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "").strip() or environ.get(_ENDPOINT, "").strip()
    exporter = environ.get(f"OTEL_{signal}_EXPORTER", "").strip() or "otlp"
    return bool(named) and exporter == "otlp"
