"""What a message of each kind says, from payloads that may be anything."""

import doctest
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.web.inbox import kinds

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "location",
                    "latitude",
                    "longitude",
                    "name",
                    "address",
                    "contacts",
                    "phones",
                    "phone",
                    "org",
                    "company",
                    "order",
                    "product_items",
                    "quantity",
                    "item_price",
                    "currency",
                    "interactive",
                    "list_reply",
                    "nfm_reply",
                    "response_json",
                    "context",
                    "forwarded",
                    "referral",
                    "headline",
                    "referred_product",
                    "formatted_name",
                    "emails",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_the_examples_in_its_docstring_hold() -> None:
    assert doctest.testmod(kinds).failed == 0


def told(kind: str, content: Any) -> list[tuple[str, str | None]]:
    return [(fact.text, fact.detail) for fact in kinds.facts(kind, {"type": kind, kind: content})]


def test_a_place_is_said_with_its_name_and_where_it_is() -> None:
    place = {"latitude": 37.4421, "longitude": -122.1616, "name": "Example Cafe", "address": "1 Example Street"}

    assert told("location", place) == [("Example Cafe", "1 Example Street · 37.44210, -122.16160")]
    assert told("location", {"latitude": 1, "longitude": 2}) == [("1.00000, 2.00000", None)]
    assert told("location", {}) == [("A location", None)]
    assert kinds.facts("location", {"location": place})[0].link == "geo:37.442100,-122.161600"


def test_a_card_is_said_with_all_its_numbers() -> None:
    card = {
        "name": {"formatted_name": "Lucía"},
        "org": {"company": "Example Ltd"},
        "phones": [{"phone": "+1 5"}, {"wa_id": "6"}],
        "emails": [{"email": "l@example.com"}],
    }

    assert told("contacts", [card, {}]) == [("Lucía", "Example Ltd · +1 5 · 6 · l@example.com"), ("A contact", "")]


def test_an_order_is_said_item_by_item() -> None:
    items = [{"product_retailer_id": "SKU-1", "quantity": 2, "item_price": 30, "currency": "USD"}, {}]

    assert told("order", {"product_items": items}) == [("2 \u00d7 SKU-1", "30 USD"), ("a product", None)]


def test_an_answered_form_is_said_without_its_token() -> None:
    flow = {"nfm_reply": {"response_json": json.dumps({"flow_token": "secret", "first_name": "Ada", "deep": {}})}}

    assert told("interactive", flow) == [("first name", "Ada")]
    assert told("interactive", {"list_reply": {"title": "Priority", "description": "Next day"}}) == [("Next day", None)]
    assert told("interactive", {"nfm_reply": {"response_json": "no json"}}) == []


@pytest.mark.parametrize(
    ("payload", "marks"),
    [
        ({"context": {"forwarded": True}}, ("forwarded",)),
        ({"context": {"frequently_forwarded": True, "forwarded": True}}, ("forwarded many times",)),
        ({"context": {"referred_product": {"product_retailer_id": "SKU-1"}}}, ("about product SKU-1",)),
        ({"referral": {"headline": "Chat with us"}}, ("from the advert “Chat with us”",)),
        ({"referral": {"source_id": "1"}}, ("from the advert",)),
        ({"context": "odd", "referral": 7}, ()),
    ],
)
def test_how_a_message_came_about_is_marked(payload: kinds.Payload, marks: tuple[str, ...]) -> None:
    assert kinds.marks(payload) == marks


def test_a_kind_that_nobody_knows_has_a_word_all_the_same() -> None:
    assert kinds.word("holo_gram") == "Holo gram"
    assert kinds.preview("holo_gram", None) == "Holo gram"


def test_a_preview_is_one_line_of_bounded_length() -> None:
    assert kinds.preview("text", "a\n b\r\n  c") == "a b c"
    assert len(kinds.preview("text", "x" * 10_000)) == 160
    assert kinds.preview("edit", "new words") == "Edited a message: new words"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_payload_that_is_no_object_says_nothing(raw: bytes) -> None:
    assert kinds.payload_of(raw) == {}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["location", "contacts", "order", "interactive"]), ANYTHING, ANYTHING)
def test_no_payload_makes_trouble(kind: str, content: Any, context: Any) -> None:
    payload = kinds.payload_of(msgspec.json.encode({kind: content, "context": context, "referral": context}))

    for fact in kinds.facts(kind, payload):
        assert fact.text
    assert all(kinds.marks(payload))
