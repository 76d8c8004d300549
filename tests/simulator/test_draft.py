"""The pieces of which updates are put together."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.simulator import Platform, Scenario, Webhooks, customer
from penstock.simulator.draft import wamid, webhook_url

NUMBER = "100000000000002"

Start = Callable[..., Awaitable[Platform]]


def message(meta: Platform, kind: str = "text", **more: Any) -> dict[str, Any]:
    parts = dict(meta.make(NUMBER, kind, **more).update.parts)
    return {**parts["messages"], "contact": parts.get("contacts")}


def test_a_message_id_holds_the_phone_the_direction_and_a_key() -> None:
    raw = base64.b64decode(wamid(customer(1234), "1").removeprefix("wamid."))

    assert raw.startswith(b"\x1c\x18\x0b15550001234\x15\x02\x00\x12\x18\x14" + b"3A")
    assert raw.endswith(b"\x00")
    assert base64.b64decode(wamid(customer(1), "1", outbound=True)[6:])[17:18] == b"\x11"
    assert wamid(customer(1), "1") != wamid(customer(1), "2")


async def test_a_message_has_the_keys_of_the_documentation(meta: Platform) -> None:
    made = message(meta, customer=3, at=1_795_000_000.7)

    assert list(made) == ["from", "from_user_id", "id", "timestamp", "type", "text", "contact"]
    assert (made["from"], made["from_user_id"]) == (customer(3).phone, customer(3).user_id)
    assert made["timestamp"] == "1795000000"
    assert made["contact"] == {
        "profile": {"name": customer(3).name},
        "wa_id": customer(3).phone,
        "user_id": customer(3).user_id,
    }


async def test_a_sender_may_have_no_phone(meta: Platform) -> None:
    made = message(meta, bsuid_only=True)

    assert "from" not in made
    assert "wa_id" not in made["contact"]
    assert made["contact"]["profile"]["username"].startswith("customer.")
    assert made["contact"]["user_id"] == made["from_user_id"]


async def test_groups_replies_and_forwards_are_marked(meta: Platform) -> None:
    assert message(meta, group="G1")["group_id"] == "G1"
    assert message(meta, reply_to="wamid.X")["context"] == {"from": "15550009876", "id": "wamid.X"}
    assert message(meta, forwarded=True)["context"] == {"forwarded": True}
    assert message(meta, forwarded="often")["context"] == {"frequently_forwarded": True}
    assert message(meta, wamid="wamid.MINE")["id"] == "wamid.MINE"


async def test_a_media_object_names_a_file_that_is_there(meta: Platform) -> None:
    sent = meta.make(NUMBER, "image", data=b"penstock-example-image", mime_type="image/jpeg", at=1_795_000_000.0)
    described = dict(sent.update.parts)["messages"]["image"]

    assert sent.media is not None
    assert described["id"] == sent.media.id
    assert described["sha256"] == "plr/ZehTE6kszlpgIZV2VWRq1xPmgKmdJnvtwbCigXQ="
    assert "ext=1795000301&" in described["url"]
    assert "source=webhook" in described["url"]
    assert meta.world.shelf.get(sent.media.id) is sent.media


@pytest.mark.parametrize(
    ("webhooks", "check"),
    [
        (Webhooks(url=False), lambda made: "url" not in made["image"]),
        (Webhooks(sha256="hex"), lambda made: len(made["image"]["sha256"]) == 64),
        (Webhooks(timestamps="integer"), lambda made: isinstance(made["timestamp"], int)),
        (Webhooks(bsuid=False), lambda made: "from_user_id" not in made and "user_id" not in made["contact"]),
        (Webhooks(ext="milliseconds"), lambda made: len(made["image"]["url"].split("ext=")[1].split("&")[0]) == 13),
    ],
)
async def test_the_spelling_is_a_matter_of_the_scenario(
    start: Start, webhooks: Webhooks, check: Callable[[Any], bool]
) -> None:
    assert check(message(await start(Scenario(webhooks=webhooks)), "image"))


async def test_a_url_in_milliseconds_can_be_fetched_until_it_dies(start: Start, ask: Any) -> None:
    webhooks = Webhooks(ext="milliseconds")
    meta = await start(Scenario(webhooks=webhooks))
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    url = webhook_url(media, meta.world, webhooks, meta.clock.now())

    assert (await ask(meta, url)).status == 200
    meta.clock.advance(302)
    assert (await ask(meta, url)).status == 404
