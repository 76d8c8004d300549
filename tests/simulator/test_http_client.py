"""The client's side of HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from penstock.simulator.http_client import HttpClient

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Gives each request the next of its answers, as raw bytes; b"" hangs up, None says nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[bytes | None] = []
        self.connections = 0
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0)
                if answer == b"":
                    break
                if answer is not None:
                    writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    there = Server()
    listening = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    there.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/path"
    yield there
    listening.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[HttpClient]:
    made = HttpClient(server.url)
    yield made
    made.close()


async def get(client: HttpClient, timeout_s: float = 10.0) -> tuple[int | None, bytes, str | None]:
    reply = await client.request("GET", "/x", {"X-A": "1"}, b"", timeout_s=timeout_s)
    return reply.status, reply.body, reply.error


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi"),
        (b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 503, b"hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n", 201, b""),
    ],
)
async def test_answers_are_read_and_connections_kept(
    server: Server, client: HttpClient, answer: bytes, status: int, body: bytes
) -> None:
    server.answers = [answer, answer]

    assert await get(client) == (status, body, None)
    assert await get(client) == (status, body, None)
    assert server.connections == 1
    assert server.requests[0].startswith(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_an_answer_without_length_ends_with_the_connection(server: Server, client: HttpClient) -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        writer.close()

    listening = await asyncio.start_server(rude, "127.0.0.1", 0)
    other = HttpClient(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")

    assert await get(other) == (200, b"all of it", None)
    other.close()
    listening.close()


async def test_a_connection_that_the_server_means_to_close_is_not_used_again(
    server: Server, client: HttpClient
) -> None:
    server.answers = [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"] * 2

    assert [(await get(client))[0] for _ in range(2)] == [200, 200]
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "closed without an answer"),
        (b"nonsense\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "not HTTP"),
    ],
)
async def test_every_failure_is_an_answer(server: Server, client: HttpClient, answer: bytes, error: str) -> None:
    server.answers = [answer]
    status, _, said = await get(client)

    assert status is None
    assert error in (said or "")


async def test_silence_is_a_failure_too_and_the_next_request_goes_elsewhere(server: Server, client: HttpClient) -> None:
    server.answers = [None, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]

    assert (await get(client, 0.05))[2] == "no answer within 0.05 s"
    assert (await get(client))[0] == 200
    assert server.connections == 2


async def test_nobody_there_is_a_failure() -> None:
    client = HttpClient("http://127.0.0.1:9/")

    assert "ConnectionRefusedError" in ((await get(client))[2] or "")


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/", "http://", "127.0.0.1:80"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not an http"):
        HttpClient(url)
