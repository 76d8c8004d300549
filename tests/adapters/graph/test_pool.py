"""Which connection a request gets: a used one after a success, a new one after anything else, never an unquiet one."""

import asyncio
import hashlib
import json
from typing import Any

from tests.adapters.graph.conftest import MEDIA_ID, TOKEN, RawServer, Sink, graph_at, http, then_close

from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.limits import Limits
from penstock.core.exchange import Exchange, Received, Trouble

FILE = b"the file of this customer"
OTHER = b"a file of somebody else's"


def answer(data: bytes) -> bytes:
    return http(200, data, kind="image/jpeg")


def found(server: RawServer, media_id: str = MEDIA_ID) -> bytes:
    return http(200, json.dumps({"url": server.url, "id": media_id}).encode())


async def fetch(graph: HttpGraph, server: RawServer, data: bytes = FILE) -> tuple[Exchange, Received | None]:
    return await graph.download(
        server.url, token=TOKEN, write=Sink().write, sha256=hashlib.sha256(data).digest(), size=len(data)
    )


async def test_a_connection_is_used_again_after_a_success(server: RawServer, graph: HttpGraph) -> None:
    server.answer(answer(FILE))
    for _ in range(5):
        assert (await fetch(graph, server))[1] is not None
    assert server.of_connection == [1] * 5


async def test_a_failure_however_small_its_answer_is_followed_by_a_new_connection(
    server: RawServer, graph: HttpGraph
) -> None:
    """A short refusal is whole before it is judged: the client would give its connection to the next request."""
    server.answer(http(405), answer(OTHER), http(404, b"{}"), answer(FILE))
    for _ in range(4):
        await fetch(graph, server)
    assert server.of_connection == [1, 2, 3, 4]


async def test_no_request_that_waits_gets_the_connection_of_a_failure(server: RawServer) -> None:
    """A request that waits for a free connection would be handed it the moment the refusal is whole."""
    server.answer(http(405))
    async with graph_at(server, concurrency=1) as graph:
        await asyncio.gather(*(fetch(graph, server) for _ in range(6)))
    assert sorted(server.of_connection) == [1, 2, 3, 4, 5, 6]


async def test_no_more_connections_are_open_than_were_asked_for(server: RawServer) -> None:
    open_now = most = 0
    all_there = asyncio.Event()

    async def count(writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        if open_now == 3:
            all_there.set()
        await all_there.wait()
        await asyncio.sleep(0.02)  # a fourth one would come meanwhile
        open_now -= 1
        writer.write(answer(FILE))

    server.answer(count)
    async with graph_at(server, concurrency=3) as graph:
        results = await asyncio.gather(*(fetch(graph, server) for _ in range(12)))
    assert all(received is not None for _, received in results)
    assert (most, server.connections) == (3, 3)


async def test_an_answer_glued_behind_another_is_never_given_to_the_next_request(
    server: RawServer, graph: HttpGraph
) -> None:
    glued = answer(FILE) + answer(OTHER)
    server.answer(glued)
    for _ in range(20):
        exchange, received = await fetch(graph, server)
        assert received is not None and received.sha256 == hashlib.sha256(FILE).digest()
        assert exchange.succeeded
    assert server.of_connection == list(range(1, 21))


async def test_an_answer_that_comes_unasked_on_an_idle_connection_is_never_given_to_the_next_request(
    server: RawServer, graph: HttpGraph
) -> None:
    sent = asyncio.Event()

    async def later(writer: asyncio.StreamWriter) -> None:
        writer.write(found(server))
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(found(server, "6666"))
        await writer.drain()
        sent.set()

    server.answer(later, found(server))
    assert (await graph.look_up(MEDIA_ID, token=TOKEN))[1] is not None
    await sent.wait()
    await asyncio.sleep(0.05)
    exchange, answered = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert answered is not None and exchange.succeeded
    assert server.of_connection == [1, 2]


async def test_an_answer_meant_for_another_media_id_is_refused_even_when_it_comes_in_time(
    server: RawServer, graph: HttpGraph
) -> None:
    server.answer(found(server, "6666"))
    exchange, answered = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.trouble, answered) == (Trouble.WRONG_SHAPE, None)


async def test_an_idle_connection_that_the_server_has_ended_is_no_failure(server: RawServer, graph: HttpGraph) -> None:
    """The client writes to it before it has seen the end, and asks once more over another connection."""

    async def drop(writer: asyncio.StreamWriter) -> None:
        writer.close()

    server.answer(answer(FILE), drop, answer(FILE))
    assert (await fetch(graph, server))[1] is not None
    exchange, received = await fetch(graph, server)
    assert received is not None and exchange.trouble is None
    assert server.of_connection == [1, 1, 2]


async def test_a_server_that_is_gone_when_its_idle_connection_has_ended_cannot_be_reached(
    server: RawServer, graph: HttpGraph
) -> None:
    async def shut_down(writer: asyncio.StreamWriter) -> None:
        assert server._server is not None
        server._server.close()
        writer.close()

    server.answer(answer(FILE), shut_down)
    assert (await fetch(graph, server))[1] is not None
    exchange, _ = await fetch(graph, server)
    assert (exchange.trouble, exchange.peer_address) == (Trouble.CONNECT, None)


async def test_a_new_connection_that_the_server_drops_is_a_failure_and_is_not_quietly_repeated(
    server: RawServer, graph: HttpGraph
) -> None:
    server.answer(then_close(b""), answer(FILE))
    exchange, _ = await fetch(graph, server)
    assert (exchange.trouble, exchange.peer_address) == (Trouble.RESET, "127.0.0.1")
    assert server.of_connection == [1]


async def test_a_pooled_connection_does_not_time_out_for_having_been_idle(server: RawServer) -> None:
    """Some versions of the client let the read timer of the last answer run on while the connection lies in the pool."""
    server.answer(answer(FILE))
    silence_s = 1.0
    async with graph_at(server, limits=Limits(silence_s=silence_s)) as graph:
        for _ in range(2):
            exchange, received = await fetch(graph, server)
            assert received is not None, exchange
            await asyncio.sleep(silence_s * 1.2)
        await fetch(graph, server)
    assert set(server.of_connection) == {1}


async def test_every_connection_is_closed_at_the_end(server: RawServer) -> None:
    server.answer(answer(FILE))
    async with graph_at(server) as graph:
        await asyncio.gather(*(fetch(graph, server) for _ in range(5)))
        assert server._open
    async with asyncio.timeout(60):
        while server._open:
            await asyncio.sleep(0.01)


async def test_many_hostile_answers_at_once_leave_nothing_behind(server: RawServer) -> None:
    hostile: list[Any] = [
        http(405),
        answer(OTHER),
        answer(FILE) + answer(OTHER),
        then_close(answer(FILE)[:-5]),
        then_close(b""),
        http(200, b"", "Content-Length: 99999999999", length=False),
        b"junk\r\n\r\n",
        http(200, FILE, "Content-Encoding: gzip"),
    ]
    server.answer(*hostile * 10, answer(FILE))
    async with graph_at(server, concurrency=16) as graph:
        results = await asyncio.gather(*(fetch(graph, server) for _ in range(80)))
        for exchange, received in results:
            assert (received is not None) == exchange.succeeded
        for _ in range(20):
            assert (await fetch(graph, server))[1] is not None
        assert not graph._session.connector._acquired  # type: ignore[union-attr]


async def test_a_probe_has_a_connection_of_its_own_and_those_that_lay_idle_are_closed(
    server: RawServer, graph: HttpGraph
) -> None:
    server.answer(answer(FILE))
    for probe in (False, False, True, False, True):
        exchange, received = await graph.download(
            server.url,
            token=TOKEN,
            write=Sink().write,
            sha256=hashlib.sha256(FILE).digest(),
            size=len(FILE),
            probe=probe,
        )
        assert received is not None
        assert exchange.trouble is None
    assert server.of_connection == [1, 1, 2, 2, 3]


async def test_a_look_up_that_probes_is_given_up_sooner(server: RawServer) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await writer.drain()
        await asyncio.sleep(120)

    server.answer(silent)
    async with graph_at(server, limits=Limits(probe_head_s=0.5)) as graph:
        exchange, nothing = await graph.look_up(MEDIA_ID, token=TOKEN, probe=True)
    assert nothing is None
    assert exchange.trouble is Trouble.READ_TIMEOUT
