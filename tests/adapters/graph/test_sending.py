"""The one place that speaks to the client builds exactly the declared request."""

from tests.adapters.graph.conftest import MEDIA_ID, TOKEN, RawServer, graph_at, http

from penstock.adapters.graph.sending import refusing, send_declared
from penstock.core.exchange import Trouble
from penstock.core.operation import LOOK_UP


async def test_it_builds_what_is_declared(server: RawServer) -> None:
    server.answer(http(404))
    async with graph_at(server, send=send_declared) as graph:
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.status, exchange.wire_method) == (404, LOOK_UP.method)
    assert server.requests[0].startswith(f"GET /v26.0/{MEDIA_ID} HTTP/1.1\r\n".encode())


async def test_it_follows_nothing(server: RawServer) -> None:
    server.answer(http(302, b"", f"Location: {server.base}/v26.0/2"))
    async with graph_at(server, send=send_declared) as graph:
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.status, len(server.requests)) == (302, 1)


async def test_what_refuses_sends_nothing_and_says_why(server: RawServer) -> None:
    async with graph_at(server, send=refusing("it was a POST")) as graph:
        exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
        assert not graph.busy
    assert (exchange.trouble, found, server.requests) == (Trouble.CONTRACT, None, [])
    assert "it was a POST" in str(exchange.detail)
