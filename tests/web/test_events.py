"""The event stream: it tells, it beats, it ends by itself."""

import asyncio
from typing import Any

import pytest

from penstock.flow.nudge import Nudge
from penstock.ledger.book import Ledger
from penstock.web import events
from penstock.web.events import Watch
from penstock.web.server import Server, listen


class Stream:
    """What a page hears."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, base: str, cookie: str) -> "Stream":
        host, _, port = base.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n".encode())
        return cls(reader, writer)

    async def until(self, text: bytes, *, within_s: float = 60.0) -> bytes:
        async with asyncio.timeout(within_s):
            return await self._reader.readuntil(text)

    async def rest(self, *, within_s: float = 60.0) -> bytes:
        async with asyncio.timeout(within_s):
            said = await self._reader.read()
        await self.close()
        return said

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def test_who_is_not_signed_in_hears_nothing(site: Any) -> None:
    assert (await site.get("/events")).status == 401
    assert (await site.get("/events", cookie="penstock=made-up")).status == 401


async def test_a_page_is_told_that_something_changed(site: Any) -> None:
    stream = await Stream.open(site.base, await site.signed_in())
    head = await stream.until(b"event: changed")
    assert b"200 OK" in head
    assert b"text/event-stream" in head
    await asyncio.sleep(events._REST_S)

    await site.receive(site.message("text", {"body": "hello"}))
    await stream.until(b"event: changed")
    await stream.close()


async def test_a_page_is_told_nothing_but_that(site: Any) -> None:
    stream = await Stream.open(site.base, await site.signed_in())
    await site.receive(site.message("text", {"body": "a secret word"}))
    said = await stream.until(b"event: changed\ndata: {}\n\n")
    await stream.close()

    assert b"secret" not in said


async def test_what_another_process_wrote_is_noticed_within_a_second_or_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudge = Nudge()
    last = iter((7, 7, 8))

    async def ending() -> int:
        return next(last)

    monkeypatch.setattr(ledger.feed, "last", ending)
    with nudge.subscribe() as heard:
        watch = Watch(ledger, heard)
        assert await watch.changed(0.01) is False
        assert await watch.changed(0.01) is True


async def test_a_quiet_stream_beats(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(events, "_BEAT_S", 0.04)
    stream = await Stream.open(site.base, await site.signed_in())
    await stream.until(b": beat\n\n")
    await stream.close()


async def test_a_withdrawn_token_ends_its_stream(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(events, "_BEAT_S", 0.04)
    stream = await Stream.open(site.base, await site.signed_in())
    await stream.until(b": beat\n\n")
    for token in await site.ledger.tokens.list():
        await site.ledger.tokens.remove(token["name"])

    assert (await stream.rest()).endswith(b"0\r\n\r\n")


async def test_streams_are_bounded(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_STREAMS", 1)
    cookie = await site.signed_in()
    stream = await Stream.open(site.base, cookie)
    await stream.until(b"event: changed")

    got = await site.get("/events", cookie=cookie)
    assert got.status == 503
    await stream.close()

    async with asyncio.timeout(60):
        while "penstock_event_streams 0.0" not in (await site.get("/metrics")).text:
            await asyncio.sleep(0.02)


async def test_open_streams_end_at_once_when_the_process_is_asked_to_stop(site: Any) -> None:
    listening = listen("127.0.0.1", 0)
    server = Server(site.app, ending=site.nudge.stop)
    await server.start(listening)
    host, port = listening.getsockname()
    stream = await Stream.open(f"http://{host}:{port}", await site.signed_in())
    await stream.until(b"event: changed")

    await server.stop()
    assert (await stream.rest()).endswith(b"0\r\n\r\n")  # a whole answer: at the server's own limit it is cut off
