"""Lock 1: a wrong method cannot be declared."""

import enum
import http
import inspect
import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from penstock.adapters.graph import http as adapter
from penstock.adapters.graph.port import Graph
from penstock.core.operation import (
    DOWNLOAD,
    HEADERS,
    LOOK_UP,
    OF_BODY,
    REGISTRY,
    UPLOAD,
    DeclarationError,
    HostRule,
    Operation,
    registry,
)


class Verb(enum.StrEnum):
    GET = "GET"


class PlainVerb(enum.Enum):
    GET = "GET"


class Text(str):
    __slots__ = ()


def declared(**changes: Any) -> Operation:
    known: dict[str, Any] = {"name": "media.test", "method": "GET", "host": HostRule.GRAPH, "path": re.compile("/x")}
    return Operation(**(known | changes))


@pytest.mark.parametrize(
    "method",
    [
        *("get", "Get", "GET ", " GET", "GTE", "", "POST", "DELETE", "PUT", "HEAD", "PATCH", "GET\r\n", "method=get"),
        *(b"GET", bytearray(b"GET"), None, 1, ("GET",), ["GET"], {"GET"}, True, 1.5),
        *(Verb.GET, PlainVerb.GET, http.HTTPMethod.GET, Text("GET")),
    ],
    ids=lambda method: f"{type(method).__name__} {method!r}"[:40],
)
def test_a_method_that_is_not_the_exact_text_get_cannot_be_declared(method: object) -> None:
    with pytest.raises(DeclarationError, match="it must be the exact text GET"):
        declared(method=method)


def test_the_exact_text_get_can_be_declared() -> None:
    assert declared().method == "GET"


def with_body(**changes: Any) -> Operation:
    return declared(**({"method": "POST", "body": True, "headers": (*HEADERS, *OF_BODY)} | changes))


@pytest.mark.parametrize(
    "method",
    [
        *("post", "Post", "POST ", "GET", "DELETE", "PUT", "PATCH", "HEAD", "", "method=post"),
        *(b"POST", None, ("POST",), http.HTTPMethod.POST, Text("POST")),
    ],
    ids=lambda method: f"{type(method).__name__} {method!r}"[:40],
)
def test_what_has_a_body_can_be_declared_with_the_exact_text_post_only(method: object) -> None:
    assert with_body().method == "POST"
    with pytest.raises(DeclarationError, match="it must be the exact text POST"):
        with_body(method=method)


@pytest.mark.parametrize("headers", [HEADERS, (*HEADERS, "Content-Type"), (*HEADERS, "Content-Length"), OF_BODY[:1]])
def test_what_has_a_body_must_say_what_and_how_long_it_is(headers: tuple[str, ...]) -> None:
    with pytest.raises(DeclarationError, match="has a body and must have Content-Type and Content-Length"):
        with_body(headers=headers)


@pytest.mark.parametrize("header", ["Transfer-Encoding", "Content-Encoding", "Expect", "content-length"])
def test_a_body_has_no_other_headers(header: str) -> None:
    with pytest.raises(DeclarationError, match="must not have the header"):
        with_body(headers=(*HEADERS, *OF_BODY, header))


@pytest.mark.parametrize("body", [1, "yes", None, b""])
def test_whether_there_is_a_body_is_true_or_false(body: object) -> None:
    with pytest.raises(DeclarationError, match="needs True or False for body"):
        declared(body=body)


def test_of_ours_only_the_upload_has_a_body() -> None:
    assert [operation.name for operation in REGISTRY.values() if operation.body] == ["media.upload"]


@pytest.mark.parametrize(
    "key", ["method", "METHOD", "_method", "access_token", "Access_Token", "x_http_method_override", b"y"]
)
def test_a_query_key_that_stands_for_a_verb_or_a_token_cannot_be_declared(key: object) -> None:
    with pytest.raises(DeclarationError, match="in its query"):
        declared(query=frozenset({key}))


@pytest.mark.parametrize(
    "header",
    ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method", "Cookie", "Content-Length", "host", b"Host"],
)
def test_a_header_without_a_meaning_in_the_contract_cannot_be_declared(header: object) -> None:
    with pytest.raises(DeclarationError, match="must not have the header"):
        declared(headers=(header,))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "media"},
        {"name": "Media.Test"},
        {"name": Text("media.test")},
        {"host": "graph"},
        {"path": "/x"},
        {"path": re.compile(rb"/x")},
        {"query": "fields"},
        {"query": {"fields"}},
        {"headers": ["Host"]},
    ],
)
def test_whatever_could_be_read_in_another_way_cannot_be_declared(changes: dict[str, object]) -> None:
    with pytest.raises(DeclarationError):
        declared(**changes)


def test_an_operation_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        LOOK_UP.method = "POST"  # type: ignore[misc]


def test_the_registry_is_closed_and_its_names_are_unique() -> None:
    assert dict(REGISTRY) == {"media.look_up": LOOK_UP, "media.download": DOWNLOAD, "media.upload": UPLOAD}
    with pytest.raises(TypeError):
        REGISTRY["media.delete"] = LOOK_UP  # type: ignore[index]
    with pytest.raises(DeclarationError, match="same name"):
        registry(LOOK_UP, LOOK_UP)


def test_no_public_call_takes_a_method() -> None:
    for owner in (Graph, adapter.HttpGraph):
        for name, call in inspect.getmembers(owner, inspect.isfunction):
            if not name.startswith("_"):
                assert not {"method", "verb"} & inspect.signature(call).parameters.keys(), name


def test_a_look_up_has_no_query_and_nothing_but_a_version_and_an_id_in_its_path() -> None:
    assert LOOK_UP.query == frozenset()
    assert LOOK_UP.path.fullmatch("/v26.0/1000000000000101")
    for path in ("/v26.0/", "/v26.0/1/2", "/v26.0/1?a", "/v26.0/..", "/1000000000000101", "/v26.0/1\n", "//v26.0/1"):
        assert not LOOK_UP.path.fullmatch(path), path


def test_an_upload_goes_to_the_media_of_a_number_and_nowhere_else() -> None:
    assert UPLOAD.query == frozenset()
    assert UPLOAD.path.fullmatch("/v26.0/100000000000002/media")
    for path in (
        "/v26.0/media",
        "/v26.0/a/media",
        "/v26.0/1/media/",
        "/v26.0/1/messages",
        "/v26.0/1/2/media",
        "/1/media",
    ):
        assert not UPLOAD.path.fullmatch(path), path
        assert not LOOK_UP.path.fullmatch("/v26.0/100000000000002/media")
