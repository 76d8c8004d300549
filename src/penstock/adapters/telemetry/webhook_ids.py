"""The trace of a webhook, found again by whoever fetches its files, in this process or another one.

A span's ids are random, but for those of a webhook's span, which are computed from the webhook's number with a key of
the installation: so the span of a fetch can name the span of its webhook, without anything that would have to be kept.
The key makes them as good as random, and those of two installations different. Used by ``spans``.
"""

import contextlib
import hmac
from collections.abc import Iterator

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanContext, TraceFlags


class WebhookIds(RandomIdGenerator):
    """Gives random ids, and within ``given`` those of a webhook. For spans that begin in one thread."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._given: tuple[int, int] | None = None

    def context(self, webhook_id: int) -> SpanContext:
        """Where the span of a webhook is found."""
        trace_id, span_id = self._of(webhook_id)
        return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    @contextlib.contextmanager
    def given(self, webhook_id: int) -> Iterator[None]:
        """The next span is this webhook's."""
        self._given = self._of(webhook_id)
        try:
            yield
        finally:
            self._given = None

    def generate_trace_id(self) -> int:
        """A trace."""
        return super().generate_trace_id() if self._given is None else self._given[0]

    def generate_span_id(self) -> int:
        """A span."""
        return super().generate_span_id() if self._given is None else self._given[1]

    def _of(self, webhook_id: int) -> tuple[int, int]:
        digest = hmac.digest(self._key, str(webhook_id).encode(), "sha256")
        return int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")
