"""Spans: a webhook, and a turn with its requests that names it; times as they were, and nothing that must not leave."""

from typing import Any

import msgspec
import pytest
from opentelemetry.trace import SpanKind, StatusCode

from penstock.adapters.telemetry.spans import Spans
from penstock.core.work import Attached, Attempt, Claim, Failed, Outcome, PutBack, RetryLater

ATTACHED = Attached(7, b"", "image/jpeg")


def test_a_turn_has_its_requests_as_children_and_links_to_its_webhook(
    spans: Spans, made: Any, claim: Claim, attempt: Attempt
) -> None:
    spans.arrived(990.0, 200, webhook_id=7, messages=2)
    spans.attempted(claim, attempt)
    download = msgspec.structs.replace(attempt, at=1_000.5, operation="media.download", host="lookaside.fbsbx.com")
    spans.attempted(claim, download)
    spans.ended(claim, ATTACHED)
    webhook, look_up, bytes_, turn = made()

    assert (webhook.name, webhook.kind) == ("POST /webhooks/whatsapp/{app}", SpanKind.SERVER)
    assert webhook.attributes["messaging.batch.message_count"] == 2
    assert webhook.parent is None
    assert (turn.name, turn.kind, turn.parent) == ("process media", SpanKind.CONSUMER, None)
    assert [link.context.span_id for link in turn.links] == [webhook.context.span_id]
    assert [link.context.trace_id for link in turn.links] == [webhook.context.trace_id]
    assert turn.context.trace_id != webhook.context.trace_id
    assert [span.name for span in (look_up, bytes_)] == ["GET /{version}/{media-id}", "GET"]
    assert {span.parent.span_id for span in (look_up, bytes_)} == {turn.context.span_id}
    assert {span.kind for span in (look_up, bytes_)} == {SpanKind.CLIENT}


def test_times_are_those_that_the_flow_noted(spans: Spans, made: Any, claim: Claim, attempt: Attempt) -> None:
    spans.attempted(claim, attempt)
    spans.ended(claim, ATTACHED)
    request, turn = made()

    assert (request.start_time, request.end_time) == (1_000_000_000_000, 1_000_250_000_000)
    assert (turn.start_time, turn.end_time) == (1_000_000_000_000, 1_002_000_000_000)


def test_what_failed_is_an_error_in_both(spans: Spans, made: Any, claim: Claim, attempt: Attempt) -> None:
    spans.attempted(claim, msgspec.structs.replace(attempt, status=503, outcome=Outcome.UPSTREAM, graph_code=2))
    spans.ended(claim, RetryLater(1_010.0, Outcome.UPSTREAM, "WhatsApp has a fault of its own."))
    request, turn = made()

    assert request.attributes["error.type"] == "503"
    assert turn.attributes["error.type"] == "upstream"
    assert {span.status.status_code for span in (request, turn)} == {StatusCode.ERROR}


def test_a_request_that_was_repeated_says_how_often(spans: Spans, made: Any, claim: Claim, attempt: Attempt) -> None:
    again = msgspec.structs.replace(claim, attempts=2)
    spans.attempted(again, attempt)
    spans.attempted(again, attempt)
    spans.ended(again, ATTACHED)

    assert [span.attributes.get("http.request.resend_count") for span in made()] == [2, 3, None]


def test_what_was_put_back_untried_is_no_turn(spans: Spans, made: Any, claim: Claim) -> None:
    spans.ended(claim, PutBack(1_001.0))

    assert made() == ()


def test_an_imported_file_has_no_webhook_to_link_to(spans: Spans, made: Any, claim: Claim, attempt: Attempt) -> None:
    imported = msgspec.structs.replace(claim, webhook_id=None)
    spans.attempted(imported, attempt)
    spans.ended(imported, Failed(Outcome.GONE, "why"))

    assert made()[-1].links == ()


@pytest.mark.parametrize(("status", "failed"), [(401, False), (503, True)])
def test_a_webhook_that_was_not_taken_is_told_all_the_same(spans: Spans, made: Any, status: int, failed: bool) -> None:
    spans.arrived(990.0, status, webhook_id=None, messages=0)
    [span] = made()

    assert span.attributes["http.response.status_code"] == status
    assert (span.status.status_code is StatusCode.ERROR) == failed


def test_no_token_number_or_message_id_is_said(spans: Spans, made: Any, claim: Claim, attempt: Attempt) -> None:
    spans.arrived(990.0, 200, webhook_id=7, messages=1)
    spans.attempted(claim, msgspec.structs.replace(attempt, detail="of 15550001234", status=500))
    spans.ended(claim, Failed(Outcome.GONE, "of 15550001234"))
    said = " ".join(span.to_json() for span in made())

    for secret in ("wamid", "HBgLMTU1", "15550001234", "EAAG", "access_token", claim.media_id, claim.phone_number_id):
        assert secret not in said
