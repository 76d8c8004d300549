"""TLS that is really verified: the certificate is believed by who trusts it, and by nobody else."""

import asyncio
import ssl
from pathlib import Path

import pytest

from penstock.bench import certificate


async def ask(port: int, trusted: ssl.SSLContext) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusted)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_only_who_trusts_the_certificate_gets_an_answer(tmp_path: Path) -> None:
    pem = certificate.make(tmp_path)
    assert pem.stat().st_mode & 0o077 == 0
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(pem)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=own) as server:
        port = server.sockets[0].getsockname()[1]
        assert await ask(port, ssl.create_default_context(cafile=str(pem))) == b"hello"
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(port, ssl.create_default_context())
