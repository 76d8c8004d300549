"""Bodies are read up to a limit in bytes and in time, and no further."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.web.bodies import BodyTooLargeError, BodyTooSlowError, ClientGoneError, header, read_body

Receive = Callable[[], Awaitable[dict[str, Any]]]


def said(*messages: dict[str, Any]) -> Receive:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def read(receive: Receive, *, limit_bytes: int = 10, within_s: float = 5, length: bytes | None = None) -> bytes:
    headers = [] if length is None else [(b"content-length", length)]
    return await read_body(receive, headers=headers, limit_bytes=limit_bytes, within_s=within_s)


async def test_the_parts_of_a_body_are_put_together() -> None:
    assert await read(said(part(b"abc", more=True), part(b"", more=True), part(b"de"))) == b"abcde"


async def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert await read(said(part(b"0123456789")), length=b"10") == b"0123456789"


async def test_a_byte_more_than_the_limit_is_refused_however_it_comes() -> None:
    with pytest.raises(BodyTooLargeError):
        await read(said(part(b"01234", more=True), part(b"567890")))


async def test_an_announced_length_over_the_limit_is_refused_before_anything_is_read() -> None:
    for length in (b"11", b"99999999999999999999999999999999"):
        with pytest.raises(BodyTooLargeError):
            await read(said(), length=length)


async def test_a_length_that_is_none_does_not_matter() -> None:
    assert await read(said(part(b"ok")), length=b"many") == b"ok"


async def test_a_body_that_does_not_end_is_given_up() -> None:
    with pytest.raises(BodyTooSlowError):
        await read(said(part(b"a", more=True)), within_s=0.01)


async def test_a_client_that_leaves_is_noticed() -> None:
    with pytest.raises(ClientGoneError):
        await read(said(part(b"a", more=True), {"type": "http.disconnect"}))


def test_the_first_header_of_a_name_counts() -> None:
    assert header([(b"a", b"1"), (b"b", b"2"), (b"b", b"3")], b"b") == b"2"
    assert header([], b"b") is None
