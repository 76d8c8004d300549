"""Requests out of bytes."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.simulator.incoming import Incoming
from penstock.simulator.request_reader import Malformed, RequestReader

TWO = (
    b"get /v26.0/1 HTTP/1.1\r\nHost: x\r\nX-Odd:  a b \r\n\r\n"
    b"POST /v26.0/2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    b"PUT /3 HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"
)


def read(*pieces: bytes) -> list[Incoming]:
    reader, found = RequestReader(), []
    for piece in pieces:
        reader.feed(piece)
        while (request := reader.next()) is not None:
            found.append(request)
    return found


def test_methods_and_headers_are_kept_as_they_came() -> None:
    first, second, third = read(TWO)

    assert (first.method, first.target, first.header("x-odd")) == ("get", "/v26.0/1", "a b")
    assert (second.method, second.body, second.keep_alive) == ("POST", b"abcde", True)
    assert (third.body, third.keep_alive) == (b"hi", False)


@given(st.lists(st.integers(0, len(TWO)), max_size=12))
@settings(max_examples=50, deadline=None)
def test_it_does_not_matter_in_which_pieces_bytes_come(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(TWO)]

    assert read(*(TWO[a:b] for a, b in itertools.pairwise(places))) == read(TWO)


def test_a_client_that_waits_before_its_body_is_noticed_once() -> None:
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")

    assert reader.next() is None
    assert reader.take_expectation()
    assert not reader.take_expectation()
    reader.feed(b"hi")
    request = reader.next()
    assert request is not None
    assert request.body == b"hi"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
    ],
)
def test_what_is_not_http_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(Malformed) as caught:
        read(data)

    assert caught.value.status == status
