"""Stores to try, each on a server of its own kind, and a way to a bucket that can be made bad."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.adapters.blobs.s3 import Bucket, Patience, S3Blobs
from penstock.adapters.blobs.s3_signing import Keys


def bucket_at(url: str, name: str, server: Any, **more: Any) -> Bucket:
    keys = Keys(server.key_id, server.secret)
    return Bucket(**{"name": name, "prefix": "pen/stock", "address": f"{url}/{name}", "keys": keys, **more})


@pytest.fixture
async def bucket() -> AsyncIterator[Callable[..., S3Blobs]]:
    """Makes stores on buckets of a server."""
    stores = []

    def make(server: Any, *, patience: Patience | None = None, name: str | None = None, **more: Any) -> S3Blobs:
        store = S3Blobs(bucket_at(server.url, name or server.bucket(), server, **more), patience=patience)
        stores.append(store)
        return store

    yield make
    for store in stores:
        await store.stop()


class Way:
    """The way to a server, which lets through, denies, fails, keeps silent or is not there at all."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.key_id, self.secret = server.key_id, server.secret
        self.url = ""
        self.requests: list[str] = []
        self._mode = "pass"
        self._listening: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def bucket(self) -> str:
        return str(self.server.bucket())

    async def start(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._listening is not None
        self._listening.close()
        await self.become("away")

    async def become(self, mode: str) -> None:
        """From now on; connections that are open end."""
        self._mode = mode
        for writer in list(self._open):
            writer.close()
        await asyncio.sleep(0.05)  # the client keeps connections, and must see that these are no more

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self._mode != "away":
                await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head.split(b"\r\n", 1)[0].decode())
        if self._mode == "hang":
            await reader.read()
        elif self._mode == "pass":
            await self._let_through(head, reader, writer)
        else:
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    await reader.readexactly(int(value))
            status, code = ("403 Forbidden", "AccessDenied") if self._mode == "deny" else ("503 Slow", "SlowDown")
            said = f"<Error><Code>{code}</Code><AWSAccessKeyId>{self.key_id}</AWSAccessKeyId></Error>"
            answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n{said}"
            writer.write(answer.encode())
            await writer.drain()

    async def _let_through(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self._open.add(to_writer)
        try:
            to_writer.write(head)
            await asyncio.gather(_pump(reader, to_writer), _pump(to_reader, writer))
        finally:
            self._open.discard(to_writer)
            to_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()


@pytest.fixture
async def way(rclone: Any) -> AsyncIterator[Way]:
    """A way to rclone's server."""
    way = Way(rclone)
    await way.start()
    yield way
    await way.stop()
