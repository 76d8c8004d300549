"""Graph's answers in both of Meta's spellings, and nothing that merely resembles them."""

import base64
import contextlib
import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import answers

HASH = hashlib.sha256(b"penstock-example-image").digest()
NOW = 1_795_000_000.0


def test_a_hash_is_read_in_hex_and_in_base64() -> None:
    assert answers.sha256(HASH.hex()) == HASH
    assert answers.sha256(HASH.hex().upper()) == HASH
    assert answers.sha256(base64.b64encode(HASH).decode()) == HASH
    assert answers.sha256("plr/ZehTE6kszlpgIZV2VWRq1xPmgKmdJnvtwbCigXQ=") == HASH


@pytest.mark.parametrize(
    "text", [None, "", "abc", HASH.hex()[:-1], HASH.hex() + "0", "g" * 64, "A" * 44, "é" * 64, "=" * 44]
)
def test_anything_else_is_no_hash(text: str | None) -> None:
    assert answers.sha256(text) is None


@pytest.mark.parametrize(("value", "size"), [(22, 22), ("303833", 303833), (0, 0), ("00", 0)])
def test_a_size_is_read_as_number_and_as_text(value: Any, size: int) -> None:
    assert answers.size(value) == size


@pytest.mark.parametrize("value", [None, -1, "", "-2", "1.5", "1e9", " 1", "0x10", "\uff19", "9" * 16])
def test_anything_else_is_no_size(value: Any) -> None:
    assert answers.size(value) is None


def test_a_look_up_is_read_whatever_else_is_in_it() -> None:
    body = {
        "messaging_product": "whatsapp",
        "url": "https://x/",
        "id": 17,
        "file_size": "22",
        "new": [1],
        "sha256": "x",
    }
    answer = answers.look_up(json.dumps(body).encode())
    assert answer is not None
    assert (answer.url, answer.id, answer.file_size, answer.mime_type) == ("https://x/", 17, "22", None)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b'{"url": 1}',
        b'{"url": null}',
        b'{"url": "x", "file_size": 1.5}',
        b'{"url": "x", "file_size": true}',
        b'{"url": "x", "sha256": []}',
    ],
)
def test_json_of_another_shape_is_no_look_up(body: bytes) -> None:
    assert answers.look_up(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"url": "x"',
        b'{"url": "\xff"}',
        b'{"a": ' + b"[" * 100_000,
        b"\xef\xbb\xbf{}",
        b'{"url": "x"} {}',
    ],
)
def test_what_is_no_json_is_told_apart(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        answers.look_up(body)


def test_an_error_object_is_read_with_or_without_its_trimmings() -> None:
    error = answers.graph_error(b'{"error":{"message":"m","type":"t","code":100,"error_subcode":33,"fbtrace_id":"A"}}')
    assert error == answers.GraphError(100, 33, "m", "A")
    assert answers.graph_error(b'{"error":{"code":190}}') == answers.GraphError(190)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"error": "no"}',
        b'{"error": {"message": "m"}}',
        b'{"error": {"code": "190"}}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_anything_else_is_no_error_object(body: bytes) -> None:
    assert answers.graph_error(body) is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?mid=1&ext=1795000200&hash=x", NOW + 200),
        ("?ext=1795000200123", NOW + 200.123),  # milliseconds, as one provider writes it
        ("?ext=1795009999", NOW + 300),  # never believed for longer than a URL lives
        ("?ext=1794999999", NOW + 300),  # past: our clock or theirs
        ("?ext=0", NOW + 300),
        ("?ext=soon", NOW + 300),
        ("?ext=", NOW + 300),
        ("?ext=99999999999999999999", NOW + 300),
        ("", NOW + 300),
    ],
)
def test_the_end_of_a_url_is_believed_when_it_is_plausible(query: str, expected: float) -> None:
    assert answers.expiry(query, now=NOW) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 0.0),
        ("Wed, 18 Nov 2026 11:07:40 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("Thu, 99 Nov 2026 11:07:40 GMT", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert answers.retry_after_s(text, now=NOW) == seconds


def test_the_fullest_limit_and_the_longest_wait_are_read_from_the_usage_headers() -> None:
    headers = {
        "x-app-usage": '{"call_count":12,"total_cputime":3,"total_time":4}',
        "x-business-use-case-usage": json.dumps(
            {
                "1": [
                    {
                        "type": "whatsapp",
                        "call_count": 100,
                        "total_cputime": 25,
                        "total_time": 25,
                        "estimated_time_to_regain_access": 5,
                    }
                ],
                "2": [{"type": "whatsapp_business_management", "call_count": 1, "total_cputime": 1, "total_time": 1}],
            }
        ),
    }
    assert answers.usage(headers) == answers.Usage(100.0, 300.0)
    assert answers.usage({"x-app-usage": headers["x-app-usage"]}) == answers.Usage(12.0, None)
    assert answers.usage({}) == answers.Usage()
    for broken in ("", "{", "[]", '{"call_count": "x"}', "[" * 100_000):
        assert answers.usage({"x-app-usage": broken}) == answers.Usage()
        assert answers.usage({"x-business-use-case-usage": broken}) == answers.Usage()


def test_a_trace_id_is_fit_for_a_log_or_not_kept() -> None:
    assert answers.trace_id({"x-fb-trace-id": "AbC+/=1", "x-fb-request-id": "x"}) == "AbC+/=1"
    assert answers.trace_id({"x-fb-request-id": "x"}) == "x"
    assert answers.trace_id({"x-fb-trace-id": "a b"}) is None
    assert answers.trace_id({"x-fb-trace-id": "a" * 129}) is None
    assert answers.trace_id({}) is None


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=200)
def test_no_bytes_make_it_raise_anything_but_that_they_are_no_json(data: bytes) -> None:
    answers.graph_error(data)
    answers.usage({"x-app-usage": data.decode("latin-1")})
    answers.retry_after_s(data.decode("latin-1"), now=NOW)
    with contextlib.suppress(msgspec.DecodeError):
        answers.look_up(data)


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({}, None),
        ({"x-served-by": "edge-12"}, "edge-12"),
        ({"x-served-by": "cache-ams-1, cache-fra-7"}, "cache-fra-7"),
        ({"proxy-status": 'proxy-3; error=http_request_error; details="x"'}, "proxy-3"),
        ({"x-fb-rev": "1008888", "x-served-by": ""}, "1008888"),
        ({"x-fb-rev": "1008888", "x-served-by": "edge-12"}, "edge-12"),
        ({"x-served-by": "two words"}, None),
        ({"x-served-by": "a" * 65}, None),
        ({"x-served-by": "caf\u00e9"}, None),
        ({"x-fb-debug": "changes with every answer"}, None),
    ],
)
def test_an_answer_may_name_its_server_in_one_short_word(headers: dict[str, str], named: str | None) -> None:
    assert answers.server(headers) == named
