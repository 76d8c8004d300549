"""The trace of a webhook is found again by its number, by whoever has the installation's key."""

from penstock.adapters.telemetry.webhook_ids import WebhookIds


def test_ids_are_random_but_for_a_webhooks(webhook_ids: WebhookIds) -> None:
    with webhook_ids.given(7):
        ids = webhook_ids.generate_trace_id(), webhook_ids.generate_span_id()
    found = webhook_ids.context(7)

    assert (found.trace_id, found.span_id) == ids
    assert found.is_valid
    assert webhook_ids.generate_trace_id() != ids[0]
    assert len({webhook_ids.generate_span_id() for _ in range(100)}) == 100


def test_another_process_finds_the_same_and_another_installation_does_not(webhook_ids: WebhookIds) -> None:
    assert WebhookIds(b"a key of the tests").context(7) == webhook_ids.context(7)
    assert WebhookIds(b"another key").context(7).trace_id != webhook_ids.context(7).trace_id
    assert webhook_ids.context(8).trace_id != webhook_ids.context(7).trace_id
