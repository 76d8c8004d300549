"""Attempts and endings, counted by labels that have few values whatever happens."""

from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.core.work import Attached, Attempt, Claim, Ending, Expired, Failed, Outcome, PutBack, RetryLater
from penstock.web.metrics import Metrics

CLAIM = Claim(1, 1, 1, "acme", 1, "1", "main", 1, "token-a", "image", "m", "w", 990.0, 2_000.0, 0)
ATTEMPT = Attempt(
    0, "media.look_up", "GET", "GET", "host", "1.1.1.1", 503, None, None, None, Outcome.UPSTREAM, 0.2, "standard/1"
)
LABELS = {"operation": "media.look_up", "class": "upstream", "declared_method": "GET", "wire_method": "GET"}


def test_attempts_are_counted_by_operation_class_methods_and_recipe(metrics: Metrics, told: Any) -> None:
    for _ in range(2):
        metrics.fetching.attempted(CLAIM, ATTEMPT)

    assert told("penstock_attempts_total", **LABELS, recipe="standard/1") == 2
    assert told("penstock_attempt_duration_seconds_sum", operation="media.look_up") == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("wire", "label"), [("POST", "POST"), ("get", "other"), ("X" * 9_000, "other"), (None, "none"), ("", "other")]
)
def test_a_method_that_is_none_is_not_a_label(metrics: Metrics, told: Any, wire: str | None, label: str) -> None:
    metrics.fetching.attempted(CLAIM, msgspec.structs.replace(ATTEMPT, wire_method=wire))

    assert told("penstock_attempts_total", **(LABELS | {"wire_method": label}), recipe="standard/1") == 1


def test_any_number_of_recipes_and_methods_is_a_bounded_number_of_series(metrics: Metrics, told: Any) -> None:
    for at in range(2_000):
        odd = msgspec.structs.replace(ATTEMPT, recipe=f"try/{at}", wire_method=f"verb{at}")
        metrics.fetching.attempted(CLAIM, odd)
    families = text_string_to_metric_families(metrics.text().decode())
    [counted] = [family for family in families if family.name == "penstock_attempts"]

    assert len(counted.samples) <= 2 * 31
    assert sum(sample.value for sample in counted.samples if sample.name.endswith("_total")) == 2_000
    assert told("penstock_attempts_total", **(LABELS | {"wire_method": "other"}), recipe="other") == 1_970


def test_requests_that_were_refused_are_counted_from_nothing_on(metrics: Metrics, told: Any) -> None:
    assert told("penstock_contract_rejects_total", operation="media.look_up") == 0
    metrics.fetching.attempted(CLAIM, msgspec.structs.replace(ATTEMPT, outcome=Outcome.CONTRACT))

    assert told("penstock_contract_rejects_total", operation="media.look_up") == 1
    assert told("penstock_contract_rejects_total", operation="media.download") == 0


@pytest.mark.parametrize(
    ("ending", "label"),
    [
        (Attached(7, b"", "image/jpeg"), "attached"),
        (RetryLater(0.0, Outcome.UPSTREAM, "why"), "delayed"),
        (PutBack(0.0), "put_back"),
        (Expired(Outcome.GONE, "why"), "expired"),
        (Failed(Outcome.GONE, "why"), "failed"),
    ],
)
def test_endings_are_counted_by_kind(metrics: Metrics, told: Any, ending: Ending, label: str) -> None:
    metrics.fetching.ended(CLAIM, ending)

    assert told("penstock_endings_total", ending=label) == 1


def test_a_file_is_timed_from_its_arrival_to_its_being_attached(metrics: Metrics, told: Any) -> None:
    metrics.fetching.ended(CLAIM, Attached(7, b"", "image/jpeg"))
    metrics.fetching.ended(msgspec.structs.replace(CLAIM, received_at=1_001.0), Attached(5, b"", "image/jpeg"))
    metrics.fetching.ended(CLAIM, PutBack(0.0))

    assert told("penstock_attach_duration_seconds_count") == 2
    assert told("penstock_attach_duration_seconds_sum") == 10.0  # a clock that went back makes nothing negative
    assert told("penstock_attached_bytes_total") == 12
