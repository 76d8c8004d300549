"""Lock 3: hostile ids, URLs and tokens into a raw socket; only declared request lines and headers ever arrive."""

from urllib.parse import parse_qsl

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.adapters.graph.conftest import TOKEN, RawServer, Sink, http

from penstock.adapters.graph.http import USER_AGENT, HttpGraph
from penstock.core.exchange import Trouble

hostile = settings(
    deadline=None,
    max_examples=80,
    # One server and one client for all examples: each example looks only at what it added.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NASTY = [
    "?method=get",
    "/../me",
    "\r\nX-Evil: 1",
    "%0d%0a",
    " HTTP/1.1\r\n\r\nPOST /x",
    "#",
    "\x00",
    "é",
    "&access_token=x",
]


def declared(server: RawServer, target: str, token: str) -> bytes:
    return (
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {token}\r\n"
        f"User-Agent: {USER_AGENT}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n\r\n"
    ).encode()


@given(st.one_of(st.text(max_size=140), st.from_regex(r"[0-9]{1,20}(.|\n){0,12}", fullmatch=True)))
@example("1000000000000101")
@hostile
async def test_a_hostile_media_id_is_looked_up_as_it_is_declared_or_not_at_all(
    server: RawServer, graph: HttpGraph, media_id: str
) -> None:
    server.answer(http(404))
    server.received = b""
    exchange, _ = await graph.look_up(media_id, token=TOKEN)
    if exchange.status == 404:
        assert server.received == declared(server, f"/v26.0/{media_id}", TOKEN)
        assert media_id.isascii() and not set(media_id) & set("/?#%& \r\n")
    else:
        assert (server.received, exchange.trouble) == (b"", Trouble.CONTRACT)


@given(st.one_of(st.text(max_size=60), st.from_regex(r"EAAG[A-Za-z0-9]{0,20}(.|\n){0,8}", fullmatch=True)))
@example("EAAGtokenA")
@example("x\r\nX-HTTP-Method-Override: DELETE")
@hostile
async def test_a_hostile_token_goes_out_whole_or_not_at_all(server: RawServer, graph: HttpGraph, token: str) -> None:
    server.answer(http(404))
    server.received = b""
    exchange, _ = await graph.look_up("1", token=token)
    if exchange.status == 404:
        assert server.received == declared(server, "/v26.0/1", token)
    else:
        assert (server.received, exchange.trouble) == (b"", Trouble.CONTRACT)
    assert len(token) < 9 or token not in str(exchange)


@given(
    st.one_of(
        st.text(max_size=40), st.from_regex(r"/[!-~]{0,40}", fullmatch=True), st.sampled_from(NASTY).map("/a".__add__)
    )
)
@example("/whatsapp_business/attachments/?mid=1&ext=2&hash=AR%2Bx")
@example("/a?b=%6d&method=get")
@example("/?")
@hostile
async def test_a_hostile_url_is_fetched_byte_for_byte_or_not_at_all(
    server: RawServer, graph: HttpGraph, sink: Sink, rest: str
) -> None:
    server.answer(http(404))
    server.received = b""
    url = server.base + rest
    exchange, _ = await graph.download(url, token=TOKEN, write=sink.write, sha256=None, size=None)
    if exchange.status == 404:
        target = rest.removesuffix("?") if rest.endswith("?") and rest.count("?") == 1 else rest
        assert server.received == declared(server, target or "/", TOKEN)
        assert graph.may_download(url)
    else:
        assert (server.received, exchange.trouble) == (b"", Trouble.HOST_REFUSED)
        assert not graph.may_download(url)


@given(st.sampled_from(NASTY), st.integers(0, 60))
@hostile
async def test_nothing_that_is_put_into_a_good_url_gets_a_header_or_another_host(
    server: RawServer, graph: HttpGraph, sink: Sink, nasty: str, at: int
) -> None:
    server.answer(http(404))
    server.received = b""
    url = server.url[:at] + nasty + server.url[at:]
    await graph.download(url, token=TOKEN, write=sink.write, sha256=None, size=None)
    lines = server.received.split(b"\r\n")
    assert server.received == b"" or (lines[0].startswith(b"GET /") and len(lines) == 8)
    query = lines[0].decode().removesuffix(" HTTP/1.1").partition("?")[2]
    assert not {"method", "access_token"} & {key.lstrip("?") for key, _ in parse_qsl(query, keep_blank_values=True)}
