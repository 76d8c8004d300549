"""The look-up hop on the wire."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.simulator import Platform, Rules, Scenario

NUMBER = "100000000000002"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}

Ask = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[Platform]]


async def test_a_media_is_found_as_graph_words_it(meta: Platform, ask: Ask) -> None:
    media = meta.upload(b"penstock-example-image", "image/jpeg", number=NUMBER)
    seen = await ask(meta, f"/v26.0/{media.id}")

    assert seen.status == 200
    assert seen.header("facebook-api-version") == ["v26.0"]
    assert seen.header("x-fb-trace-id")
    assert seen.json["sha256"] == "a65aff65e85313a92cce5a6021957655646ad713e680a99d267bedc1b0a28174"
    assert (seen.json["file_size"], seen.json["mime_type"], seen.json["id"]) == (22, "image/jpeg", media.id)
    assert seen.json["messaging_product"] == "whatsapp"
    expiry = int(seen.json["url"].split("ext=")[1].split("&")[0])
    assert expiry == pytest.approx(time.time() + 300, abs=60)
    assert b"http:\\/\\/" in seen.body
    assert b"http://" not in seen.body


async def test_the_other_spellings_are_a_matter_of_the_rules(start: Start, ask: Ask) -> None:
    meta = await start(Scenario(rules=Rules(sha256="base64", file_size="string")))
    media = meta.upload(b"penstock-example-image", 'text/"odd"', number=NUMBER)
    seen = await ask(meta, f"/v26.0/{media.id}")

    assert seen.json["sha256"] == "plr/ZehTE6kszlpgIZV2VWRq1xPmgKmdJnvtwbCigXQ="
    assert seen.json["file_size"] == "22"
    assert seen.json["mime_type"] == 'text/"odd"'


@pytest.mark.parametrize(("token", "status", "code"), [(None, 401, 104), ("EAAGother", 401, 190)])
async def test_without_a_good_token_nothing_is_said(
    meta: Platform, ask: Ask, token: str | None, status: int, code: int
) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    seen = await ask(meta, f"/v26.0/{media.id}", token=token)

    assert (seen.status, seen.json["error"]["code"]) == (status, code)


async def test_a_revoked_token_is_dead_with_its_subcode(meta: Platform, ask: Ask) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    meta.revoke_token("token-a")
    error = (await ask(meta, f"/v26.0/{media.id}")).json["error"]

    assert (error["code"], error["error_subcode"]) == (190, 463)


async def test_dead_unknown_and_foreign_media_cannot_be_told_apart(meta: Platform, ask: Ask) -> None:
    meta.add_token("b", "EAAGb")
    meta.add_number("77", app_secret=b"s", callback="http://127.0.0.1:9/", token="b")
    foreign = meta.upload(b"x", "image/jpeg", number="77")
    old = meta.upload(b"x", "image/jpeg", number=NUMBER)
    meta.clock.advance(7 * 86_400 + 1)

    for media_id in (old.id, foreign.id, "1234567890"):
        seen = await ask(meta, f"/v26.0/{media_id}")
        error = seen.json["error"]
        assert (seen.status, error["code"], error["error_subcode"]) == (400, 100, 33)
        assert f"'{media_id}'" in error["message"]


async def test_media_of_a_no_storage_number_live_an_hour(meta: Platform, ask: Ask) -> None:
    meta.add_number("88", app_secret=b"s", callback="http://127.0.0.1:9/", token="token-a", no_storage=True)
    media = meta.upload(b"x", "image/jpeg", number="88")

    meta.clock.advance(3_500)
    assert (await ask(meta, f"/v26.0/{media.id}")).status == 200
    meta.clock.advance(101)
    assert (await ask(meta, f"/v26.0/{media.id}")).status == 400


async def test_delete_deletes(meta: Platform, ask: Ask) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)

    assert (await ask(meta, f"/v26.0/{media.id}", method="DELETE")).json == {"success": True}
    assert (await ask(meta, f"/v26.0/{media.id}")).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "get", "PATCH"])
async def test_a_wrong_verb_is_code_100(meta: Platform, ask: Ask, method: str) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    seen = await ask(meta, f"/v26.0/{media.id}", method=method)

    assert seen.status == 400
    assert seen.json["error"]["message"] == f"Unsupported request - method type: {method.lower()}"
    assert meta.record.requests[-1].method == method


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, b"access_token=EAAGtokenA&method=get"),
        (FORM, b"access_token=EAAGtokenA&method=GET"),
        (JSON, b'{"access_token":"EAAGtokenA","method":"get"}'),
    ],
)
@pytest.mark.parametrize(("override", "status"), [("honour", 200), ("400", 400), ("405", 405)])
async def test_a_tunnelled_get_is_taken_as_the_rules_say(
    start: Start, ask: Ask, headers: dict[str, str], body: bytes, override: Any, status: int
) -> None:
    meta = await start(Scenario(rules=Rules(override=override)))
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    seen = await ask(meta, f"/v21.0/{media.id}", method="POST", token=None, headers=headers, body=body)

    assert seen.status == status
    assert ("id" in seen.json) == (status == 200)


async def test_a_tunnelled_delete_destroys_the_media(meta: Platform, ask: Ask) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    seen = await ask(meta, f"/v21.0/{media.id}", method="POST", headers=FORM, body=b"method=delete")

    assert seen.json == {"success": True}
    assert media.deleted


@pytest.mark.parametrize("body", [b"method=put", b"method=get&method=delete"])
async def test_an_override_that_cannot_be_meant_is_refused(meta: Platform, ask: Ask, body: bytes) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    seen = await ask(meta, f"/v21.0/{media.id}", method="POST", headers=FORM, body=body)

    assert (seen.status, seen.json["error"]["code"]) == (400, 100)
    assert not media.deleted


@pytest.mark.parametrize(
    ("rule", "inbound", "asked", "status"),
    [
        ("refuse", True, NUMBER, 400),
        ("refuse", False, NUMBER, 200),
        ("refuse", False, "99", 400),
        ("match", True, NUMBER, 200),
        ("match", True, "99", 400),
        ("ignore", True, "99", 200),
    ],
)
async def test_phone_number_id_is_taken_as_the_rules_say(
    start: Start, ask: Ask, rule: Any, inbound: bool, asked: str, status: int
) -> None:
    meta = await start(Scenario(rules=Rules(phone_number_id=rule)))
    media = meta.upload(b"x", "image/jpeg", number=NUMBER, inbound=inbound)
    seen = await ask(meta, f"/v26.0/{media.id}?phone_number_id={asked}")

    assert seen.status == status
    if status == 400:
        message = "Param phone_number_id is not a valid whatsapp business phone number id ID"
        assert seen.json["error"]["message"] == message


async def test_head_gets_no_body(meta: Platform, ask: Ask) -> None:
    assert (await ask(meta, "/v26.0/1", method="HEAD")).body == b""
