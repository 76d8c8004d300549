"""Queries and bodies become whole values, or one sentence."""

from typing import Annotated, Any

import msgspec
import pytest
from starlette.requests import Request

from penstock.web.api.endpoint import NoQuery, as_json, body_of, query_of
from penstock.web.problems import ProblemError


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 5


class Body(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    deep: list[Wanted] = []


def asked(query: str = "", body: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "method": "POST", "query_string": query.encode(), "headers": headers or []}
    return Request(scope, receive)


def test_a_query_becomes_a_value_of_the_right_types() -> None:
    assert query_of(asked("name=a%20b&count=7"), Wanted) == Wanted("a b", 7)
    assert query_of(asked(), Wanted) == Wanted()


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("count=10", "the parameter count is not right: expected `int` <= 9"),
        ("count=x", "the parameter count is not right: expected `int`, got `str`"),
        ("name=a&name=b", "the parameter name is given twice"),
        ("colour=red", "there is no parameter 'colour' here"),
    ],
)
def test_what_is_wrong_with_a_query_is_said_in_one_sentence(query: str, what: str) -> None:
    with pytest.raises(ProblemError) as caught:
        query_of(asked(query), Wanted)
    assert (caught.value.status, caught.value.what) == (400, what)


def test_an_unknown_parameter_is_told_which_there_are() -> None:
    for shape, do in ((Wanted, "it takes count, name"), (NoQuery, "it takes none")):
        with pytest.raises(ProblemError) as caught:
            query_of(asked("x=1"), shape)
        assert caught.value.do == do


async def test_a_body_becomes_a_value() -> None:
    assert await body_of(asked(body=b'{"name": "a", "deep": [{"count": 1}]}'), Body) == Body("a", [Wanted(count=1)])


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'{"name": 7}', "the field name is not right: expected `str`, got `int`"),
        (b"{}", "the body is missing required field `name`"),
        (b'{"name": "a", "x": 1}', "the body contains unknown field `x`"),
        (b'{"name": "a", "deep": [{"count": 0}]}', "the field deep[0].count is not right: expected `int` >= 1"),
        (b"{", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b'{"name": "\xff"}', "the body is not JSON"),
        (b"[]", "the body is not right: expected `object`, got `array`"),
    ],
)
async def test_what_is_wrong_with_a_body_is_said_in_one_sentence(body: bytes, what: str) -> None:
    with pytest.raises(ProblemError) as caught:
        await body_of(asked(body=body), Body)
    assert (caught.value.status, caught.value.what) == (400, what)


async def test_a_body_that_announces_too_much_is_not_read() -> None:
    with pytest.raises(ProblemError) as caught:
        await body_of(asked(headers=[(b"content-length", b"65537")]), Body)
    assert caught.value.status == 413


def test_an_answer_is_json_that_nobody_keeps() -> None:
    response = as_json({"a": 1})

    assert response.body == b'{"a":1}'
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"


def test_no_answer_is_no_body() -> None:
    assert as_json(None, 204).body == b""
