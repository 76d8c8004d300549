"""Uploads on the wire."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from penstock.simulator import Platform

NUMBER = "100000000000002"
TOKEN = "EAAGtokenA"
DATA = b"\r\n--x\r\n\x00\xffbinary\r\n\r\n"

Ask = Callable[..., Awaitable[Any]]


def form(**fields: str) -> aiohttp.FormData:
    data = aiohttp.FormData(fields)
    data.add_field("file", DATA, filename="a.bin", content_type="image/png")
    return data


async def post(meta: Platform, data: aiohttp.FormData, number: str = NUMBER, token: str = TOKEN) -> tuple[int, Any]:
    url = f"{meta.graph_url}/v26.0/{number}/media"
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, data=data) as answer:
        return answer.status, await answer.json()


async def test_an_upload_becomes_a_media_of_the_number(meta: Platform) -> None:
    status, body = await post(meta, form(messaging_product="whatsapp", type="image/png"))
    media = meta.world.shelf.get(body["id"])

    assert status == 200
    assert media is not None
    assert (media.file.data, media.file.mime_type, media.file.filename) == (DATA, "image/png", "a.bin")
    assert not media.inbound
    assert media.life_s(meta.world.rules) == 30 * 86_400
    assert meta.record.requests[-1].hop == "upload"


async def test_the_type_of_the_part_counts_when_none_is_told(meta: Platform) -> None:
    _, body = await post(meta, form(messaging_product="whatsapp"))
    media = meta.world.shelf.get(body["id"])

    assert media is not None
    assert media.file.mime_type == "image/png"


@pytest.mark.parametrize(
    ("number", "token", "fields", "code"),
    [
        (NUMBER, TOKEN, {}, 100),
        ("42", TOKEN, {"messaging_product": "whatsapp"}, 100),
        (NUMBER, "EAAGother", {"messaging_product": "whatsapp"}, 190),
    ],
)
async def test_an_upload_that_cannot_be_taken_is_refused(
    meta: Platform, number: str, token: str, fields: dict[str, str], code: int
) -> None:
    status, body = await post(meta, form(**fields), number, token)

    assert status in {400, 401}
    assert body["error"]["code"] == code
    assert len(meta.world.shelf) == 0


async def test_only_a_post_of_a_form_is_an_upload(meta: Platform, ask: Ask) -> None:
    path = f"/v26.0/{NUMBER}/media"

    assert (await ask(meta, path)).json["error"]["message"] == "Unsupported request - method type: get"
    assert (await ask(meta, path, method="POST", body=b"x")).json["error"]["code"] == 100
