"""Whether a body was signed with a secret: over the raw bytes, by any secret of a rotation, and never by none."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.signature import signed_by

SECRET = b"the secret of a test"


def header(body: bytes, secret: bytes = SECRET) -> bytes:
    return b"sha256=" + hmac.digest(secret, body, hashlib.sha256).hex().encode()


def test_a_body_signed_with_the_secret_is_accepted() -> None:
    assert signed_by(b"a body", header(b"a body"), [SECRET])


def test_metas_published_arithmetic_holds_for_an_escaped_body() -> None:
    body = (
        rb'{"object":"whatsapp_business_account","entry":[{"id":"100000000000001","changes":[{"field":"messages",'
        rb'"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550009876",'
        rb'"phone_number_id":"100000000000002"},"messages":[{"from":"15550001234","id":"wamid.EXAMPLE",'
        rb'"timestamp":"1795000000","type":"text","text":{"body":"caf\u00e9 1\/2"}}]}}]}]}'
    )
    right = b"sha256=293d4bf538b04b812ede1818e9fc1292d942e6488f66c54847bd0a5a918d59b4"

    assert signed_by(body, right, [b"example-app-secret"])
    assert not signed_by(json.dumps(json.loads(body)).encode(), right, [b"example-app-secret"])


def test_either_secret_of_a_rotation_is_accepted() -> None:
    for secret in (b"old", b"new"):
        assert signed_by(b"a body", header(b"a body", secret), [b"new", b"old"])


def test_another_secret_is_refused() -> None:
    assert not signed_by(b"a body", header(b"a body", b"another"), [SECRET])


def test_the_hex_may_be_in_capitals() -> None:
    assert signed_by(b"a body", b"sha256=" + header(b"a body")[7:].upper(), [SECRET])


def test_nobody_has_signed_with_an_empty_secret_or_none() -> None:
    assert not signed_by(b"a body", header(b"a body", b""), [b""])
    assert not signed_by(b"a body", header(b"a body"), [])


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        b"",
        b"sha256=",
        b"sha256",
        header(b"a body")[7:],
        b"sha1=" + header(b"a body")[7:],
        b"SHA256=" + header(b"a body")[7:],
        header(b"a body")[:-1],
        header(b"a body") + b"0",
        header(b"a body") + b"\n",
        b" " + header(b"a body"),
        header(b"a body").replace(b"sha256=", b"sha256= "),
        b"sha256=" + b"g" * 64,
        b"sha256=" + "é".encode() * 32,
        b"\x00\xff" * 40,
    ],
)
def test_a_malformed_header_is_refused(wrong: bytes | None) -> None:
    assert not signed_by(b"a body", wrong, [SECRET])


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=299), st.integers(min_value=1, max_value=255))
@settings(max_examples=80, deadline=None)
def test_a_changed_byte_is_noticed(body: bytes, place: int, change: int) -> None:
    signature = header(body)

    assert signed_by(body, signature, [SECRET])
    if body:
        place %= len(body)
        assert not signed_by(body[:place] + bytes([body[place] ^ change]) + body[place + 1 :], signature, [SECRET])


@given(st.binary(max_size=50), st.binary(max_size=90) | st.none(), st.lists(st.binary(max_size=200), max_size=3))
@settings(max_examples=120, deadline=None)
def test_it_never_raises(body: bytes, whatever: bytes | None, secrets: list[bytes]) -> None:
    assert signed_by(body, whatever, secrets) is False
