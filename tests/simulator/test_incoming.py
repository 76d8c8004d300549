"""What can be read from a request."""

import pytest

from penstock.simulator.incoming import Incoming, may_be_tunnelled, override_of, token_of, without_token

FORM = [("content-type", "application/x-www-form-urlencoded")]
JSON = [("content-type", "application/json; charset=utf-8")]


@pytest.mark.parametrize(
    ("request_", "method"),
    [
        (Incoming("GET", "/v26.0/1", []), None),
        (Incoming("POST", "/v26.0/1", FORM, b"access_token=t&method=get"), "get"),
        (Incoming("POST", "/v26.0/1", FORM, b"access_token=t&method=GET"), "get"),
        (Incoming("POST", "/v26.0/1", JSON, b'{"access_token":"t","method":"delete"}'), "delete"),
        (Incoming("POST", "/v26.0/1?method=get", []), "get"),
        (Incoming("GET", "/v26.0/1?method=delete", []), "delete"),
        (Incoming("POST", "/v26.0/1", FORM, b"access_token=t"), None),
    ],
)
def test_the_override_is_read_from_form_json_and_query_in_any_case(request_: Incoming, method: str | None) -> None:
    assert override_of(request_).method == method


def test_overrides_that_disagree_are_none() -> None:
    override = override_of(Incoming("POST", "/v26.0/1?method=get", FORM, b"method=delete"))

    assert override.disagree
    assert override.method is None
    assert may_be_tunnelled("delete")
    assert not may_be_tunnelled("put")


def test_the_token_comes_from_the_header_then_the_body_then_the_query() -> None:
    query = "/v26.0/1?access_token=query"
    header = ("authorization", "Bearer header")

    assert token_of(Incoming("POST", query, [*FORM, header], b"access_token=body")) == "header"
    assert token_of(Incoming("POST", query, FORM, b"access_token=body")) == "body"
    assert token_of(Incoming("GET", query, [])) == "query"
    assert token_of(Incoming("GET", "/v26.0/1", [("authorization", "Basic eA==")])) is None


def test_a_target_is_shown_without_its_token() -> None:
    assert without_token("/1?access_token=EAAG&x=1", "a") == "/1?access_token=a&x=1"
    assert without_token("/1?access%5Ftoken=EAAG", "a") == "/1?access_token=a"
    assert without_token("/1?x=1", "a") == "/1?x=1"


def test_parameters_are_decoded_only_where_something_is_encoded() -> None:
    assert Incoming("GET", "/x?a=1&b=&c", []).query() == [("a", "1"), ("b", ""), ("c", "")]
    assert Incoming("GET", "/x?a=%2F+1", []).query() == [("a", "/ 1")]
    assert Incoming("GET", "/x", []).query() == []


def test_a_body_that_is_neither_form_nor_json_has_no_parameters() -> None:
    assert Incoming("POST", "/x", JSON, b"[1]").form() == []
    assert Incoming("POST", "/x", JSON, b"{").form() == []
    assert Incoming("POST", "/x", [], b"a=1").form() == []
