"""Clients on httpx, sync and async, guarded: what nobody declared sends not one byte."""

import asyncio
import subprocess
import sys
from typing import Any

import httpx
import httpx2
import pytest
from tests.adapters.graph.conftest import RawServer, http
from tests.contract.conftest import CONTRACT

from penstock.contract import ContractViolation, guarded_transport

WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/orders/7", {"data": {"access_token": "secret", "method": "get"}}),
    ("POST", "/orders", {"data": {"method": "get"}}),
    ("POST", "/orders", {"json": {"method": "DELETE"}}),
    ("POST", "/orders", {"data": {"method": "get"}, "files": {"file": b"x"}}),
    ("POST", "/orders", {"headers": {"X-HTTP-Method-Override": "GET"}}),
    ("GET", "/orders/7?method=delete", {}),
    ("GET", "/orders/7", {"params": {"method": "delete"}}),
    ("GET", "/orders/7", {"content": b"x"}),
    ("GET", "/orders/7", {"headers": {"X-Method-Override": "DELETE"}}),
    ("GET", "/orders/7/items", {}),
    ("GTE", "/orders/7", {}),
    ("PUT", "/orders", {"content": b"x"}),
]


either = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])


def client(library: Any) -> httpx.AsyncClient:
    made: httpx.AsyncClient = library.AsyncClient(
        transport=guarded_transport(CONTRACT, library.AsyncHTTPTransport(verify=False))
    )
    return made


@either
async def test_declared_requests_pass(server: RawServer, library: Any) -> None:
    async with client(library) as http_client:
        for _ in range(2):
            assert (await http_client.get(f"{server.base}/orders/7", params={"expand": "a"})).status_code == 200
        made = await http_client.post(f"{server.base}/orders", json={"amount": 5, "method": "card"})
        assert made.status_code == 200
    assert server.requests[0].startswith(b"GET /orders/7?expand=a HTTP/1.1\r\n")


@either
@pytest.mark.parametrize(("method", "path", "more"), WRONG, ids=str)
async def test_what_nobody_declared_sends_not_one_byte(
    server: RawServer, library: Any, method: str, path: str, more: dict[str, Any]
) -> None:
    async with client(library) as http_client:
        with pytest.raises(ContractViolation) as refused:
            await http_client.request(method, server.base + path, **more)
    assert (server.received, server.connections) == (b"", 0)
    assert "secret" not in str(refused.value)


@either
async def test_a_client_that_does_not_wait_for_anybody_is_guarded_the_same(server: RawServer, library: Any) -> None:
    def calls() -> Any:
        with library.Client(transport=guarded_transport(CONTRACT, library.HTTPTransport(verify=False))) as http_client:
            for method, path, more in WRONG:
                with pytest.raises(ContractViolation):
                    http_client.request(method, server.base + path, **more)
            return http_client.get(f"{server.base}/orders/7").status_code

    assert await asyncio.to_thread(calls) == 200
    assert (len(server.requests), server.connections) == (1, 1)


@either
async def test_a_redirect_that_is_followed_is_a_second_request_and_is_refused(server: RawServer, library: Any) -> None:
    server.answer(http(302, b"", f"Location: http://localhost:{server.port}/orders/7"))
    async with client(library) as http_client:
        with pytest.raises(ContractViolation, match="'localhost'"):
            await http_client.get(f"{server.base}/orders/7", follow_redirects=True)
    assert len(server.requests) == 1


@either
async def test_a_call_may_name_its_operation(server: RawServer, library: Any) -> None:
    async with client(library) as http_client:
        with pytest.raises(ContractViolation, match=r"orders\.make: the path"):
            await http_client.get(f"{server.base}/orders/7", extensions={"operation": "orders.make"})
        made = await http_client.post(f"{server.base}/orders", content=b"x", extensions={"operation": "orders.make"})
        assert made.status_code == 200


@either
async def test_a_streamed_body_is_not_read_for_the_check(server: RawServer, library: Any) -> None:
    async def pieces() -> Any:
        yield b"method=get"

    async with client(library) as http_client:
        assert (await http_client.post(f"{server.base}/orders", content=pieces())).status_code == 200


def test_neither_library_is_needed_to_import_it() -> None:
    code = (
        "import sys; sys.modules.update({'httpx': None, 'httpx2': None}); import penstock.contract; "
        "penstock.contract.guarded_transport"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
