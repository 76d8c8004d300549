"""The upload, the one request with a body: what arrives at a raw socket is the declaration, and nothing else arrives."""

import asyncio
import contextlib
import json
from typing import Any, Self

import pytest
from aiohttp import ClientResponse, ClientSession
from tests.adapters.graph.conftest import TOKEN, RawServer, graph_at, graph_error, http
from tests.core.test_form import FILE, GOLDEN
from yarl import URL

from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.http import USER_AGENT, HttpGraph
from penstock.adapters.graph.sending import Send
from penstock.core import contract
from penstock.core.contract import Declared
from penstock.core.exchange import Trouble
from penstock.core.form import Form, SmallFile
from penstock.core.operation import UPLOAD
from penstock.simulator import Platform, Scenario

NUMBER = "100000000000002"
ANSWER = http(200, json.dumps({"id": "1000000000000777"}).encode())


class Taking:
    """A server that keeps all of one request, body included, and then answers."""

    def __init__(self, answer: bytes = ANSWER) -> None:
        self.written = b""
        self.port = 0
        self._answer = answer
        self._over = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        async with asyncio.timeout(60):
            await self._over.wait()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self.written = head + await reader.readexactly(length)
        writer.write(self._answer)
        with contextlib.suppress(ConnectionError):
            self.written += await reader.read()  # whatever follows, until the client closes
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self._over.set()


async def test_the_bytes_on_the_wire_are_the_declared_ones() -> None:
    async with Taking() as taking, graph_at(taking) as graph:  # type: ignore[arg-type]
        exchange, media_id = await graph.upload(FILE, phone_number_id=NUMBER, token=TOKEN)
    head, _, body = taking.written.partition(b"\r\n\r\n")

    assert media_id == "1000000000000777"
    assert (exchange.operation, exchange.declared_method, exchange.wire_method) == ("media.upload", "POST", "POST")
    assert (exchange.status, exchange.trouble, exchange.fresh, exchange.api_version) == (200, None, True, "v26.0")
    line, *fields = head.decode().split("\r\n")
    assert line == f"POST /v26.0/{NUMBER}/media HTTP/1.1"
    assert sorted(fields) == sorted(
        [
            f"Host: 127.0.0.1:{taking.port}",
            f"Authorization: Bearer {TOKEN}",
            f"User-Agent: {USER_AGENT}",
            "Accept: */*",
            "Accept-Encoding: identity",
            "Content-Type: multipart/form-data; boundary=penstock-5891b5b522d5df086d0ff0b110fbd9d2",
            f"Content-Length: {len(GOLDEN)}",
        ]
    )
    assert body == GOLDEN


def sender(method: str = "POST", path: str = f"/v26.0/{NUMBER}/media", headers: Any = None, **rest: Any) -> Send:
    """A client that builds what it likes out of an upload."""

    async def send(session: ClientSession, call: Call) -> ClientResponse:
        web, known = call.declared.web, contract.headers(call.pinned, call.declared)
        for name in ("Host", "Content-Length"):
            del known[name]
        known = {name: value for name, value in (known | (headers or {})).items() if value is not None}
        url = URL(f"{web.scheme}://{web.authority}{path}", encoded=True)
        rest.setdefault("data", GOLDEN)
        return await session.request(method, url, headers=known, middlewares=(call,), **rest)

    return send


WRONG: dict[str, Send] = {
    "method GET": sender("GET"),
    "method PUT": sender("PUT"),
    "no body": sender(data=None),
    "empty body": sender(data=b""),
    "another body": sender(data=GOLDEN.replace(b"hello", b"hallo")),
    "a longer body": sender(data=GOLDEN + b"x"),
    "a form of the client's own": sender(data={"messaging_product": "whatsapp"}),
    "a method in the form": sender(data={"messaging_product": "whatsapp", "method": "get"}),
    "json": sender(data=None, json={"messaging_product": "whatsapp"}),
    "chunked": sender(chunked=True),
    "compressed": sender(compress="gzip"),
    "expect": sender(expect100=True),
    "another type": sender(headers={"Content-Type": "application/json"}),
    "another length": sender(headers={"Content-Length": "3"}),
    "an override": sender(headers={"X-HTTP-Method-Override": "DELETE"}),
    "another token": sender(headers={"Authorization": "Bearer EAAGtokenB"}),
    "a method in the query": sender(path=f"/v26.0/{NUMBER}/media?method=get"),
    "another number": sender(path="/v26.0/100000000000003/media"),
    "messages": sender(path=f"/v26.0/{NUMBER}/messages"),
    "a cookie": sender(cookies={"a": "b"}),
    "through a proxy": sender(proxy="http://127.0.0.1:9"),
}


@pytest.mark.parametrize("form", WRONG)
async def test_anything_else_sends_not_one_byte(server: RawServer, form: str) -> None:
    server.answer(ANSWER)
    async with graph_at(server) as graph:
        web, body = contract.upload(graph._pinned, NUMBER), Form.of(FILE)
        assert web is not None
        declared = Declared(UPLOAD, web, TOKEN, body)
        exchange, media_id = await graph._exchange(declared, graph._read_upload, probe=True, send=WRONG[form])
    assert (server.received, server.connections, media_id) == (b"", 0, None)
    if exchange.wire_method is not None:
        assert exchange.trouble is Trouble.CONTRACT
    assert TOKEN not in str(exchange)


@pytest.mark.parametrize("number", ["", "1/2", "../x", "a"])
async def test_a_number_that_is_none_is_not_asked(server: RawServer, number: str) -> None:
    async with graph_at(server) as graph:
        exchange, media_id = await graph.upload(FILE, phone_number_id=number, token=TOKEN)
    assert (exchange.trouble, exchange.wire_method, media_id, server.connections) == (Trouble.CONTRACT, None, None, 0)


async def test_a_file_that_is_not_tiny_is_not_sent(server: RawServer) -> None:
    async with graph_at(server) as graph:
        large = SmallFile("a.txt", "text/plain", b"x" * 5_000)
        exchange, media_id = await graph.upload(large, phone_number_id=NUMBER, token=TOKEN)
    assert (exchange.trouble, media_id, server.connections) == (Trouble.CONTRACT, None, 0)


@pytest.mark.parametrize(
    ("answer", "trouble", "code"),
    [
        (http(200, b"{}"), Trouble.WRONG_SHAPE, None),
        (http(200, b'{"id":"1/2"}'), Trouble.WRONG_SHAPE, None),
        (http(200, b'{"id":null}'), Trouble.WRONG_SHAPE, None),
        (http(200, b"<html>", kind="text/html"), Trouble.HTML, None),
        (http(200, b"not json"), Trouble.NOT_JSON, None),
        (http(302, b"", "Location: https://evil.example/"), Trouble.REDIRECT, None),
        (graph_error(190, status=401), None, 190),
        (graph_error(100, 33), None, 100),
    ],
    ids=["nothing", "a path", "null", "a page", "no json", "redirect", "190", "100/33"],
)
async def test_only_an_answer_with_an_id_is_one(answer: bytes, trouble: Trouble | None, code: int | None) -> None:
    async with Taking(answer) as taking, graph_at(taking) as graph:  # type: ignore[arg-type]
        exchange, media_id = await graph.upload(FILE, phone_number_id=NUMBER, token=TOKEN)
    assert (media_id, exchange.trouble, exchange.graph_code) == (None, trouble, code)
    assert not exchange.succeeded


async def test_what_was_uploaded_is_looked_up_and_downloaded_whole_and_dies_after_thirty_days() -> None:
    async with Platform(Scenario(), seed=3) as platform:
        platform.add_token("trial", TOKEN)
        platform.add_number(NUMBER, app_secret=b"s", callback="http://127.0.0.1:1/", token="trial")
        graph = HttpGraph(
            graph_url=platform.graph_url,
            version="v26.0",
            media_hosts=list(platform.media_hosts),
            allow_insecure=True,
        )
        await graph.start()
        _, media_id = await graph.upload(FILE, phone_number_id=NUMBER, token=TOKEN)
        assert media_id is not None
        _, found = await graph.look_up(media_id, token=TOKEN, probe=True)
        assert found is not None
        assert (found.sha256, found.size, found.mime_type) == (FILE.sha256, len(FILE.data), "text/plain")
        chunks: list[bytes] = []

        async def write(chunk: bytes) -> None:
            chunks.append(chunk)

        _, received = await graph.download(
            found.url, token=TOKEN, write=write, sha256=FILE.sha256, size=len(FILE.data), probe=True
        )
        assert (received is not None, b"".join(chunks)) == (True, FILE.data)
        platform.clock.advance(30 * 86_400 - 60)
        assert (await graph.look_up(media_id, token=TOKEN, probe=True))[1] is not None
        platform.clock.advance(120)
        exchange, _ = await graph.look_up(media_id, token=TOKEN, probe=True)
        assert (exchange.graph_code, exchange.graph_subcode) == (100, 33)
        await graph.stop()
