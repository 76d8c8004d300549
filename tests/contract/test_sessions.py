"""An aiohttp session of somebody else's, guarded: what nobody declared sends not one byte."""

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession
from tests.adapters.graph.conftest import RawServer, http
from tests.contract.conftest import CONTRACT

from penstock.contract import ContractViolation, guard, guarded_session

Session = Callable[[], ClientSession]


def with_the_middleware() -> ClientSession:
    return ClientSession(middlewares=(guard(CONTRACT),))


def sealed() -> ClientSession:
    return guarded_session(CONTRACT)


def form(**fields: str) -> aiohttp.FormData:
    data = aiohttp.FormData(fields)
    data.add_field("file", b"x", filename="x")
    return data


either = pytest.mark.parametrize("session_of", [with_the_middleware, sealed])


@either
async def test_declared_requests_pass(server: RawServer, session_of: Session) -> None:
    async with session_of() as session:
        for _ in range(2):
            async with session.get(f"{server.base}/orders/7", params={"expand": "items"}) as answer:
                assert answer.status == 200
        async with session.post(f"{server.base}/orders", json={"amount": 5, "method": "card"}) as answer:
            assert answer.status == 200
    lines = [head.split(b"\r\n")[0] for head in server.requests[:2]]
    assert lines == [b"GET /orders/7?expand=items HTTP/1.1"] * 2


@either
@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/orders/7", {"data": {"access_token": "secret", "method": "get"}}),
        ("POST", "/orders", {"data": {"method": "get"}}),
        ("POST", "/orders", {"json": {"method": "DELETE"}}),
        ("POST", "/orders", {"multipart": {"method": "get"}}),
        ("POST", "/orders", {"headers": {"X-HTTP-Method-Override": "GET"}}),
        ("GET", "/orders/7?method=delete", {}),
        ("GET", "/orders/7", {"params": {"method": "delete"}}),
        ("GET", "/orders/7", {"data": b"x"}),
        ("GET", "/orders/7", {"headers": {"X-Method-Override": "DELETE"}}),
        ("GET", "/orders/7/items", {}),
        ("GET", "/orders/7?limit=5", {}),
        ("GTE", "/orders/7", {}),
        ("PUT", "/orders", {"data": b"x"}),
    ],
    ids=str,
)
async def test_what_nobody_declared_sends_not_one_byte(
    server: RawServer, session_of: Session, method: str, path: str, more: dict[str, Any]
) -> None:
    if fields := more.get("multipart"):
        more = {"data": form(**fields)}
    async with session_of() as session:
        with pytest.raises(ContractViolation) as refused:
            await session.request(method, server.base + path, **more)
    assert (server.received, server.connections) == (b"", 0)
    assert "secret" not in str(refused.value)


@either
async def test_a_redirect_to_elsewhere_is_a_second_request_and_is_refused(
    server: RawServer, session_of: Session
) -> None:
    server.answer(http(302, b"", f"Location: http://localhost:{server.port}/orders/7"))
    async with session_of() as session:
        with pytest.raises(ContractViolation, match="'localhost'"):
            await session.get(f"{server.base}/orders/7")
    assert len(server.requests) == 1


async def test_a_call_may_name_its_operation(server: RawServer) -> None:
    async with ClientSession() as session:
        only = (guard(CONTRACT, "orders.make"),)
        with pytest.raises(ContractViolation, match=r"orders\.make: the path"):
            await session.get(f"{server.base}/orders/7", middlewares=only)
        async with session.post(f"{server.base}/orders", data=b"x", middlewares=only) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("middlewares", [(), "own"])
async def test_a_sealed_session_writes_nothing_undeclared_whatever_middlewares_a_call_brings(
    server: RawServer, middlewares: Any
) -> None:
    async def change(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        request.method = "DELETE"
        return await handler(request)

    async with guarded_session(CONTRACT) as session:
        call = session.get if middlewares else session.delete
        with pytest.raises(ContractViolation, match="the method is 'DELETE'"):
            await call(f"{server.base}/orders/7", middlewares=(change,) if middlewares else ())
    assert server.received == b""


async def test_a_sealed_session_keeps_what_it_was_given(server: RawServer) -> None:
    seen = []

    async def look(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        seen.append(request.method)
        return await handler(request)

    async with (
        guarded_session(CONTRACT, middlewares=(look,), headers={"X-A": "b"}) as session,
        session.get(f"{server.base}/orders/7"),
    ):
        pass
    assert seen == ["GET"]
    assert b"X-A: b" in server.requests[0]


async def test_a_streamed_body_is_not_read_for_the_check(server: RawServer) -> None:
    async def pieces() -> Any:
        yield b"method=get"

    async with with_the_middleware() as session, session.post(f"{server.base}/orders", data=pieces()) as answer:
        assert answer.status == 200
