"""Connections, on both event loops and over TLS."""

import asyncio
import datetime as dt
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from penstock.simulator import FaultRule, Platform, one_fault
from penstock.simulator.wire import Connection

NUMBER = "100000000000002"
AUTHORIZED = "Host: x\r\nUser-Agent: x\r\nAuthorization: Bearer EAAGtokenA\r\n"

Ask = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[Platform]]


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day = dt.timedelta(days=1)
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


async def exchange(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_requests_that_come_at_once_are_answered_in_their_order(meta: Platform) -> None:
    ids = [meta.upload(bytes([n]), "image/jpeg", number=NUMBER).id for n in range(20)]
    requests = [f"GET /v26.0/{media_id} HTTP/1.1\r\n{AUTHORIZED}" for media_id in ids]
    requests[-1] += "Connection: close\r\n"
    answers = await exchange(meta.port, "".join(request + "\r\n" for request in requests).encode())

    assert [answers.index(f'"id":"{media_id}"'.encode()) for media_id in ids] == sorted(
        answers.index(f'"id":"{media_id}"'.encode()) for media_id in ids
    )
    assert answers.count(b"HTTP/1.1 200 OK") == 20


async def test_a_request_behind_a_slow_one_waits_for_its_turn(start: Start) -> None:
    meta = await start(one_fault(FaultRule(fault="slow", latency_s=0.02)))
    request = f"GET /v26.0/1 HTTP/1.1\r\n{AUTHORIZED}"
    answers = await exchange(meta.port, f"{request}\r\n{request}Connection: close\r\n\r\n".encode())

    assert answers.count(b"HTTP/1.1 400") == 2


async def test_a_client_that_waits_for_100_is_told_to_continue(meta: Platform) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", meta.port)
    writer.write(b"POST /v26.0/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")

    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hi")
    assert (await reader.readline()).startswith(b"HTTP/1.1 401")
    writer.close()


async def test_an_old_client_is_hung_up_on_after_its_answer(meta: Platform) -> None:
    assert (await exchange(meta.port, b"GET /v26.0/1 HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 401")


async def test_connections_are_counted_and_forgotten(meta: Platform, ask: Ask) -> None:
    for _ in range(3):
        await ask(meta, "/v26.0/1")
    async with asyncio.timeout(60):
        while meta._upstream.open:
            await asyncio.sleep(0.01)

    assert meta.record.connections == 3


async def test_stopping_cuts_what_is_under_way(start: Start, callback: Any) -> None:
    async with Platform(one_fault(FaultRule(fault="hang"))) as meta:
        reading = asyncio.create_task(exchange(meta.port, f"GET /v26.0/1 HTTP/1.1\r\n{AUTHORIZED}\r\n".encode()))
        while not meta.record.requests:
            await asyncio.sleep(0.001)
    ended = (await asyncio.gather(reading, return_exceptions=True))[0]

    assert ended == b"" or isinstance(ended, ConnectionResetError)


async def test_it_speaks_tls_when_it_is_given_a_certificate(start: Start, tmp_path: Path) -> None:
    certified = certificate(tmp_path)
    meta = await start(tls=certified)
    data = bytes(1_000_000)
    media = meta.upload(data, "image/jpeg", number=NUMBER)
    trust = ssl.create_default_context(cafile=certified[0])
    trust.check_hostname = False
    headers = {"Authorization": "Bearer EAAGtokenA"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(ssl=trust)) as session:
        async with session.get(f"{meta.graph_url}/v26.0/{media.id}") as answer:
            url = (await answer.json())["url"]
        async with session.get(url) as answer:
            assert await answer.read() == data

    assert meta.graph_url.startswith("https://127.0.0.1:")
    assert url.startswith(meta.graph_url)


def test_it_runs_on_uvloop_as_well() -> None:
    async def script() -> tuple[int, bytes]:
        async with Platform(one_fault(FaultRule(fault="cut-short", hop="download"))) as meta:
            meta.add_token("token-a", "EAAGtokenA")
            media = meta.upload(bytes(2_000_000), "image/jpeg")
            path = meta.world.fresh_url(media, source="x", life_s=300).split("/", 3)[3]
            answer = await exchange(meta.port, f"GET /{path} HTTP/1.1\r\n{AUTHORIZED}\r\n".encode())
            other = await exchange(meta.port, f"GET /v26.0/{media.id} HTTP/1.0\r\n{AUTHORIZED}\r\n".encode())
            return len(answer.partition(b"\r\n\r\n")[2]), other

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        length, found = runner.run(script())

    assert length == 1_000_000
    assert found.startswith(b"HTTP/1.1 200")


async def test_a_connection_says_where_its_client_is(meta: Platform) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", meta.port)
    while not meta._upstream.open:
        await asyncio.sleep(0.001)
    (connection,) = meta._upstream.open

    assert isinstance(connection, Connection)
    assert connection.client == "127.0.0.1"
    writer.close()
