"""A verb in disguise is found in a form and in JSON, and JSON-RPC is left alone."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.contract.bodies import MOST_BYTES, fields, tunnelled

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        (FORM, b"access_token=x&method=get", "method"),
        (FORM, b"METHOD=DELETE", "METHOD"),
        (FORM, b"a=b&_method=put", "_method"),
        (FORM, b"m%65thod=%67et", "method"),
        (FORM, b"method%5B%5D=get", "method[]"),
        (FORM + "; charset=utf-8", b"x-http-method-override=PATCH", "x-http-method-override"),
        (FORM, b"method=", None),
        (FORM, b"method=card&amount=5", None),  # a method of payment
        (FORM, b"", None),
        (FORM, b"\xff\xfe", None),
        (JSON, b'{"access_token":"x","method":"get"}', "method"),
        (JSON, b'{"method":" Delete "}', "method"),
        ("application/vnd.api+json", b'{"_method":"put"}', "_method"),
        (JSON, b'{"jsonrpc":"2.0","method":"orders.list","id":1}', None),
        (JSON, b'{"order":{"method":"get"}}', None),  # not a field of the request
        (JSON, b'[{"method":"get"}]', None),
        (JSON, b'{"method":["get"]}', None),
        (JSON, b"{", None),
        (JSON, b"[" * 100_000, None),
        ("text/plain", b"method=get", None),
        ("", b"method=get", None),
    ],
)
def test_a_field_counts_when_its_name_is_an_override_and_its_value_a_verb(
    kind: str, body: bytes, found: str | None
) -> None:
    assert tunnelled(fields(kind, body)) == found


def test_a_body_that_is_larger_than_any_form_is_not_looked_at() -> None:
    assert fields(FORM, b"method=get&a=" + b"x" * MOST_BYTES) == []


@given(st.sampled_from([FORM, JSON, "text/plain"]), st.one_of(st.binary(), st.from_regex(rb"[a-z&=%]{0,40}")))
@settings(deadline=None, max_examples=200)
def test_no_body_breaks_it(kind: str, body: bytes) -> None:
    tunnelled(fields(kind, body))


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=8), st.integers(0, 9), st.none())))
@settings(deadline=None, max_examples=100)
def test_a_json_object_has_its_own_fields(tree: dict[str, Any]) -> None:
    assert dict(fields(JSON, msgspec.json.encode(tree))) == tree
