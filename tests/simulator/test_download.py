"""The download hop on the wire."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.simulator import Media, Platform, Rules, Scenario

NUMBER = "100000000000002"
TOKEN = "EAAGtokenA"

Ask = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[Platform]]


def there(meta: Platform, data: bytes = b"\xff\xd8file", **more: Any) -> tuple[Media, str]:
    media = meta.upload(data, "image/jpeg", number=NUMBER, **more)
    return media, meta.world.fresh_url(media, source="getMedia", life_s=300)


async def test_a_url_brings_the_file(meta: Platform, ask: Ask) -> None:
    _, url = there(meta)
    seen = await ask(meta, url)

    assert (seen.status, seen.body) == (200, b"\xff\xd8file")
    assert seen.header("content-type") == ["image/jpeg"]
    assert seen.header("content-disposition") == []


async def test_a_file_name_comes_percent_encoded(meta: Platform, ask: Ask) -> None:
    _, url = there(meta, filename='Résumé "1".pdf')

    assert (await ask(meta, url)).header("content-disposition") == [
        "attachment; filename*=UTF-8''R%C3%A9sum%C3%A9%20%221%22.pdf"
    ]


async def test_the_token_is_needed_on_this_hop_too(start: Start, ask: Ask) -> None:
    graph = await start()
    lookaside = await start(Scenario(rules=Rules(download_401="lookaside")))

    assert (await ask(graph, there(graph)[1], token=None)).json["error"]["code"] == 104
    assert (await ask(graph, there(graph)[1], token="EAAGother")).json["error"]["code"] == 190
    assert (await ask(lookaside, there(lookaside)[1], token=None)).json["title"] == "Authentication Error"


async def test_a_token_of_somebody_else_finds_nothing(meta: Platform, ask: Ask) -> None:
    meta.add_token("b", "EAAGb")

    assert (await ask(meta, there(meta)[1], token="EAAGb")).status == 404


async def test_a_user_agent_is_needed_unless_the_rules_say_otherwise(start: Start, ask: Ask) -> None:
    strict, lax = await start(), await start(Scenario(rules=Rules(user_agent=False)))

    assert (await ask(strict, there(strict)[1], headers={"User-Agent": ""})).status == 400
    assert (await ask(lax, there(lax)[1], headers={"User-Agent": ""})).status == 200


async def test_a_url_dies_after_five_minutes(meta: Platform, ask: Ask) -> None:
    _, url = there(meta)
    meta.clock.advance(299)
    assert (await ask(meta, url)).status == 200
    meta.clock.advance(2)

    assert (await ask(meta, url)).status == 404


@pytest.mark.parametrize("change", [("hash=A", "hash=B"), ("ext=1", "ext=2"), ("ext=", "ext=x"), ("mid=1", "mid=2")])
async def test_a_url_that_was_not_given_out_finds_nothing(meta: Platform, ask: Ask, change: tuple[str, str]) -> None:
    _, url = there(meta)

    assert (await ask(meta, url.replace(*change))).status == 404


async def test_a_media_that_is_gone_has_no_file(meta: Platform, ask: Ask) -> None:
    media, url = there(meta)
    media.deleted = True

    assert (await ask(meta, url)).status == 404


async def test_a_new_file_may_need_a_moment(start: Start, ask: Ask) -> None:
    meta = await start(Scenario(rules=Rules(fresh_404_s=60)))
    _, url = there(meta)

    assert (await ask(meta, url)).status == 404
    meta.clock.advance(61)
    assert (await ask(meta, url)).status == 200


async def test_only_get_is_served(meta: Platform, ask: Ask) -> None:
    assert (await ask(meta, there(meta)[1], method="POST")).status == 405


async def test_a_slow_reader_of_a_large_file_takes_no_memory(meta: Platform) -> None:
    data = bytes(16_000_000)
    _, url = there(meta, data)
    reader, writer = await asyncio.open_connection("127.0.0.1", meta.port, limit=65_536)
    path = "/" + url.split("/", 3)[3]
    writer.write(f"GET {path} HTTP/1.1\r\nUser-Agent: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    (connection,) = meta._upstream.open
    for _ in range(20):
        await asyncio.sleep(0.005)

    assert connection._transport.get_write_buffer_size() < 1_000_000
    assert await reader.readexactly(len(data)) == data
    writer.close()
