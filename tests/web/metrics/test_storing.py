"""Transactions, timed and counted."""

from typing import Any

from penstock.web.metrics import Metrics


def test_transactions_are_timed_by_what_they_do(metrics: Metrics, told: Any) -> None:
    metrics.store.took("write", 0.004)
    metrics.store.failed("read")

    assert told("penstock_database_duration_seconds_bucket", doing="write", le="0.005") == 1
    assert told("penstock_database_duration_seconds_count", doing="read") == 0
    assert told("penstock_database_failures_total", doing="read") == 1
