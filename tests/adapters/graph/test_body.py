"""A file is held to what was declared of it, whatever the server does."""

import asyncio
import hashlib
from typing import Any

import pytest
from tests.adapters.graph.conftest import (
    LATE_BODY,
    SILENT,
    TOKEN,
    Answer,
    RawServer,
    Sink,
    graph_at,
    graph_error,
    hang,
    http,
    slowly,
    then_close,
    then_reset,
)

from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.limits import Limits
from penstock.core.exchange import Exchange, Received, Trouble
from penstock.core.verdict import Verdict, judge
from penstock.core.work import Outcome

FILE = bytes(range(256)) * 40  # 10,240 bytes
HASH = hashlib.sha256(FILE).digest()
JPEG = "image/jpeg"
CHUNKED = "Transfer-Encoding: chunked"


def chunked(data: bytes, *, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (data[:10], data[10:])) + end


def verdict_on(exchange: Exchange) -> Verdict:
    return judge(exchange, now=exchange.at, received_at=exchange.at - 3_600.0, deadline=exchange.at + 86_400.0)


async def fetch(graph: HttpGraph, server: RawServer, sink: Sink, **changes: Any) -> tuple[Exchange, Received | None]:
    known: dict[str, Any] = {"token": TOKEN, "write": sink.write, "sha256": HASH, "size": len(FILE)}
    return await graph.download(server.url, **(known | changes))


GOOD: dict[str, Answer] = {
    "plain": http(200, FILE, kind=JPEG),
    "chunked": http(200, chunked(FILE), CHUNKED, kind=JPEG, length=False),
    "no length": then_close(http(200, FILE, kind=JPEG, length=False)),
    "no type": b"HTTP/1.1 200 OK\r\nContent-Length: 10240\r\n\r\n" + FILE,
    "identity": http(200, FILE, "Content-Encoding: identity", kind=JPEG),
    "a second answer behind it": http(200, FILE, kind=JPEG) + http(200, b"evil", kind=JPEG),
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + http(200, FILE, kind=JPEG),
    "a type that looks like a page": http(200, FILE, kind="text/html"),
    "in pieces": slowly(FILE, first=http(200, FILE, kind=JPEG)[: -len(FILE)], step=2_000, every_s=0.001),
}


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("known", [{}, {"size": None}, {"sha256": None}], ids=["all", "hash", "size"])
async def test_a_file_that_is_what_was_declared_arrives_whole(
    server: RawServer, graph: HttpGraph, sink: Sink, case: str, known: dict[str, Any]
) -> None:
    server.answer(GOOD[case])
    exchange, received = await fetch(graph, server, sink, **known)
    assert received == Received(size=len(FILE), sha256=HASH, head=FILE[:4096])
    assert sink.data == FILE
    assert exchange.succeeded and exchange.trouble is None
    assert (exchange.operation, exchange.wire_method, exchange.peer_address) == ("media.download", "GET", "127.0.0.1")
    assert verdict_on(exchange).outcome is Outcome.DELIVERED


async def test_a_file_of_which_nothing_is_known_arrives_when_its_framing_says_that_it_is_whole(
    server: RawServer, graph: HttpGraph, sink: Sink
) -> None:
    server.answer(GOOD["plain"], GOOD["chunked"], GOOD["no length"])
    for expected in (None, None, Trouble.CUT_SHORT):
        exchange, _ = await fetch(graph, server, sink, sha256=None, size=None)
        assert exchange.trouble is expected


@pytest.mark.parametrize("data", [b"", b"x"], ids=["empty", "a byte"])
async def test_a_tiny_file_is_a_file(server: RawServer, graph: HttpGraph, sink: Sink, data: bytes) -> None:
    server.answer(http(200, data, kind=JPEG))
    digest = hashlib.sha256(data).digest()
    _, received = await fetch(graph, server, sink, sha256=digest, size=len(data))
    assert received == Received(size=len(data), sha256=digest, head=data)


@pytest.mark.parametrize(
    "data", [b"<!DOCTYPE html><p>a customer's page", b'{"error":{"code":190}}'], ids=["page", "json"]
)
async def test_a_customers_page_or_json_is_a_file_when_its_hash_says_so(
    server: RawServer, graph: HttpGraph, sink: Sink, data: bytes
) -> None:
    server.answer(http(200, data, kind="text/html"))
    _, received = await fetch(graph, server, sink, sha256=hashlib.sha256(data).digest(), size=len(data))
    assert received is not None


PAGE = b"<!DOCTYPE html><title>Sorry</title>"
ERROR = b'{"error":{"message":"no","type":"OAuthException","code":190}}'
BAD: dict[str, tuple[Answer, Trouble | None, Outcome]] = {
    "wrong bytes": (http(200, b"x" * len(FILE), kind=JPEG), Trouble.WRONG_HASH, Outcome.UPSTREAM),
    "shorter": (http(200, FILE[:-1], kind=JPEG), Trouble.WRONG_SIZE, Outcome.UPSTREAM),
    "shorter, chunked": (http(200, chunked(FILE[:-1]), CHUNKED, kind=JPEG, length=False), Trouble.WRONG_SIZE, Outcome.UPSTREAM),
    "empty": (http(200, b"", kind=JPEG), Trouble.WRONG_SIZE, Outcome.UPSTREAM),
    "longer": (http(200, FILE + b"x", kind=JPEG), Trouble.TOO_LONG, Outcome.UPSTREAM),
    "longer, chunked": (http(200, chunked(FILE + b"x"), CHUNKED, kind=JPEG, length=False), Trouble.TOO_LONG, Outcome.UPSTREAM),
    "longer, no length": (then_close(http(200, FILE + b"x", kind=JPEG, length=False)), Trouble.TOO_LONG, Outcome.UPSTREAM),
    "10 GB announced": (http(200, b"", "Content-Length: 10737418240", length=False), Trouble.TOO_LONG, Outcome.UPSTREAM),
    "10 GB sent": (slowly(bytes(20_000_000), first=http(200, b"", length=False), step=100_000, every_s=0), Trouble.TOO_LONG, Outcome.UPSTREAM),
    "cut short": (then_close(http(200, FILE, kind=JPEG)[:-10]), Trouble.CUT_SHORT, Outcome.UPSTREAM),
    "cut short, chunked": (then_close(http(200, chunked(FILE, end=b""), CHUNKED, kind=JPEG, length=False)), Trouble.CUT_SHORT, Outcome.UPSTREAM),
    "cut short, no length": (then_close(http(200, FILE[:-10], kind=JPEG, length=False)), Trouble.WRONG_SIZE, Outcome.UPSTREAM),
    "reset": (then_reset(http(200, FILE, kind=JPEG)[:-10]), Trouble.RESET, Outcome.UPSTREAM),
    "gzip": (http(200, FILE, "Content-Encoding: gzip", kind=JPEG), Trouble.ENCODED, Outcome.UPSTREAM),
    "brotli": (http(200, FILE, "Content-Encoding: br", kind=JPEG), Trouble.ENCODED, Outcome.UPSTREAM),
    "two lengths": (http(200, FILE, "Content-Length: 5", kind=JPEG), Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "length and chunked": (http(200, chunked(FILE), CHUNKED, kind=JPEG), Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "bad chunk": (http(200, b"5\r\nhello_and_more\r\n0\r\n\r\n", CHUNKED, kind=JPEG, length=False), Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "redirect": (http(302, b"", "Location: https://evil.example/"), Trouble.REDIRECT, Outcome.UPSTREAM),
    "not modified": (http(304), Trouble.REDIRECT, Outcome.UPSTREAM),
    "part of it": (http(206, FILE, kind=JPEG), None, Outcome.UPSTREAM),
    "a page": (http(200, PAGE, kind="text/html; charset=utf-8"), Trouble.HTML, Outcome.UPSTREAM),
    "a page, chunked": (http(200, chunked(PAGE), CHUNKED, kind="text/html", length=False), Trouble.HTML, Outcome.UPSTREAM),
    "a page called a picture": (http(200, PAGE, kind=JPEG), Trouble.HTML, Outcome.UPSTREAM),
    "an error": (http(200, ERROR), Trouble.ERROR_BODY, Outcome.AUTH),
    "an error, chunked": (http(200, chunked(ERROR), CHUNKED, length=False), Trouble.ERROR_BODY, Outcome.AUTH),
    "404": (http(404, b'{"title":"Not Found","status":404}'), None, Outcome.GONE),
    "401": (http(401, b'{"title":"Authentication Error","status":401}'), None, Outcome.AUTH),
    "401 with a code": (graph_error(190, status=401), None, Outcome.AUTH),
    "405": (http(405), None, Outcome.CLIENT_BUG),
    "500": (http(500, b"<html>oops", kind="text/html"), None, Outcome.UPSTREAM),
    "429": (http(429, b"", "Retry-After: 3"), None, Outcome.THROTTLE),
    "endless headers": (slowly(b"X-A: b\r\n" * 500_000, first=b"HTTP/1.1 200 OK\r\n", step=80_000, every_s=0), Trouble.ENDLESS_HEADERS, Outcome.UPSTREAM),
    "hang": (hang, Trouble.READ_TIMEOUT, Outcome.TIMEOUT),
    "hang in the body": (slowly(b"", first=http(200, FILE, kind=JPEG)[:-10]), Trouble.READ_TIMEOUT, Outcome.TIMEOUT),
    "a byte now and then": (slowly(FILE, first=http(200, FILE, kind=JPEG)[: -len(FILE)], every_s=0.1), Trouble.TOTAL_TIMEOUT, Outcome.TIMEOUT),
}  # fmt: skip
IN_VAIN: dict[str, Limits] = {
    "hang": SILENT,
    "hang in the body": SILENT,
    "a byte now and then": LATE_BODY,
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_answer_ends_in_its_trouble_and_the_next_request_takes_another_connection(
    server: RawServer, sink: Sink, case: str
) -> None:
    answer, trouble, outcome = BAD[case]
    server.answer(answer, GOOD["plain"])
    assert (case in IN_VAIN) == (outcome is Outcome.TIMEOUT)
    async with graph_at(server, limits=IN_VAIN.get(case)) as graph:
        exchange, received = await fetch(graph, server, sink)
        assert (exchange.trouble, received) == (trouble, None)
        assert len(sink.data) <= len(FILE)
        judged = verdict_on(exchange)
        assert (judged.outcome, judged.final) == (outcome, None)
        _, received = await fetch(graph, server, sink)
        assert received is not None or case in IN_VAIN
    assert server.of_connection == [1, 2]


class TestSize:
    async def test_a_file_declared_over_the_limit_is_not_even_asked_for(
        self, server: RawServer, graph: HttpGraph, sink: Sink
    ) -> None:
        exchange, _ = await fetch(graph, server, sink, size=100 * 1024 * 1024 + 1)
        assert (exchange.trouble, exchange.wire_method, server.connections) == (Trouble.TOO_LARGE, None, 0)
        assert verdict_on(exchange).final == "failed"

    @pytest.mark.parametrize(
        "answer",
        [
            http(200, b"", "Content-Length: 10737418240", length=False),
            slowly(bytes(10_000_000), first=http(200, b"", length=False), step=100_000, every_s=0),
        ],
        ids=["announced", "sent"],
    )
    async def test_a_flood_of_which_nothing_was_declared_is_stopped_and_looked_up_afresh(
        self, server: RawServer, sink: Sink, answer: Answer
    ) -> None:
        server.answer(answer)
        async with graph_at(server, limits=Limits(file_bytes=100_000)) as graph:
            exchange, _ = await fetch(graph, server, sink, size=None)
        judged = verdict_on(exchange)
        assert exchange.trouble is Trouble.OVER_LIMIT
        assert (judged.final, judged.fresh_url, judged.sparing) == (None, True, True)
        assert len(sink.data) <= 100_000


class TestTime:
    async def test_a_drip_is_stopped_long_before_the_files_time_is_up(self, server: RawServer, sink: Sink) -> None:
        server.answer(slowly(FILE, first=http(200, FILE, kind=JPEG)[: -len(FILE)], every_s=0.02))
        async with graph_at(server, limits=Limits(drip_window_s=0.2)) as graph:
            exchange, _ = await fetch(graph, server, sink)
        assert exchange.trouble is Trouble.TOO_SLOW
        assert exchange.duration_s < 30
        assert verdict_on(exchange).outcome is Outcome.TIMEOUT

    async def test_the_time_of_our_own_writer_is_not_held_against_the_server(
        self, server: RawServer, sink: Sink
    ) -> None:
        async def slow(chunk: bytes) -> None:
            await asyncio.sleep(0.5)
            await sink.write(chunk)

        server.answer(GOOD["plain"])
        limits = Limits(drip_window_s=1.0, drip_bytes_per_s=1e6, chunk_bytes=2_000)
        async with graph_at(server, limits=limits) as graph:
            exchange, received = await fetch(graph, server, sink, write=slow)
        assert (exchange.trouble, received is not None) == (None, True)

    async def test_a_writer_that_takes_all_the_time_is_our_own_fault(self, server: RawServer, sink: Sink) -> None:
        async def stuck(_chunk: bytes) -> None:
            await asyncio.sleep(30)

        server.answer(GOOD["plain"])
        async with graph_at(server, limits=Limits(file_s=1.0, file_rate_bytes_per_s=1e9)) as graph:
            exchange, _ = await fetch(graph, server, sink, write=stuck)
        assert exchange.trouble is Trouble.LOCAL
        assert verdict_on(exchange).outcome is Outcome.LOCAL


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (OSError(28, "No space left on device"), "local: the writer failed: OSError ENOSPC"),
        (ConnectionResetError(104, "reset"), "local: the writer failed: ConnectionResetError ECONNRESET"),
        (TimeoutError(), "local: the writer failed: TimeoutError"),
        (ValueError("x"), "local: the writer failed: ValueError"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_writer_that_fails_is_our_own_fault_whatever_it_raises(
    server: RawServer, graph: HttpGraph, error: Exception, detail: str
) -> None:
    async def full(_chunk: bytes) -> None:
        raise error

    server.answer(GOOD["plain"])
    exchange, received = await fetch(graph, server, Sink(), write=full)
    assert (exchange.trouble, exchange.detail, received) == (Trouble.LOCAL, detail, None)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://127.0.0.2/x",
        "http://127.0.0.1@evil.example/",
        "ftp://127.0.0.1/",
        "",
        "x" * 9000,
    ],
    ids=lambda url: url[:30],
)
async def test_a_host_that_is_not_on_the_list_is_never_asked(
    server: RawServer, graph: HttpGraph, sink: Sink, url: str
) -> None:
    exchange, _ = await graph.download(url, token=TOKEN, write=sink.write, sha256=None, size=None)
    judged = verdict_on(exchange)
    assert (exchange.trouble, exchange.wire_method, exchange.peer_address) == (Trouble.HOST_REFUSED, None, None)
    assert (judged.outcome, judged.fresh_url, server.connections) == (Outcome.UPSTREAM, True, 0)


async def test_large_chunks_are_cut_so_that_hashing_them_does_not_hold_the_loop_up(
    server: RawServer, graph: HttpGraph
) -> None:
    data = bytes(3_000_000)
    chunks: list[int] = []

    async def write(chunk: bytes) -> None:
        chunks.append(len(chunk))
        await asyncio.sleep(0.005)  # so that the socket has more than one chunk ready

    server.answer(http(200, data, kind="video/mp4"))
    _, received = await fetch(graph, server, Sink(), write=write, sha256=hashlib.sha256(data).digest(), size=len(data))
    assert received is not None and received.size == len(data)
    assert max(chunks) <= 256 * 1024


async def test_being_cancelled_closes_the_connection_and_says_so(
    server: RawServer, graph: HttpGraph, sink: Sink
) -> None:
    server.answer(slowly(b"", first=http(200, FILE, kind=JPEG)[:-10]), GOOD["plain"])
    task = asyncio.create_task(fetch(graph, server, sink))
    while not sink.data:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    _, received = await fetch(graph, server, sink)
    assert received is not None
    assert server.of_connection == [1, 2]
