"""The server starts on a socket, serves, and ends: open answers may finish, streams are told, signals are left alone."""

import asyncio
import signal
from typing import Any

import pytest

from penstock.core.errors import Unreachable
from penstock.web.server import Server, listen


class Slow:
    """An app that answers at once, but for ``/slow``, which it answers when it is told to end."""

    def __init__(self) -> None:
        self.asked, self.told = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            self.asked.set()
            await self.told.wait()
        await answer(send)


async def answer(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def ask(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_it_serves_from_start_to_stop_and_tells_streams_before_it_ends() -> None:
    app = Slow()
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = Server(app, ending=app.told.set)
    before = signal.getsignal(signal.SIGTERM)
    await server.start(listening)
    assert signal.getsignal(signal.SIGTERM) == before
    assert (await ask(port, "/")).endswith(b"ok")
    assert not app.told.is_set()
    under_way = asyncio.create_task(ask(port, "/slow"))
    await app.asked.wait()
    await server.stop()
    assert app.told.is_set()
    assert (await under_way).endswith(b"ok")
    await server.ended()
    with pytest.raises(OSError, match=r"Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)
    listening.close()


def test_an_address_that_is_taken_is_said_in_one_line() -> None:
    taken = listen("127.0.0.1", 0)
    with pytest.raises(Unreachable, match="cannot listen on"):
        listen("127.0.0.1", taken.getsockname()[1])
    taken.close()


def test_an_address_of_another_machine_is_said_in_one_line() -> None:
    with pytest.raises(Unreachable, match="cannot listen on"):
        listen("192.0.2.1", 0)
