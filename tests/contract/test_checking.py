"""Whatever is not one of the declared operations, whole and plain, is a violation."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.contract import Contract, ContractViolation, DeclarationError, Operation
from penstock.contract.checking import violation
from penstock.core.contract import Prepared
from penstock.core.errors import PenstockError

READ = Operation(
    name="orders.read",
    method="GET",
    hosts=("api.example.com", ".shop.example.com"),
    path=re.compile(r"/v1/orders/[0-9]+"),
    query=frozenset({"expand"}),
    headers=("Authorization",),
)
MAKE = Operation(
    name="orders.make", method="POST", hosts=("api.example.com",), path=re.compile(r"/v1/orders"), body=True
)
DROP = Operation(name="orders.drop", method="DELETE", hosts=("api.example.com",), path=READ.path)
CONTRACT = Contract(READ, MAKE, DROP)


def prepared(**changes: Any) -> Prepared:
    plain = Prepared("GET", "https", "api.example.com", 443, "/v1/orders/7", (("authorization", "Bearer secret"),))
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target": "/v1/orders/7?expand=items"},
        {"target": "/v1/orders/7?expand=a&expand=b"},
        {"host": "eu.shop.example.com"},
        {"port": None},
        {"headers": (("Authorization", "x"), ("Accept", "*/*"), ("Content-Length", "0"))},
        {"http_version": (2, 0)},
    ],
    ids=str,
)
def test_a_request_as_declared_is_its_operation(changes: dict[str, Any]) -> None:
    assert CONTRACT.check(prepared(**changes)) is READ


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "POST"}, "the method is 'POST', not 'GET'"),
        ({"method": "get"}, "the method is 'get'"),
        ({"method": b"GET"}, "the method is"),
        ({"scheme": "http", "port": 80}, "is not one of its hosts"),
        ({"port": 8443}, "is not one of its hosts"),
        ({"host": "api.example.com.evil.example"}, "is not one of its hosts"),
        ({"host": "shop.example.com"}, "is not one of its hosts"),
        ({"host": "api.example.com."}, "read in more than one way"),
        ({"host": "user@api.example.com"}, "read in more than one way"),
        ({"scheme": "ftp"}, "read in more than one way"),
        ({"target": "/v1/orders/7/../8"}, "read in more than one way"),
        ({"target": "/v1/orders/7/"}, "the path is not one of its own"),
        ({"target": "/v1/orders"}, "the path is not one of its own"),
        ({"target": "/v1/orders/7?limit=5"}, "a key that is not declared"),
        ({"target": "/v1/orders/7?method=delete"}, "the query holds method"),
        ({"target": "/v1/orders/7?expand=a;_method=delete"}, "the query holds _method"),
        ({"target": "/v1/orders/7?access_token=x"}, "the query holds access_token"),
        ({"headers": ()}, "the header Authorization is missing"),
        ({"headers": (("Authorization", "a"), ("authorization", "b"))}, "the header Authorization stands there twice"),
        *(
            ({"headers": (("Authorization", "a"), (name, "DELETE"))}, "stands for another method")
            for name in ("X-HTTP-Method-Override", "x-method-override", "X-HTTP-Method", "_method", "Method")
        ),
        ({"body": True}, "there is a body"),
        ({"headers": (("Authorization", "a"), ("Content-Length", "3"))}, "there is a body"),
        ({"headers": (("Authorization", "a"), ("Transfer-Encoding", "chunked"))}, "there is a body"),
        ({"tunnelled": "method"}, "of its body stands for another method"),
        ({"verified": False}, "certificate would not be checked"),
    ],
    ids=str,
)
def test_anything_else_is_a_violation_and_its_sentence_shows_no_secret(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ContractViolation) as refused:
        CONTRACT.check(prepared(**changes), "orders.read")
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_body_may_be_there_where_it_is_declared_and_may_hold_no_verb() -> None:
    made = prepared(method="POST", target="/v1/orders", headers=(("Content-Length", "5"),), body=True)
    assert CONTRACT.check(made) is MAKE
    with pytest.raises(ContractViolation, match="the field 'method' of its body"):
        CONTRACT.check(msgspec.structs.replace(made, tunnelled="method"))


def test_without_a_name_any_declared_operation_will_do_and_with_one_only_that() -> None:
    dropped = prepared(method="DELETE")
    assert CONTRACT.check(dropped) is DROP
    with pytest.raises(ContractViolation, match=r"orders\.read: the method is 'DELETE', not 'GET'; it was not sent"):
        CONTRACT.check(dropped, "orders.read")
    with pytest.raises(ContractViolation, match=r"nobody declared an operation 'orders\.burn'"):
        CONTRACT.check(dropped, "orders.burn")


def test_the_sentence_names_the_operation_that_it_was_most_like() -> None:
    with pytest.raises(ContractViolation, match=r"^orders\.make: the method is 'PUT', not 'POST'"):
        CONTRACT.check(prepared(method="PUT", target="/v1/orders"))
    with pytest.raises(ContractViolation, match=r"nothing that was declared goes to this path of 'evil\.example'"):
        CONTRACT.check(prepared(host="evil.example"))


def test_insecure_permits_what_tests_on_loopback_need_and_nothing_else() -> None:
    lax = Operation(name="a.b", method="GET", hosts=("127.0.0.1", "::1"), path=re.compile("/x"), insecure=True)
    for host in lax.hosts:
        local = Prepared("GET", "http", host, 4040, "/x", (), verified=False)
        assert violation(local, lax) is None
        assert violation(msgspec.structs.replace(local, method="POST"), lax) is not None


def test_a_violation_is_an_error_for_people() -> None:
    assert issubclass(ContractViolation, PenstockError)
    assert (ContractViolation.fault, ContractViolation.retryable) == ("ours", False)


def test_two_operations_of_one_name_are_no_contract() -> None:
    with pytest.raises(DeclarationError, match="same name"):
        Contract(READ, READ)


@given(
    st.sampled_from(["GET", "POST", "DELETE", "get", ""]),
    st.one_of(st.just("api.example.com"), st.text(max_size=20)),
    st.one_of(st.from_regex(r"/v1/orders(/[0-9]{1,3})?(\?[a-z=&;%]{0,20})?", fullmatch=True), st.text(max_size=30)),
)
@settings(deadline=None, max_examples=300)
def test_whatever_passes_is_plain(method: str, host: str, target: str) -> None:
    try:
        operation = CONTRACT.check(prepared(method=method, host=host, target=target))
    except ContractViolation:
        return
    assert (method, host) == (operation.method, "api.example.com")
    assert operation.path.fullmatch(target.partition("?")[0])
    assert not set(target) & set("\r\n #\\")
