"""Attributes: the names of the semantic conventions, few values for figures, and nothing that must not leave."""

from typing import Any

import msgspec
import pytest
from opentelemetry.semconv._incubating.attributes import (
    feature_flag_attributes,
    http_attributes,
    messaging_attributes,
    network_attributes,
    url_attributes,
)
from opentelemetry.semconv.attributes import error_attributes, server_attributes

from penstock.adapters.telemetry import names
from penstock.core.work import Attempt, Outcome

CONVENTIONS = {
    value
    for module in (
        feature_flag_attributes,
        http_attributes,
        messaging_attributes,
        network_attributes,
        url_attributes,
        error_attributes,
        server_attributes,
    )
    for value in vars(module).values()
    if isinstance(value, str)
}


def test_every_name_is_of_the_conventions_or_our_own(attempt: Attempt) -> None:
    wrong = msgspec.structs.replace(attempt, wire_method="get", graph_code=2, outcome=Outcome.CLIENT_BUG, status=405)
    said = names.of_request_in_full(wrong, resent=2) | names.ARRIVAL | names.FROM_META | names.FETCHING
    used = {*said, names.OPERATION_TYPE, names.MESSAGE_ID, names.BATCH_COUNT}

    assert {name for name in used if not name.startswith("penstock.")} - CONVENTIONS == set()


def test_a_request_is_told_as_it_was_prepared(attempt: Attempt) -> None:
    said = names.of_request_in_full(attempt, resent=0)

    assert said["http.request.method"] == "GET"
    assert said["server.address"] == "graph.facebook.com"
    assert said["network.peer.address"] == "157.240.1.1"
    assert said["http.response.status_code"] == 200
    assert said["url.template"] == "/{version}/{media-id}"
    assert (said["feature_flag.key"], said["feature_flag.result.variant"]) == ("penstock.recipe", "standard/1")
    assert not {"http.request.method_original", "http.request.resend_count", "error.type"} & said.keys()


@pytest.mark.parametrize(
    ("wire", "method", "original"),
    [("POST", "POST", None), ("get", "_OTHER", "get"), ("BREW" * 9, "_OTHER", "BREW" * 5)],
)
def test_what_is_no_method_is_told_beside(attempt: Attempt, wire: str, method: str, original: str | None) -> None:
    said = names.of_request_in_full(msgspec.structs.replace(attempt, wire_method=wire), resent=3)

    assert said["http.request.method"] == method
    assert said.get("http.request.method_original") == original
    assert said["penstock.declared_method"] == "GET"
    assert said["http.request.resend_count"] == 3


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        (Outcome.DELIVERED, 200, None),
        (Outcome.UPSTREAM, 503, "503"),
        (Outcome.UPSTREAM, 200, "upstream"),
        (Outcome.TIMEOUT, None, "timeout"),
        (Outcome.CONTRACT, None, "contract"),
    ],
)
def test_an_error_is_the_status_or_else_the_class(
    attempt: Attempt, outcome: Outcome, status: int | None, error: str | None
) -> None:
    assert names.error_type(msgspec.structs.replace(attempt, outcome=outcome, status=status)) == error


def test_figures_have_no_attribute_of_many_values(attempt: Attempt) -> None:
    said: dict[str, Any] = names.of_request(attempt)

    assert said.keys() <= {
        *("http.request.method", "server.address", "http.response.status_code", "url.template", "error.type"),
        *("penstock.operation", "penstock.class"),
    }
