"""A platform that is driven from elsewhere."""

import base64
from typing import Any

import pytest

from penstock.simulator import Platform, Remote, RemoteError

NUMBER = "100000000000002"


async def test_every_order_has_its_method(meta: Platform, callback: Any) -> None:
    async with Remote(meta.control_url) as remote:
        await remote.add_token("b", "EAAGb")
        await remote.add_number("77", app_secret=b"s", callback=callback.url, token="b", no_storage=True)
        files = await remote.upload(b"x", "image/jpeg", number="77", count=3, filename="a.jpg")
        sent = await remote.send("77", "image", customer=2, count=2, data=b"y", mime_type="image/png", caption="hi")
        await remote.traffic(5, 1e6, {"text": 1.0}, numbers=["77"])
        await remote.drain(60)
        await remote.revoke_token("b")
        await remote.advance(3_600)
        await remote.set_scenario({"rules": {"override": "405"}})

        assert len({file["id"] for file in files}) == 3
        assert {file["filename"] for file in files} == {"a.jpg"}
        assert [one["media"]["mime_type"] for one in sent] == ["image/png"] * 2
        assert callback.messages[0]["image"]["caption"] == "hi"
        assert len(callback.messages) == 7
        assert not meta.world.tokens.alive("b")
        assert meta.world.rules.override == "405"
        assert meta.world.numbers["77"].no_storage
        assert (await remote.facts())["media"] == len(meta.world.shelf) == 5
        assert len(await remote.deliveries(limit=3)) == 3
        assert await remote.requests() == []


async def test_orders_without_a_method_can_be_given_by_name(meta: Platform, callback: Any) -> None:
    async with Remote(meta.control_url) as remote:
        body = base64.b64encode(b"{}").decode()
        reply = await remote.order("deliver_body", number_id=NUMBER, data=body, signed="")

        assert reply["status"] == 200
        assert (await remote.order("verify", number_id=NUMBER, verify_token="v"))["verified"] is True
        assert (await remote.order("restore_token", name="token-a"))["done"] is True
        assert callback.got[0].body == b"{}"


async def test_refusals_and_silence_are_errors_that_say_why(meta: Platform) -> None:
    async with Remote(meta.control_url) as remote:
        with pytest.raises(RemoteError, match="'42' is not known"):
            await remote.send("42")
    async with Remote("http://127.0.0.1:9/_control") as nobody:
        with pytest.raises(RemoteError, match="ConnectionRefusedError"):
            await nobody.facts()
