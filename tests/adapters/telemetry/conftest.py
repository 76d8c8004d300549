"""What is shared: a claim, an attempt, and OpenTelemetry's own memory to send spans to."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from penstock.adapters.telemetry.spans import Spans
from penstock.adapters.telemetry.webhook_ids import WebhookIds
from penstock.core.work import Attempt, Claim, Outcome

WAMID = "wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQz"
CLAIM = Claim(
    id=1,
    fence=1,
    workspace_id=1,
    workspace="acme",
    number_id=1,
    phone_number_id="100000000000002",
    app="main",
    credential_id=1,
    credential="token-a",
    kind="image",
    media_id="990011",
    wamid=WAMID,
    received_at=990.0,
    deadline=2_000.0,
    attempts=0,
    url="https://lookaside.fbsbx.com/x?access_token=EAAGsecret",
    webhook_id=7,
)
ATTEMPT = Attempt(
    at=1_000.0,
    operation="media.look_up",
    declared_method="GET",
    wire_method="GET",
    host="graph.facebook.com",
    peer_address="157.240.1.1",
    status=200,
    graph_code=None,
    graph_subcode=None,
    trace_id="Abc",
    outcome=Outcome.DELIVERED,
    duration_s=0.25,
    recipe="standard/1",
    server="edge-7",
)


@pytest.fixture
def claim() -> Claim:
    return CLAIM


@pytest.fixture
def attempt() -> Attempt:
    return ATTEMPT


@pytest.fixture
def webhook_ids() -> WebhookIds:
    return WebhookIds(b"a key of the tests")


@pytest.fixture
def memory(webhook_ids: WebhookIds) -> Iterator[tuple[Any, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(id_generator=webhook_ids, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("penstock"), exporter
    provider.shutdown()


@pytest.fixture
def spans(memory: Any, webhook_ids: WebhookIds) -> Spans:
    """Spans at two seconds after the first attempt."""
    return Spans(memory[0], webhook_ids, clock=lambda: 1_002.0)


@pytest.fixture
def made(memory: Any) -> Callable[[], Any]:
    """What was made so far."""
    finished: Callable[[], Any] = memory[1].get_finished_spans
    return finished
