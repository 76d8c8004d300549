"""The platform as one object."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from penstock.simulator import FaultRule, NumberEntry, Platform, Scenario, Server, TokenEntry, Webhooks

NUMBER = "100000000000002"
HEADERS = {"Authorization": "Bearer EAAGtokenA", "User-Agent": "penstock/1"}

Ask = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[Platform]]


async def test_a_file_travels_from_the_webhook_to_the_client(meta: Platform, callback: Any) -> None:
    sent = await meta.send(NUMBER, "voice", customer=3)
    await meta.drain(60)
    (message,) = callback.messages
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        async with session.get(f"{meta.graph_url}/v26.0/{message['audio']['id']}") as answer:
            found = await answer.json()
        async with session.get(found["url"]) as answer:
            data = await answer.read()
        async with session.get(message["audio"]["url"]) as answer:
            hinted = await answer.read()

    assert sent.media is not None
    assert data == hinted == sent.media.file.data
    assert message["id"] == sent.wamid
    assert found["sha256"] == sent.media.sha256


async def test_it_says_where_it_is(start: Start) -> None:
    meta = await start(media_host="localhost")

    assert meta.graph_url == f"http://127.0.0.1:{meta.port}"
    assert meta.media_hosts == ["localhost"]
    assert meta.control_url == f"{meta.graph_url}/_control"
    media = meta.upload(b"x", "image/jpeg")
    assert meta.world.fresh_url(media, source="x", life_s=1).startswith(f"http://localhost:{meta.port}/")


async def test_an_address_that_is_taken_is_an_os_error(meta: Platform) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await Platform(port=meta.port).start()


async def test_a_scenario_brings_its_tokens_and_numbers(start: Start, callback: Any, ask: Ask) -> None:
    number = NumberEntry(phone_number_id="5", app_secret="s", callback=callback.url, token="t", no_storage=True)
    meta = await start(Scenario(tokens=(TokenEntry(name="t", value="EAAGt"),), numbers=(number,)))
    sent = await meta.send("5", "image")
    await meta.drain(60)

    assert sent.media is not None
    assert (await ask(meta, f"/v26.0/{sent.media.id}", token="EAAGt")).status == 200
    assert (await ask(meta, f"/v26.0/{sent.media.id}")).status == 400
    assert meta.world.numbers["5"].no_storage


async def test_a_scenario_can_be_changed_while_it_runs(meta: Platform, callback: Any) -> None:
    meta.set_scenario(Scenario(speed=100.0, webhooks=Webhooks(url=False)))
    await meta.send(NUMBER, "image")
    await meta.drain(60)

    assert meta.clock.speed == 100.0
    assert "url" not in callback.messages[0]["image"]


async def test_tokens_can_die_and_live_again(meta: Platform, ask: Ask) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    statuses = []
    for change in (meta.revoke_token, meta.restore_token):
        change("token-a")
        statuses.append((await ask(meta, f"/v26.0/{media.id}")).status)

    assert statuses == [401, 200]


async def test_a_callback_that_is_no_address_is_refused(meta: Platform) -> None:
    with pytest.raises(ValueError, match="is not an http"):
        meta.add_number("5", app_secret=b"s", callback="nonsense", token="token-a")


async def test_what_is_made_is_there_before_its_webhook_and_can_be_sent_again(
    meta: Platform, callback: Any, ask: Ask
) -> None:
    made = meta.make(NUMBER, "image")
    assert made.media is not None
    assert (await ask(meta, f"/v26.0/{made.media.id}")).status == 200
    await asyncio.sleep(0.01)
    assert callback.got == []

    meta.resend(made)
    meta.resend(made, await meta.send(NUMBER))
    await meta.drain(60)

    assert [message["id"] for message in callback.messages].count(made.wamid) == 2


async def test_raw_bodies_are_delivered_once_and_answered(meta: Platform, callback: Any) -> None:
    callback.answers = [401]
    refused = await meta.deliver_body(NUMBER, b"\xff not json", headers={"X-Odd": "1"})
    unsigned = await meta.deliver_body(NUMBER, b"{}", signed="")
    forged = await meta.deliver_body(NUMBER, b"{}", secret=b"another")
    good = await meta.deliver_body(NUMBER, b"{}")

    assert [reply.status for reply in (refused, unsigned, forged, good)] == [401, 200, 200, 200]
    assert callback.got[0].body == b"\xff not json"
    assert callback.got[0].header("x-odd") == "1"
    assert callback.got[1].header("x-hub-signature-256") is None
    signatures = [request.header("x-hub-signature-256") for request in callback.got[2:]]
    assert signatures[0] != signatures[1]
    assert not meta.record.deliveries


async def test_a_callback_is_verified_by_its_echo(meta: Platform, callback: Any) -> None:
    assert await meta.verify(NUMBER, "verify me")
    assert dict(callback.got[0].query()) == {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": "verify me",
    }
    callback.answers = [403]
    assert not await meta.verify(NUMBER, "x")


async def test_sending_returns_before_anything_is_delivered(meta: Platform, callback: Any) -> None:
    await meta.send(NUMBER)

    assert callback.got == []
    assert meta.outstanding == 1


def test_certificates_may_be_a_context_or_files() -> None:
    with pytest.raises(FileNotFoundError):
        Platform(tls=("nowhere.pem", "nowhere.key"))


async def test_a_scenario_without_traffic_has_none(meta: Platform) -> None:
    assert meta.own_traffic() is None


async def test_several_addresses_are_several_servers() -> None:
    servers = (Server(name="good"), Server(name="bad", faults=(FaultRule(fault="server-error"),)))
    async with Platform(Scenario(servers=servers), doors=2) as meta:
        assert meta.addresses == ("127.0.0.1", "127.0.0.2")
        assert meta.media_hosts == ["127.0.0.1", "127.0.0.2"]
        meta.add_token("t", "EAAGt")
        meta.add_number("5", app_secret=b"s", callback="http://127.0.0.1:9/", token="t")
        media = meta.upload(b"x", "image/png", number="5")
        urls = set()
        async with aiohttp.ClientSession(headers={"Authorization": "Bearer EAAGt", "User-Agent": "x"}) as session:
            for _ in range(2):
                async with session.get(f"{meta.graph_url}/v26.0/{media.id}") as answer:
                    assert (answer.status, answer.headers["X-Served-By"]) == (200, "good")
                    urls.add(URL((await answer.json())["url"]).host)
            bad = f"http://127.0.0.2:{meta.port}/v26.0/{media.id}"
            async with session.get(bad) as answer:
                assert answer.headers["X-Served-By"] == "bad"
                assert answer.status >= 500
        assert urls == {"127.0.0.1", "127.0.0.2"}
        assert [request.address for request in meta.record.requests] == ["127.0.0.1", "127.0.0.1", "127.0.0.2"]


async def test_who_was_hung_up_on_connects_anew(meta: Platform) -> None:
    media = meta.upload(b"x", "image/png", number=NUMBER)
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        for _ in range(2):
            async with session.get(f"{meta.graph_url}/v26.0/{media.id}") as answer:
                assert answer.status == 200
        meta.hang_up()
        async with session.get(f"{meta.graph_url}/v26.0/{media.id}") as answer:
            assert answer.status == 200
    assert [request.connection - meta.record.requests[0].connection for request in meta.record.requests] == [0, 0, 1]


async def test_a_name_may_stand_for_all_of_them() -> None:
    async with Platform(doors=2, graph_host="graph.simulated", media_host="files.simulated") as meta:
        assert meta.graph_url == f"http://graph.simulated:{meta.port}"
        assert meta.media_hosts == ["files.simulated"]
        assert meta.control_url.startswith(f"http://127.0.0.1:{meta.port}/")
    with pytest.raises(ValueError, match="address"):
        Platform(doors=2, host="example.com")
