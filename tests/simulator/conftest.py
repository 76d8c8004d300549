"""A platform, a callback that takes webhooks, and a client that shows every byte."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from penstock.simulator import Platform, Scenario
from penstock.simulator.incoming import Incoming
from penstock.simulator.request_reader import RequestReader

TOKEN = "EAAGtokenA"
NUMBER = "100000000000002"
SECRET = b"app-secret"


@dataclass
class Seen:
    """An answer as it came off the wire."""

    raw: bytes

    @property
    def head(self) -> list[str]:
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")

    @property
    def status(self) -> int:
        return int(self.head[0].split(" ")[1])

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> list[str]:
        lines = (line.partition(":") for line in self.head[1:])
        return [value.strip() for key, _, value in lines if key.lower() == name.lower()]


@dataclass
class Callback:
    """Takes webhooks; ``answers`` are the statuses to come (0 hangs up), then always 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[Incoming] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        return [request.body for request in self.got]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [
            message
            for body in self.bodies
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
            for message in change["value"].get("messages", [])
        ]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = RequestReader()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                requests.feed(data)
                while (request := requests.next()) is not None:
                    self.got.append(request)
                    status = self.answers.pop(0) if self.answers else 200
                    if status == 0:
                        writer.close()
                        return
                    query = dict(request.query())
                    body = query.get("hub.challenge", "").encode()
                    writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
                    await writer.drain()
        writer.close()


@pytest.fixture
async def callback() -> AsyncIterator[Callback]:
    """A callback on loopback."""
    there = Callback()
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks/whatsapp/main"
    yield there
    server.close()


@pytest.fixture
async def start(callback: Callback) -> AsyncIterator[Callable[..., Awaitable[Platform]]]:
    """Starts a platform that knows one token and one number."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(scenario: Scenario | None = None, **options: Any) -> Platform:
            platform = await stack.enter_async_context(Platform(scenario, **options))
            platform.add_token("token-a", TOKEN)
            platform.add_number(NUMBER, app_secret=SECRET, callback=callback.url, token="token-a")
            return platform

        yield started


@pytest.fixture
async def meta(start: Callable[..., Awaitable[Platform]]) -> Platform:
    """A platform that behaves."""
    return await start()


def request_bytes(target: str, method: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: meta.example", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def ask() -> Callable[..., Awaitable[Seen]]:
    """Sends one request and reads until the platform hangs up. ``at_most`` bytes, in case it never does."""

    async def asked(
        platform: Platform,
        target: str,
        *,
        method: str = "GET",
        token: str | None = TOKEN,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        at_most: int = 10_000_000,
    ) -> Seen:
        reader, writer = await asyncio.open_connection("127.0.0.1", platform.port)
        told = {
            "User-Agent": "penstock/1",
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **(headers or {}),
        }
        path = "/" + target.split("/", 3)[3] if target.startswith("http") else target
        writer.write(request_bytes(path, method, told, body))
        raw = b""
        try:
            while len(raw) < at_most and (data := await reader.read(65_536)):
                raw += data
        except ConnectionResetError:
            raw += b"<reset>"
        finally:
            writer.close()
        return Seen(raw)

    return asked
