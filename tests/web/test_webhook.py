"""Meta's door: what it answers to the handshake and to bodies of every sort, good and hostile."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from structlog.testing import capture_logs

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.core.errors import StoreUnavailable
from penstock.web.webhook import LIMIT_BYTES

HANDSHAKE = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}


def handshake(path: str = "", **changed: str) -> str:
    return (
        f"/webhooks/whatsapp{path}?{urlencode(HANDSHAKE | {f'hub.{name}': value for name, value in changed.items()})}"
    )


def body_of(*numbers: str, padding: int = 0) -> bytes:
    entries = [
        {
            "id": "1",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "metadata": {"phone_number_id": number},
                        "messages": [
                            {
                                "from": "15550001234",
                                "id": f"wamid.{number}",
                                "timestamp": str(int(time.time())),
                                "type": "text",
                                "text": {"body": "hello"},
                            }
                        ],
                    },
                }
            ],
        }
        for number in numbers
    ]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries, "padding": " " * padding}).encode()


# -- the handshake --------------------------------------------------------------------------


@pytest.mark.parametrize("challenge", ["1158201444", "a b&c=<script>", "ünï", "0"])
@pytest.mark.parametrize("path", ["", "/", "/main"])
async def test_the_handshake_echoes_the_challenge_verbatim_as_plain_text(site: Any, path: str, challenge: str) -> None:
    got = await site.get(handshake(path, challenge=challenge))

    assert (got.status, got.text) == (200, challenge)
    assert got.headers["Content-Type"].startswith("text/plain")
    assert got.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "changed",
    [
        {"verify_token": "verify-mf"},
        {"verify_token": ""},
        {"verify_token": "vërïfy"},
        {"mode": "unsubscribe"},
        {"challenge": ""},
        {"challenge": "x" * 5_000},
    ],
)
async def test_any_other_handshake_is_refused(site: Any, changed: dict[str, str]) -> None:
    got = await site.get(handshake(**changed))

    assert (got.status, got.text) == (403, "not verified\n")


@pytest.mark.parametrize("query", ["", "?", "?hub.mode", "?%ff%fe=%00", "?" + "&".join(f"a{i}=1" for i in range(99))])
async def test_a_query_that_is_no_handshake_is_refused(site: Any, query: str) -> None:
    assert (await site.get(f"/webhooks/whatsapp{query}")).status == 403


async def test_the_handshake_of_an_app_that_does_not_exist_is_refused_like_a_wrong_token(site: Any) -> None:
    got = await site.get(handshake("/nobody"))

    assert (got.status, got.text) == (403, "not verified\n")


async def test_one_apps_token_does_not_verify_another_app(site: Any) -> None:
    await site.ledger.provisioning.add_app("second", secret="s2", verify_token="verify-second", now=time.time())

    assert (await site.get(handshake("/second"))).status == 403
    assert (await site.get(handshake("/second", verify_token="verify-second"))).status == 200
    assert (await site.get(handshake(verify_token="verify-second"))).status == 200


# -- bodies ---------------------------------------------------------------------------------


async def test_a_signed_body_is_durable_before_it_is_answered_with_200(site: Any) -> None:
    got = await site.deliver(body_of(site.number))

    assert (got.status, got.body) == (200, b"")
    assert await site.ledger.shelf.message(wamid=f"wamid.{site.number}", workspace_id=None) is not None


@pytest.mark.parametrize("path", ["/main", "/"])
async def test_an_app_may_have_an_address_of_its_own(site: Any, path: str) -> None:
    assert (await site.deliver(body_of(site.number), path=path)).status == 200


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "sha256=" + "0" * 64,
        "sha256=",
        "sha1=" + "0" * 40,
        "0" * 64,
        "sha256=" + "ü" * 32,
        "sha256=" + "0" * 10_000,
    ],
)
async def test_a_body_without_its_signature_is_refused_and_told_nothing(site: Any, signature: str | None) -> None:
    got = await site.deliver(body_of(site.number), signature=signature)

    assert (got.status, got.text) == (401, "the signature is missing or not right\n")
    assert await site.ledger.journal.bodies() == []


async def test_an_app_that_does_not_exist_answers_exactly_like_a_wrong_signature(site: Any) -> None:
    wrong = await site.deliver(body_of(site.number), signature="sha256=" + "0" * 64)
    nobody = await site.deliver(body_of(site.number), path="/nobody")
    deep = await site.deliver(body_of(site.number), path="/main/../main")

    assert {(got.status, got.text) for got in (wrong, nobody, deep)} == {(401, wrong.text)}


async def test_a_body_with_another_apps_number_is_refused_without_a_word_about_whose_it_is(site: Any) -> None:
    now = time.time()
    await site.ledger.provisioning.add_app("second", secret="s2", verify_token="v2", now=now)
    await site.ledger.provisioning.add_number("300000000000003", workspace="acme", app="second", token="t", now=now)
    await site.registry.refresh()

    got = await site.deliver(body_of(site.number, "300000000000003"))

    assert got.status == 403
    assert got.text.count("\n") == 1
    assert not any(word in got.text for word in ("second", "main", "3000", "acme"))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"entry": 7}', b"[" * 100_000, b"plain text"]
)
async def test_a_signed_body_that_nobody_understands_is_kept_and_taken(site: Any, body: bytes) -> None:
    assert (await site.deliver(body)).status == 200
    assert [entry.body for entry in await site.ledger.journal.bodies()] == [body]


async def test_a_body_up_to_the_limit_is_taken(site: Any) -> None:
    body = body_of(site.number)
    body = body_of(site.number, padding=LIMIT_BYTES - len(body))

    assert len(body) == LIMIT_BYTES
    assert (await site.deliver(body)).status == 200


async def test_a_body_over_the_limit_is_refused_by_its_announced_length(site: Any) -> None:
    assert (await site.deliver(b" " * (LIMIT_BYTES + 1))).status == 413


async def test_a_body_over_the_limit_is_refused_while_it_is_read(site: Any) -> None:
    async def chunks() -> Any:
        for _ in range(LIMIT_BYTES // 65_536 + 2):
            yield b" " * 65_536

    got = await site.post("/webhooks/whatsapp", data=chunks())

    assert got.status == 413
    assert (await site.deliver(body_of(site.number))).status == 200


async def raw(site: Any, head: str, *parts: bytes) -> bytes:
    """What the server says to bytes on a plain connection."""
    host, _, port = site.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode() + b"\r\n\r\n")
    for part in parts:
        writer.write(part)
    await writer.drain()
    try:
        async with asyncio.timeout(60):
            return await reader.read(65_536)
    finally:
        writer.close()


async def test_a_body_that_does_not_come_in_time_is_given_up(impatient: Any) -> None:
    head = "POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 100"
    answer = await raw(impatient, head, b"half of it")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()


async def test_a_client_that_leaves_in_the_middle_of_a_body_harms_nobody(site: Any) -> None:
    host, _, port = site.base.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    assert (await site.deliver(body_of(site.number))).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_told_which_there_are(site: Any, method: str) -> None:
    got = await site.ask(method, "/webhooks/whatsapp")

    assert got.status == 405
    assert got.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/webhooks/whatsappx", "/webhooks", "/webhooks/"])
async def test_addresses_beside_the_door_are_not_the_door(site: Any, path: str) -> None:
    assert (await site.deliver(body_of(site.number), path="x")).status in (404, 405)
    assert (await site.get(path)).status == 404


# -- when it cannot ----------------------------------------------------------------------------


async def test_a_store_that_takes_nothing_makes_meta_send_again(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_args: Any) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(SqliteDatabase, "write", full)
    got = await site.deliver(body_of(site.number))

    assert got.status == 503
    assert int(got.headers["Retry-After"]) > 0


async def test_what_nobody_foresaw_is_never_answered_with_200_and_never_quoted(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: Any) -> None:
        raise ValueError("15550001234 wamid.SECRET EAAGtokenA")

    monkeypatch.setattr(SqliteDatabase, "write", broken)
    with capture_logs() as logged:
        got = await site.deliver(body_of(site.number))

    assert got.status == 503
    assert logged[-1]["event"] == "webhook.not_taken"
    assert logged[-1]["error"] == "ValueError"
    assert not any(secret in f"{logged}{got.text}" for secret in ("1555", "SECRET", "EAAG"))


async def test_a_handshake_that_cannot_be_looked_up_is_asked_for_again(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise ValueError("verify-me")

    monkeypatch.setattr(site.registry, "refresh_soon", broken)
    with capture_logs() as logged:
        got = await site.get(handshake(verify_token="unknown"))

    assert got.status == 503
    assert "verify-me" not in f"{logged}{got.text}"


async def test_nothing_that_the_door_does_logs_secrets_or_people(site: Any) -> None:
    with capture_logs() as logged:
        await site.get(handshake())
        await site.get(handshake(verify_token="wrong"))
        await site.deliver(body_of(site.number))
        await site.deliver(body_of(site.number), signature="sha256=" + "1" * 64)
        await site.deliver(b"{", path="/" + quote("nobody/at all"))

    assert not any(secret in str(logged) for secret in ("verify-me", "15550001234", "wamid.", "app-secret", "1" * 64))


async def test_answers_are_counted(site: Any) -> None:
    await site.deliver(body_of(site.number))
    await site.deliver(body_of(site.number), signature=None)
    metrics = (await site.get("/metrics")).text

    assert 'penstock_webhooks_total{status="200"} 1.0' in metrics
    assert 'penstock_webhooks_total{status="401"} 1.0' in metrics
    assert 'penstock_updates_total{kind="message"} 1.0' in metrics
