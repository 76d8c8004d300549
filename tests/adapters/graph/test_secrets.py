"""The token goes to allowed hosts over a checked connection, and into no text."""

import asyncio
import datetime as dt
import ipaddress
import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import TCPConnector
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.adapters.graph.conftest import MEDIA_ID, RawServer, Sink, graph_at, graph_error, http, then_close
from tests.adapters.graph.test_addresses import Names

from penstock.adapters.graph import addresses
from penstock.adapters.graph.http import HttpGraph
from penstock.core.exchange import Trouble
from penstock.core.verdict import judge
from penstock.core.work import Outcome

TOKEN = "EAAGsecretsecretsecretZZ"


@pytest.fixture
async def foreign() -> AsyncIterator[RawServer]:
    """Somebody else's server. It must never be spoken to."""
    raw = RawServer()
    raw.answer(http(200, b"{}"))
    await raw.start()
    yield raw
    await raw.stop()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(server: RawServer, foreign: RawServer, sink: Sink, status: int) -> None:
    server.answer(http(status, b"", f"Location: {foreign.base}/x"))
    async with graph_at(server) as graph:
        looked_up, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
        downloaded, _ = await graph.download(server.url, token=TOKEN, write=sink.write, sha256=None, size=None)
    assert (looked_up.trouble, downloaded.trouble) == (Trouble.REDIRECT, Trouble.REDIRECT)
    assert (foreign.connections, len(server.requests)) == (0, 2)


async def test_a_url_on_another_host_is_neither_handed_on_nor_fetched(
    server: RawServer, foreign: RawServer, sink: Sink
) -> None:
    url = f"http://localhost:{foreign.port}/x"
    server.answer(http(200, json.dumps({"url": url, "id": MEDIA_ID}).encode()))
    async with graph_at(server) as graph:
        _, found = await graph.look_up(MEDIA_ID, token=TOKEN)
        assert not graph.may_download(url)
        exchange, _ = await graph.download(url, token=TOKEN, write=sink.write, sha256=None, size=None)
    assert (found, exchange.trouble, foreign.connections) == (None, Trouble.HOST_REFUSED, 0)


async def test_a_cookie_is_not_kept(server: RawServer) -> None:
    server.answer(http(200, b"{}", "Set-Cookie: a=b; Path=/"))
    async with graph_at(server) as graph:
        for _ in range(2):
            await graph.look_up(MEDIA_ID, token=TOKEN)
    assert b"cookie" not in server.received.lower()


async def test_a_proxy_of_the_environment_is_not_used(
    server: RawServer, foreign: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, foreign.base)
    server.answer(http(404))
    async with graph_at(server) as graph:
        await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (len(server.requests), foreign.connections) == (1, 0)


async def test_nothing_that_is_told_or_logged_holds_the_token_or_the_url(
    server: RawServer, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer(
        graph_error(190, status=401, message=f"Malformed access token {TOKEN}"),
        graph_error(190, status=401, message="Malformed access token EAAGanotherTokenOfSomebody\r\nX: 1"),
        then_close(b""),
        b"junk\r\n\r\n",
        http(200, b"{}", "Content-Length: 9"),
        http(302, b"", f"Location: https://evil.example/?access_token={TOKEN}"),
        then_close(http(200, b"x" * 100)[:-5]),
    )
    told = []
    async with graph_at(server) as graph:
        told += [str((await graph.look_up(MEDIA_ID, token=TOKEN))[0]) for _ in range(7)]
        for _ in range(2):
            exchange, _ = await graph.download(server.url, token=TOKEN, write=sink.write, sha256=None, size=None)
            told.append(str(exchange))
        told.append(repr(graph))
        told += [str((await graph.look_up(MEDIA_ID, token=f"{TOKEN}\r\n"))[0])]
        told += [
            str(
                (await graph.download(f"https://u:{TOKEN}@x/", token=TOKEN, write=sink.write, sha256=None, size=None))[
                    0
                ]
            )
        ]
    for text in [*told, *caplog.messages]:
        assert TOKEN not in text and "EAAGanother" not in text
        assert "hash=" not in text and "\n" not in text
    assert "Malformed access token [token]" in told[0]


# -- TLS -----------------------------------------------------------------------------------


def certificate(folder: Path, name: str, *, days: int = 1) -> Path:
    """A self-signed certificate with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "127.0.0.1":
        names = [x509.IPAddress(ipaddress.ip_address(name))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}-{days}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def tls_server(pem: Path, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[RawServer]:
    raw = RawServer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    raw._server = await asyncio.start_server(raw._serve, host, port, ssl=context)
    raw.port = raw._server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        await raw.stop()


def trusting(pem: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pem) if pem else None)


async def test_over_tls_with_a_good_certificate_it_works(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "127.0.0.1")
    async with tls_server(pem) as server:
        server.answer(http(404, b"{}"))
        async with graph_at(server, graph_url=f"https://127.0.0.1:{server.port}", tls=trusting(pem)) as graph:
            exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
        assert (exchange.status, exchange.peer_address) == (404, "127.0.0.1")
        assert server.received.startswith(b"GET /v26.0/")


@pytest.mark.parametrize(
    ("name", "days", "trusted", "word"),
    [
        ("127.0.0.1", 1, False, "self-signed"),
        ("evil.example", 1, True, "mismatch"),
        ("127.0.0.1", -1, True, "expired"),
    ],
)
async def test_a_certificate_that_proves_nothing_gets_no_token(
    tmp_path: Path, name: str, days: int, trusted: bool, word: str
) -> None:
    pem = certificate(tmp_path, name, days=days)
    async with tls_server(pem) as server:
        server.answer(http(404))
        context = trusting(pem if trusted else None)
        async with graph_at(server, graph_url=f"https://127.0.0.1:{server.port}", tls=context) as graph:
            exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
        assert (exchange.trouble, server.received) == (Trouble.TLS, b"")
        assert exchange.detail is not None and word in exchange.detail
    judged = judge(exchange, now=exchange.at, received_at=exchange.at, deadline=exchange.at + 100.0)
    assert judged.outcome is Outcome.UPSTREAM


async def test_a_server_that_does_not_speak_tls_gets_no_token(server: RawServer) -> None:
    server.answer(http(404))
    async with graph_at(server, graph_url=f"https://127.0.0.1:{server.port}") as graph:
        task = asyncio.create_task(graph.look_up(MEDIA_ID, token=TOKEN))
        while not server.connections:
            await asyncio.sleep(0.01)
        for writer in list(server._open):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        exchange, _ = await task
    assert exchange.trouble is Trouble.TLS
    assert TOKEN.encode() not in server.received


# -- names that change -----------------------------------------------------------------------------------------------

THEIRS, FOREIGN = "127.0.0.2", "127.0.0.1"  # the one that stands for Meta's public address, and a private one


@asynccontextmanager
async def two_hosts_of_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: Names
) -> AsyncIterator[tuple[RawServer, RawServer, HttpGraph]]:
    """Meta's server and somebody else's on the same port, both with a certificate that is good for the name."""
    monkeypatch.setattr(addresses, "is_public", lambda address: address == THEIRS)
    pem = certificate(tmp_path, "graph.example")
    async with tls_server(pem, THEIRS) as meta, tls_server(pem, FOREIGN, meta.port) as other:
        meta.answer(http(404, b"{}"))
        other.answer(http(404, b"{}"))
        base = f"https://graph.example:{meta.port}"
        settings = {"graph_url": base, "allow_insecure": False, "resolver": names, "tls": trusting(pem)}
        async with graph_at(meta, **settings) as graph:
            yield meta, other, graph


async def test_a_name_that_changes_between_two_requests_takes_the_token_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names([THEIRS], [FOREIGN])
    async with two_hosts_of_one_name(tmp_path, monkeypatch, names) as (meta, other, graph):
        before, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
        connector = graph._session.connector
        assert isinstance(connector, TCPConnector)
        connector.clear_dns_cache()
        after, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (before.status, before.peer_address) == (404, THEIRS)
    assert (after.trouble, after.peer_address, names.asked) == (Trouble.ADDRESS_REFUSED, None, 2)
    assert (len(meta.requests), other.connections, other.received) == (1, 0, b"")


@pytest.mark.parametrize("answer", [[FOREIGN, THEIRS], [THEIRS, FOREIGN]], ids=str)
async def test_of_a_name_with_several_addresses_only_the_public_one_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: list[str]
) -> None:
    async with two_hosts_of_one_name(tmp_path, monkeypatch, Names(answer)) as (meta, other, graph):
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (exchange.status, exchange.peer_address) == (404, THEIRS)
    assert (len(meta.requests), other.connections) == (1, 0)


async def test_when_the_public_address_does_not_answer_the_private_one_is_still_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_hosts_of_one_name(tmp_path, monkeypatch, Names([THEIRS, FOREIGN])) as (meta, other, graph):
        await meta.stop()
        exchange, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
        meta._server = await asyncio.start_server(meta._serve, THEIRS, 0)
    assert exchange.status is None
    assert exchange.trouble in {Trouble.CONNECT, Trouble.ADDRESS_REFUSED}
    assert (other.connections, other.received) == (0, b"")
