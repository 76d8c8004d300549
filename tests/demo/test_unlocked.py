"""What the incident's client sends when nothing stops it: a POST for a look-up, and what is declared for all else."""

from tests.adapters.graph.conftest import MEDIA_ID, TOKEN, RawServer, graph_at, http, server

from penstock.core.exchange import Trouble
from penstock.demo.unlocked import send_unlocked

__all__ = ["server"]


async def test_a_look_up_goes_out_as_post_and_the_record_says_so(server: RawServer) -> None:
    server.answer(http(405))
    async with graph_at(server, send=send_unlocked) as graph:
        exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert found is None
    assert (exchange.declared_method, exchange.wire_method, exchange.status) == ("GET", "POST", 405)
    assert server.received.startswith(f"POST /v26.0/{MEDIA_ID} HTTP/1.1\r\n".encode())
    assert TOKEN not in str(exchange)


async def test_a_download_goes_out_as_declared(server: RawServer) -> None:
    server.answer(http(404))

    async def write(_chunk: bytes) -> None:
        raise AssertionError

    async with graph_at(server, send=send_unlocked) as graph:
        exchange, _ = await graph.download(f"{server.base}/x", token=TOKEN, write=write, sha256=None, size=None)
    assert (exchange.wire_method, exchange.trouble is Trouble.CONTRACT) == ("GET", False)
