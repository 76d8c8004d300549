"""Lock 2 and 3: whatever is prepared wrongly, on purpose and in every known way, sends not one byte."""

import enum
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse, ClientSession
from tests.adapters.graph.conftest import MEDIA_ID, PATH, TOKEN, RawServer, graph_at, http
from yarl import URL

from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.http import USER_AGENT, HttpGraph
from penstock.adapters.graph.sending import Send
from penstock.contract import ContractViolation
from penstock.core.exchange import Trouble
from penstock.core.operation import LOOK_UP

LOOK_UP_PATH = f"/v26.0/{MEDIA_ID}"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}


class Verb(enum.StrEnum):
    GET = "get"


def sender(
    method: Any = "GET", path: str = LOOK_UP_PATH, headers: Any = None, base: str | None = None, **rest: Any
) -> Send:
    """A fetch implementation that builds what it likes, and sends it through the call's check."""

    async def send(session: ClientSession, call: Call) -> ClientResponse:
        web = call.declared.web
        url = URL((base or f"{web.scheme}://{web.authority}") + path, encoded=True)
        return await session.request(method, url, headers=HEADERS | (headers or {}), middlewares=(call,), **rest)

    return send


def koala(verb: str | None, *, json: bool = False, upload: bool = False, **arguments: str) -> Send:
    """What the client of the incident writes: POST, the token and the verb in its body."""
    fields = {"access_token": TOKEN} | ({"method": verb} if verb is not None else {}) | arguments
    form = aiohttp.FormData(fields)
    if upload:
        form.add_field("file", b"x", filename="x")
    return sender("POST", **({"json": fields} if json else {"data": form}))


WRONG: dict[str, Send] = {
    # The table of Koala.
    "koala get": sender(path=f"{LOOK_UP_PATH}?access_token={TOKEN}"),
    "koala get, phone_number_id": sender(path=f"{LOOK_UP_PATH}?access_token={TOKEN}&phone_number_id=555"),
    "koala :get": koala("get"),
    "koala :get, phone_number_id": koala("get", phone_number_id="555"),
    "koala :get, json": koala("get", json=True),
    "koala GET": koala("GET"),
    "koala post": koala(None),
    "koala :post": koala("post"),
    "koala delete": koala("delete"),
    "koala put": koala("put"),
    "koala head": koala("head"),
    "koala nil": koala(""),
    "koala :get, multipart": koala("get", upload=True),
    # Methods.
    **{
        f"method {verb}": sender(verb)
        for verb in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT")
    },
    "method GTE": sender("GTE"),
    "method empty": sender(""),
    "method with a blank": sender("Get "),
    "method with a line": sender("GET / HTTP/1.1\r\nX: "),
    "method bytes": sender(b"GET"),
    "method None": sender(None),
    "method number": sender(1),
    "method tuple": sender(("GET",)),
    # A verb in disguise.
    "query method": sender(path=f"{LOOK_UP_PATH}?method=get"),
    "query METHOD": sender(path=f"{LOOK_UP_PATH}?METHOD=DELETE"),
    "params method": sender(params={"method": "get"}),
    "form method": sender(data={"method": "get"}),
    "json method": sender(json={"method": "get"}),
    **{
        f"header {name}": sender(headers={name: "GET"})
        for name in (
            "X-HTTP-Method-Override",
            "x-http-method-override",
            "X-HTTP-METHOD-OVERRIDE",
            "X-Method-Override",
            "X-HTTP-Method",
            "X_HTTP_METHOD_OVERRIDE",
            "_method",
            "Method",
        )
    },
    # A body, or what announces one.
    "body": sender(data=b"x"),
    "empty body": sender(data=b""),
    "chunked": sender(chunked=True),
    "compressed": sender(data=b"x" * 100, compress="gzip"),
    "expect": sender(expect100=True),
    "content length": sender(headers={"Content-Length": "0"}),
    "transfer encoding": sender(headers={"Transfer-Encoding": "chunked"}),
    # The token.
    "token in the query": sender(path=f"{LOOK_UP_PATH}?access_token={TOKEN}"),
    "token of another number": sender(headers={"Authorization": "Bearer EAAGtokenB"}),
    "token without its word": sender(headers={"Authorization": TOKEN}),
    "token twice": sender(headers={"authorization": f"Bearer {TOKEN}"}),
    # The place.
    "other path": sender(path="/v26.0/me"),
    "other version": sender(path=f"/v25.0/{MEDIA_ID}"),
    "no version": sender(path=f"/{MEDIA_ID}"),
    "other id": sender(path="/v26.0/1000000000000102"),
    "edge": sender(path=f"{LOOK_UP_PATH}/picture"),
    "query key": sender(path=f"{LOOK_UP_PATH}?phone_number_id=555"),
    "trailing slash": sender(path=f"{LOOK_UP_PATH}/"),
    "other host": sender(base="http://localhost:9"),
    "other port": sender(base="http://127.0.0.1:9"),
    "other scheme": sender(base="https://127.0.0.1:9"),
    # What a client adds or leaves out by itself.
    "default user agent": sender(headers={"User-Agent": "Python/3.11 aiohttp/3.14.5"}),
    "default encodings": sender(headers={"Accept-Encoding": "gzip, deflate"}),
    "cookie": sender(cookies={"a": "b"}),
    "range": sender(headers={"Range": "bytes=0-"}),
    "host header": sender(headers={"Host": "evil.example"}),
    "proxy": sender(proxy="http://127.0.0.1:9"),
    "certificate unchecked": sender(ssl=False),
    "other server name": sender(server_hostname="evil.example"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("form", WRONG)
async def test_a_request_that_nobody_declared_sends_not_one_byte(server: RawServer, form: str) -> None:
    server.answer(http(200, b"{}"))
    async with graph_at(server, send=WRONG[form]) as graph:
        exchange, found = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert server.received == b""
    assert server.connections == 0
    assert found is None
    if exchange.wire_method is not None:  # otherwise the client itself refused to prepare it
        assert exchange.trouble is Trouble.CONTRACT
        assert exchange.declared_method == "GET"
        assert TOKEN not in str(exchange)


async def test_the_wire_method_on_record_is_the_prepared_one_and_not_the_callers(server: RawServer) -> None:
    async with graph_at(server, send=koala("get")) as graph:
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.trouble, exchange.declared_method, exchange.wire_method) == (Trouble.CONTRACT, "GET", "POST")
    assert exchange.detail == "contract: the method is 'POST', not 'GET'"


@pytest.mark.parametrize("method", ["get", Verb.GET], ids=["text", "enum"])
async def test_what_the_client_makes_right_on_the_wire_is_right(server: RawServer, method: Any) -> None:
    server.answer(http(404))
    async with graph_at(server, send=sender(method)) as graph:
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert exchange.trouble is None
    assert server.received.startswith(b"GET /v26.0/")


async def test_credentials_in_a_url_never_become_a_header(server: RawServer) -> None:
    async def send(session: ClientSession, call: Call) -> ClientResponse:
        url = f"http://user:secret@127.0.0.1:{server.port}{LOOK_UP_PATH}"
        headers = {name: value for name, value in HEADERS.items() if name != "Authorization"}
        return await session.get(url, headers=headers, middlewares=(call,))

    async with graph_at(server, send=send) as graph:
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (server.received, exchange.trouble) == (b"", Trouble.CONTRACT)
    assert "secret" not in str(exchange)


async def test_a_redirect_that_a_client_follows_is_a_second_request_and_is_refused(server: RawServer) -> None:
    foreign = RawServer()
    await foreign.start()
    try:
        for target in (f"{foreign.base}/v26.0/{MEDIA_ID}", f"{server.base}/v26.0/1?method=delete"):
            server.answer(http(302, b"", f"Location: {target}"))
            async with graph_at(server, send=sender(allow_redirects=True)) as graph:
                exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
            assert exchange.trouble is Trouble.CONTRACT
        assert foreign.connections == 0
        assert len(server.requests) == 2
    finally:
        await foreign.stop()


async def test_http_1_0_is_refused(server: RawServer, graph: HttpGraph) -> None:
    graph._session._version = aiohttp.HttpVersion10
    exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (server.received, exchange.detail) == (b"", "contract: it is not HTTP/1.1")


@pytest.mark.parametrize("middlewares", [None, ()], ids=["the session's own", "none"])
async def test_a_request_that_brings_no_check_does_not_reach_a_socket(
    server: RawServer, graph: HttpGraph, middlewares: Any
) -> None:
    with pytest.raises(ContractViolation):
        await graph._session.get(server.base + LOOK_UP_PATH, headers=HEADERS, middlewares=middlewares)
    assert (server.received, server.connections) == (b"", 0)


async def test_a_redirect_carries_no_check_over(server: RawServer, graph: HttpGraph) -> None:
    """A request that was checked once does not vouch for the next one."""
    web = graph._place(server.url)
    assert web is not None
    server.answer(http(404))
    exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert exchange.status == 404
    with pytest.raises(ContractViolation):
        await graph._session.get(server.base + PATH, headers=HEADERS, middlewares=())


async def test_the_declared_request_is_on_the_wire_as_it_is_declared(server: RawServer, graph: HttpGraph) -> None:
    server.answer(http(404))
    await graph.look_up(MEDIA_ID, token=TOKEN)
    assert server.received.decode().split("\r\n") == [
        f"{LOOK_UP.method} /v26.0/{MEDIA_ID} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Authorization: Bearer {TOKEN}",
        f"User-Agent: {USER_AGENT}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "",
        "",
    ]
