"""What comes in is counted by what it was."""

from typing import Any

from penstock.ledger.rows import Receipt
from penstock.web.metrics import Metrics


def test_webhooks_are_counted_and_timed_by_the_answer(metrics: Metrics, told: Any) -> None:
    metrics.door.webhook("200", 0.02)
    metrics.door.webhook("503", 6.0)

    assert told("penstock_webhooks_total", status="200") == 1
    assert told("penstock_webhook_duration_seconds_count", status="200") == 1
    assert told("penstock_webhook_duration_seconds_bucket", status="200", le="0.025") == 1
    assert told("penstock_webhook_duration_seconds_sum", status="503") == 6.0
    assert told("penstock_webhooks_total", status="401") == 0


def test_updates_are_counted_by_what_they_were(metrics: Metrics, told: Any) -> None:
    metrics.door.received(Receipt(webhook_id=1, messages=2, media=1, statuses=0, duplicates=3, strays=4))

    counted = {"message": 2, "media": 1, "status": 0, "duplicate": 3, "unknown_number": 4}
    assert {kind: told("penstock_updates_total", kind=kind) for kind in counted} == counted


def test_open_streams_go_up_and_down(metrics: Metrics, told: Any) -> None:
    metrics.door.streams(+1)
    metrics.door.streams(+1)
    metrics.door.streams(-1)

    assert told("penstock_event_streams") == 1
