"""Other people's declarations: what could be read in two ways cannot be declared."""

import enum
import http
import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from penstock.contract import DeclarationError, Operation
from penstock.contract.declaring import METHODS


class Verb(enum.StrEnum):
    GET = "GET"


def declared(**changes: Any) -> Operation:
    known: dict[str, Any] = {
        "name": "orders.read",
        "method": "GET",
        "hosts": ("api.example.com",),
        "path": re.compile("/orders/[0-9]+"),
    }
    return Operation(**(known | changes))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_exact_text_of_a_verb_can_be_declared(method: Any) -> None:
    assert declared(method=method).method == method


@pytest.mark.parametrize(
    "method",
    ["get", "Get ", "GTE", "", "OPTIONS", "CONNECT", b"GET", None, 1, ("GET",), Verb.GET, http.HTTPMethod.GET],
    ids=repr,
)
def test_any_other_method_cannot(method: Any) -> None:
    with pytest.raises(DeclarationError, match="must be the exact text DELETE or GET or HEAD"):
        declared(method=method)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "orders"},
        {"name": "Orders.Read"},
        {"path": "/orders"},
        {"path": re.compile(b"/orders")},
        {"query": {"page"}},
        {"query": frozenset({"method"})},
        {"query": frozenset({"X-HTTP-Method-Override"})},
        {"query": frozenset({"access_token"})},
        {"query": frozenset({b"page"})},
        {"headers": ["Authorization"]},
        {"headers": ("X-HTTP-Method-Override",)},
        {"headers": ("x-http-method",)},
        {"headers": (b"Authorization",)},
        {"hosts": ()},
        {"hosts": "api.example.com"},
        {"hosts": ["api.example.com"]},
        {"hosts": ("https://api.example.com",)},
        {"hosts": ("api.example.com/",)},
        {"hosts": ("api.example.com:443",)},
        {"hosts": ("API.example.com",)},
        {"hosts": ("user@api.example.com",)},
        {"hosts": (".com",)},
        {"hosts": ("",)},
        {"hosts": (None,)},
        {"body": 1},
        {"insecure": "yes"},
    ],
    ids=str,
)
def test_whatever_could_be_read_in_another_way_cannot_be_declared(changes: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        declared(**changes)


@pytest.mark.parametrize("host", ["api.example.com", ".example.com", "127.0.0.1", "::1", "localhost"])
def test_names_suffixes_and_addresses_are_hosts(host: str) -> None:
    assert declared(hosts=(host,)).hosts == (host,)


def test_an_operation_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        declared().method = "POST"  # type: ignore[misc]
