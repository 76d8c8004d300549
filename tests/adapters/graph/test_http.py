"""The answer to a look-up is held to its contract, whatever the server does."""

import base64
import hashlib
import json
import socket
import time
from typing import Any

import pytest
from tests.adapters.graph.conftest import (
    LATE_BODY,
    LATE_HEAD,
    MEDIA_ID,
    SILENT,
    TOKEN,
    Answer,
    RawServer,
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
from penstock.core.errors import WrongUse
from penstock.core.exchange import Exchange, Trouble
from penstock.core.verdict import Verdict, judge
from penstock.core.wire import Wire
from penstock.core.work import Outcome

HASH = hashlib.sha256(b"penstock-example-image").digest()


def answer_of(server: RawServer, **changes: Any) -> bytes:
    known: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "url": server.url,
        "mime_type": "image/jpeg",
        "sha256": HASH.hex(),
        "file_size": 22,
        "id": MEDIA_ID,
    }
    facts = {name: value for name, value in (known | changes).items() if value is not ...}
    return json.dumps(facts).replace("/", "\\/").encode()


def verdict_on(exchange: Exchange) -> Verdict:
    return judge(exchange, now=exchange.at, received_at=exchange.at - 3_600.0, deadline=exchange.at + 86_400.0)


async def test_a_good_answer_says_where_the_file_is_and_what_it_must_be(server: RawServer, graph: HttpGraph) -> None:
    server.answer(http(200, answer_of(server), "x-fb-trace-id: AbCdEf", 'x-app-usage: {"call_count": 28}'))
    before = time.time()
    exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert found is not None
    assert (found.url, found.mime_type, found.sha256, found.size) == (server.url, "image/jpeg", HASH, 22)
    assert before + 299 < found.url_expires_at <= time.time() + 300
    assert exchange.succeeded
    assert (exchange.operation, exchange.declared_method, exchange.wire_method) == ("media.look_up", "GET", "GET")
    assert (exchange.host, exchange.peer_address, exchange.status) == ("127.0.0.1", "127.0.0.1", 200)
    assert (exchange.trace_id, exchange.usage_percent, exchange.trouble) == ("AbCdEf", 28.0, None)
    assert verdict_on(exchange).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": base64.b64encode(HASH).decode(), "file_size": "22"},
        {"id": int(MEDIA_ID)},
        {"id": ..., "messaging_product": ..., "something_new": {"a": [1]}},
    ],
    ids=["base64 and text", "number for an id", "less and more"],
)
async def test_both_of_metas_spellings_are_read(server: RawServer, graph: HttpGraph, changes: dict[str, Any]) -> None:
    server.answer(http(200, answer_of(server, **changes)))
    _, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert found is not None and (found.sha256, found.size) == (HASH, 22)


async def test_an_answer_that_declares_nothing_of_the_file_is_still_one(server: RawServer, graph: HttpGraph) -> None:
    server.answer(http(200, answer_of(server, sha256=..., file_size=..., mime_type=...)))
    _, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert found is not None and (found.sha256, found.size, found.mime_type) == (None, None, None)


@pytest.mark.parametrize("kind", ["text/javascript; charset=UTF-8", "application/octet-stream", "nonsense", ";;;"])
async def test_json_is_json_whatever_it_is_called(server: RawServer, graph: HttpGraph, kind: str) -> None:
    server.answer(http(200, answer_of(server), kind=kind))
    _, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert found is not None


async def test_a_chunked_answer_and_one_without_a_length_are_read(server: RawServer, graph: HttpGraph) -> None:
    body = answer_of(server)
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    server.answer(
        http(200, chunked, "Transfer-Encoding: chunked", length=False), then_close(http(200, body, length=False))
    )
    assert (await graph.look_up(MEDIA_ID, token=TOKEN))[1] is not None
    assert (await graph.look_up(MEDIA_ID, token=TOKEN))[1] is not None


BAD: dict[str, tuple[Answer, Trouble, Outcome]] = {
    "html": (http(200, b"<!DOCTYPE html><p>hello", kind="text/html"), Trouble.HTML, Outcome.UPSTREAM),
    "html called json": (http(200, b"<html><p>hello"), Trouble.HTML, Outcome.UPSTREAM),
    "broken json": (http(200, b'{"url": "https://'), Trouble.NOT_JSON, Outcome.UPSTREAM),
    "empty": (http(200, b""), Trouble.NOT_JSON, Outcome.UPSTREAM),
    "latin-1": (http(200, b'{"url": "\xe4"}'), Trouble.NOT_JSON, Outcome.UPSTREAM),
    "deep": (http(200, b'{"a":' + b"[" * 50_000), Trouble.NOT_JSON, Outcome.UPSTREAM),
    "no url": (http(200, b"{}"), Trouble.WRONG_SHAPE, Outcome.UPSTREAM),
    "a list": (http(200, b"[]"), Trouble.WRONG_SHAPE, Outcome.UPSTREAM),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", None, Outcome.UPSTREAM),  # type: ignore[dict-item]
    "too long": (http(200, b" " * 300_000), Trouble.TOO_LONG, Outcome.UPSTREAM),
    "endless": (slowly(b" " * 10_000_000, first=http(200, b"", length=False), step=100_000, every_s=0), Trouble.TOO_LONG, Outcome.UPSTREAM),
    "gzip": (http(200, b"\x1f\x8b\x08", "Content-Encoding: gzip"), Trouble.ENCODED, Outcome.UPSTREAM),
    "redirect": (http(302, b"", "Location: https://evil.example/"), Trouble.REDIRECT, Outcome.UPSTREAM),
    "redirect without a place": (http(301), Trouble.REDIRECT, Outcome.UPSTREAM),
    "cut short": (then_close(http(200, b"{}" * 50)[:-10]), Trouble.CUT_SHORT, Outcome.UPSTREAM),
    "closed at once": (then_close(b""), Trouble.RESET, Outcome.UPSTREAM),
    "closed in the head": (then_close(b"HTTP/1.1 200 OK\r\nContent-"), Trouble.RESET, Outcome.UPSTREAM),
    "reset at once": (then_reset(b""), Trouble.RESET, Outcome.UPSTREAM),
    "reset in the body": (then_reset(http(200, b"{}" * 50)[:-10]), Trouble.RESET, Outcome.UPSTREAM),
    "not http": (b"220 smtp.example ESMTP\r\n", Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "tls": (b"\x15\x03\x01\x00\x02\x02\x16", Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "two lengths": (http(200, b"{}", "Content-Length: 3"), Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "negative length": (http(200, b"{}", "Content-Length: -2", length=False), Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "length and chunked": (http(200, b"{}", "Transfer-Encoding: chunked"), Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "bad chunk": (http(200, b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False), Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "a header of 2 MB": (http(200, b"{}", "X-A: " + "a" * 2_000_000), Trouble.ENDLESS_HEADERS, Outcome.UPSTREAM),
    "endless headers": (slowly(b"X-A: b\r\n" * 500_000, first=b"HTTP/1.1 200 OK\r\n", step=80_000, every_s=0), Trouble.ENDLESS_HEADERS, Outcome.UPSTREAM),
    "hang": (hang, Trouble.READ_TIMEOUT, Outcome.TIMEOUT),
    "hang in the body": (slowly(b"", first=http(200, b"{}" * 50)[:-10]), Trouble.READ_TIMEOUT, Outcome.TIMEOUT),
    "a head at a drip": (slowly(http(200, b"{}" * 500), every_s=0.1), Trouble.READ_TIMEOUT, Outcome.TIMEOUT),
    "a body at a drip": (slowly(b"{}" * 500, first=http(200, b"{}" * 500)[:-1000], every_s=0.1), Trouble.TOTAL_TIMEOUT, Outcome.TIMEOUT),
}  # fmt: skip
IN_VAIN: dict[str, Limits] = {
    "hang": SILENT,
    "hang in the body": SILENT,
    "a head at a drip": LATE_HEAD,
    "a body at a drip": LATE_BODY,
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_answer_ends_in_its_trouble_and_the_next_request_takes_another_connection(
    server: RawServer, case: str
) -> None:
    answer, trouble, outcome = BAD[case]
    server.answer(answer, http(200, answer_of(server)))
    assert (case in IN_VAIN) == (outcome is Outcome.TIMEOUT)
    async with graph_at(server, limits=IN_VAIN.get(case)) as graph:
        exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
        assert (exchange.trouble, found) == (trouble, None)
        assert exchange.peer_address == "127.0.0.1"
        assert exchange.wire_method == "GET"
        judged = verdict_on(exchange)
        assert (judged.outcome, judged.final) == (outcome, None)
        _, found = await graph.look_up(MEDIA_ID, token=TOKEN)
        assert found is not None or case in IN_VAIN
    assert server.of_connection == [1, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://evil.example/x"},
        {"url": "https://127.0.0.1@evil.example/x"},
        {"url": "http://127.0.0.1.evil.example/x"},
        {"url": "file:///etc/passwd"},
        {"url": "/relative"},
        {"url": ""},
        {"url": "http://127.0.0.1:1/x?method=delete"},
        {"url": "http://127.0.0.1:1/x?access_token=x"},
        {"url": "http://127.0.0.1:1/\r\nX-Evil: 1"},
    ],
    ids=lambda changes: str(changes["url"]),
)
async def test_a_url_that_may_not_be_used_is_a_breach_of_the_answer(
    server: RawServer, graph: HttpGraph, changes: dict[str, Any]
) -> None:
    server.answer(http(200, answer_of(server, **changes)))
    exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.trouble, found) == (Trouble.FOREIGN_URL, None)
    assert verdict_on(exchange).outcome is Outcome.UPSTREAM


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "1000000000000102"},
        {"sha256": "abc"},
        {"sha256": 5},
        {"file_size": "many"},
        {"file_size": -1},
        {"file_size": 1.5},
        {"url": None},
    ],
    ids=str,
)
async def test_an_answer_of_another_shape_or_about_another_file_is_refused(
    server: RawServer, graph: HttpGraph, changes: dict[str, Any]
) -> None:
    server.answer(http(200, answer_of(server, **changes)))
    exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.trouble, found) == (Trouble.WRONG_SHAPE, None)


async def test_a_file_that_is_declared_too_large_is_the_senders_and_final(server: RawServer, graph: HttpGraph) -> None:
    server.answer(
        http(200, answer_of(server, file_size=100 * 1024 * 1024)),
        http(200, answer_of(server, file_size=100 * 1024 * 1024 + 1)),
    )
    _, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert found is not None
    exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    judged = verdict_on(exchange)
    assert (exchange.trouble, judged.final, judged.fault, found) == (Trouble.TOO_LARGE, "failed", "sender", None)


@pytest.mark.parametrize(
    ("answer", "status", "code", "subcode", "outcome"),
    [
        (graph_error(100, 33), 400, 100, 33, Outcome.GONE),
        (graph_error(100), 400, 100, None, Outcome.CLIENT_BUG),
        (graph_error(190, 463, status=401), 401, 190, 463, Outcome.AUTH),
        (graph_error(190, 463, status=200), 200, 190, 463, Outcome.AUTH),
        (graph_error(2, status=200), 200, 2, None, Outcome.UPSTREAM),
        (graph_error(10, status=403), 403, 10, None, Outcome.AUTH),
        (graph_error(4, 2446079), 400, 4, 2446079, Outcome.THROTTLE),
        (graph_error(80007, status=429), 429, 80007, None, Outcome.THROTTLE),
        (graph_error(131057, status=500), 500, 131057, None, Outcome.UPSTREAM),
        (graph_error(1, status=405), 405, 1, None, Outcome.CLIENT_BUG),
        (http(405, b"<html>", kind="text/html"), 405, None, None, Outcome.CLIENT_BUG),
        (http(405), 405, None, None, Outcome.CLIENT_BUG),
        (http(400, b"not json"), 400, None, None, Outcome.CLIENT_BUG),
        (http(404, b"{}"), 404, None, None, Outcome.CLIENT_BUG),
        (http(401, b'{"title":"Authentication Error","status":401}'), 401, None, None, Outcome.AUTH),
        (http(503, b"x" * 200_000), 503, None, None, Outcome.UPSTREAM),
        (then_close(http(500, b"x" * 100)[:-50]), 500, None, None, Outcome.UPSTREAM),
        (http(500, b"\x1f\x8b", "Content-Encoding: gzip"), 500, None, None, Outcome.UPSTREAM),
    ],
)
async def test_a_refusal_is_read_for_its_code(
    server: RawServer,
    graph: HttpGraph,
    answer: Answer,
    status: int,
    code: int | None,
    subcode: int | None,
    outcome: Outcome,
) -> None:
    server.answer(answer)
    exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.status, exchange.graph_code, exchange.graph_subcode) == (status, code, subcode)
    assert (exchange.trouble, found) == (None, None)
    assert verdict_on(exchange).outcome is outcome
    if code is not None:
        assert exchange.trace_id == "AExampleTrace"


async def test_a_refusal_that_does_not_end_has_said_enough(server: RawServer) -> None:
    server.answer(slowly(b"", first=http(502, b"x" * 100)[:-50]))
    async with graph_at(server, limits=LATE_BODY) as graph:
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.status, exchange.trouble, verdict_on(exchange).outcome) == (502, None, Outcome.UPSTREAM)


async def test_a_throttle_says_how_long_to_stay_away(server: RawServer, graph: HttpGraph) -> None:
    usage = 'x-business-use-case-usage: {"1":[{"call_count":100,"estimated_time_to_regain_access":2}]}'
    server.answer(http(429, b'{"error":{"code":4}}', "Retry-After: 7", usage))
    exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.retry_after_s, exchange.usage_percent, exchange.regain_s) == (7.0, 100.0, 120.0)
    assert verdict_on(exchange).after_s == 120.0


async def test_nobody_listening_is_upstreams(server: RawServer) -> None:
    with socket.socket() as taken:  # bound and not listening: whoever knocks is refused
        taken.bind(("127.0.0.1", 0))
        async with graph_at(server, graph_url=f"http://127.0.0.1:{taken.getsockname()[1]}") as graph:
            exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.trouble, exchange.detail) == (Trouble.CONNECT, "connect: ConnectionRefusedError ECONNREFUSED")
    assert verdict_on(exchange).outcome is Outcome.UPSTREAM


@pytest.mark.parametrize(
    "graph_url",
    [
        "http://graph.facebook.com",
        "https://user:secret@graph.facebook.com",
        "https://graph.facebook.com/?a=b",
        "graph.facebook.com",
        "",
    ],
)
def test_a_graph_address_that_is_not_plain_https_stops_the_start(graph_url: str) -> None:
    with pytest.raises(WrongUse) as wrong:
        HttpGraph(graph_url=graph_url, version="v26.0", media_hosts=[".fbsbx.com"])
    assert "secret" not in str(wrong.value)


async def test_it_may_be_stopped_twice_and_must_be_started(server: RawServer) -> None:
    async with graph_at(server) as graph:
        await graph.stop()
        await graph.stop()
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
        assert (exchange.trouble, exchange.detail) == (Trouble.LOCAL, "local: RuntimeError")


# -- what goes over the wire, where somebody wants to know -----------------------------------------------------------


async def test_a_whole_exchange_is_noted_with_its_moments(server: RawServer, graph: HttpGraph) -> None:
    body = answer_of(server)
    server.answer(http(200, body, "x-fb-trace-id: AbCdEf", "X-Twice: 1", "X-Twice: 2"))
    wire = Wire()
    exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN, wire=wire)
    assert found is not None
    assert wire.prepared is not None
    assert (wire.prepared.method, wire.prepared.target) == ("GET", f"/v26.0/{MEDIA_ID}")
    assert dict(wire.prepared.headers)["Authorization"] == f"Bearer {TOKEN}"
    assert (wire.token, wire.status, wire.reason, wire.body) == (TOKEN, 200, "X", body)
    assert [value for name, value in wire.headers if name == "X-Twice"] == ["1", "2"]
    moments = [wire.asked_at, wire.slot_at, wire.connected_at, wire.headed_at, wire.ended_at]
    assert None not in moments
    assert moments == sorted(moments, key=lambda at: at or 0.0)
    assert exchange.fresh is True
    again = Wire()
    assert (await graph.look_up(MEDIA_ID, token=TOKEN, wire=again))[0].fresh is False
    assert again.connected_at is not None


async def test_an_error_and_a_request_that_was_not_sent_are_noted_as_far_as_they_came(
    server: RawServer, graph: HttpGraph
) -> None:
    server.answer(graph_error(190))
    wire = Wire()
    await graph.look_up(MEDIA_ID, token=TOKEN, wire=wire)
    assert wire.body is not None
    assert (wire.status, b"OAuthException" in wire.body) == (400, True)
    unsent = Wire()
    exchange, _ = await graph.look_up("../x", token=TOKEN, wire=unsent)
    assert (exchange.trouble, unsent.prepared, unsent.status) == (Trouble.CONTRACT, None, None)


async def test_of_a_file_its_size_and_hash_are_noted_and_of_an_error_in_its_place_the_text(
    server: RawServer, graph: HttpGraph
) -> None:
    async def forget(_: bytes) -> None:
        """Nobody wants the bytes."""

    data = b"\xff\xd8\xff\xe0 a picture"
    server.answer(http(200, data, kind="image/jpeg"))
    wire = Wire()
    await graph.download(server.url, token=TOKEN, write=forget, sha256=None, size=len(data), wire=wire)
    assert wire.file is not None
    assert (wire.file.size, wire.file.sha256, wire.file.head) == (len(data), hashlib.sha256(data).digest(), data)
    assert wire.body is None
    cut = Wire()
    server.answer(http(200, data[:5], kind="image/jpeg"))
    await graph.download(server.url, token=TOKEN, write=forget, sha256=HASH, size=5, wire=cut)
    assert (cut.body, cut.file is not None and cut.file.size) == (None, 5)
    error = Wire()
    server.answer(graph_error(100, status=200))
    exchange, _ = await graph.download(server.url, token=TOKEN, write=forget, sha256=HASH, size=22, wire=error)
    assert exchange.graph_code == 100
    assert error.body is not None
    assert b"OAuthException" in error.body
