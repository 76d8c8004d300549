"""The legacy form is really the one of the incident: shown on bytes, where nothing checks it."""

import asyncio

import aiohttp
from tests.adapters.graph.conftest import MEDIA_ID, TOKEN, RawServer, graph_at, http, server

from penstock.adapters.graph.checked import Call
from penstock.core import contract, hosts
from penstock.core.contract import Declared, Pinned
from penstock.core.exchange import Trouble
from penstock.core.operation import LOOK_UP
from penstock.demo.legacy import send_legacy

__all__ = ["server"]


class Unchecked(Call):
    """A call that lets everything through."""

    __slots__ = ()

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        return await handler(request)


async def test_unchecked_it_is_a_post_with_the_method_and_the_token_in_its_body(server: RawServer) -> None:
    server.answer(http(405))
    graph = hosts.read(server.base)
    assert graph is not None
    pinned = Pinned(graph, "v26.0", (), True, "x")
    web = contract.look_up(pinned, MEDIA_ID)
    assert web is not None
    body = f"access_token={TOKEN}&method=get".encode()
    async with aiohttp.ClientSession() as session:
        answer = await send_legacy(session, Unchecked(Declared(LOOK_UP, web, TOKEN), pinned))
        async with asyncio.timeout(60):
            while not server.received.endswith(body):
                await asyncio.sleep(0.01)
        answer.close()
    head = server.received.removesuffix(b"\r\n\r\n" + body)
    assert head.startswith(f"POST /v26.0/{MEDIA_ID} HTTP/1.1\r\n".encode())
    assert b"Content-Type: application/x-www-form-urlencoded" in head


async def test_checked_it_sends_not_one_byte(server: RawServer) -> None:
    server.answer(http(200, b"{}"))
    async with graph_at(server, send=send_legacy) as graph:
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.trouble, exchange.wire_method, server.received) == (Trouble.CONTRACT, "POST", b"")
    assert TOKEN not in str(exchange)
