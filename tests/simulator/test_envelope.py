"""Bodies and signatures."""

import hashlib
import hmac
import json
from typing import Any

from penstock.simulator import Platform
from penstock.simulator.envelope import in_other_bytes, legacy_signature, pack, signature, with_fresh_urls

NUMBER = "100000000000002"
EXAMPLE = (
    b'{"object":"whatsapp_business_account","entry":[{"id":"100000000000001","changes":[{"field":"messages","value":'
    b'{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550009876","phone_number_id":"100000000000002"},'
    b'"messages":[{"from":"15550001234","id":"wamid.EXAMPLE","timestamp":"1795000000","type":"text","text":'
    b'{"body":"caf\\u00e9 1\\/2"}}]}}]}]}'
)


def test_the_worked_example_is_signed_as_meta_signs_it() -> None:
    assert len(EXAMPLE) == 362
    assert (
        signature(b"example-app-secret", EXAMPLE)
        == "sha256=293d4bf538b04b812ede1818e9fc1292d942e6488f66c54847bd0a5a918d59b4"
    )
    assert legacy_signature(b"k", b"x") == "sha1=" + hmac.new(b"k", b"x", hashlib.sha1).hexdigest()


async def test_bodies_are_escaped_as_meta_escapes_them(meta: Platform) -> None:
    body = pack([meta.make(NUMBER, "text", body="caf\u00e9 1/2 <&> \U0001f44d").update])

    assert b'{"body":"caf\\u00e9 1\\/2 <&> \\ud83d\\udc4d"}' in body.data
    assert b"/" not in body.data.replace(b"\\/", b"")
    assert body.data.isascii()
    assert b" :" not in body.data


async def test_updates_of_one_number_share_a_change_and_their_contacts(meta: Platform) -> None:
    made = [meta.make(NUMBER, "text"), meta.make(NUMBER, "image"), meta.make(NUMBER, "text", customer=1)]
    body = pack([each.update for each in made])
    (entry,) = json.loads(body.data)["entry"]
    (change,) = entry["changes"]

    assert len(change["value"]["messages"]) == 3
    assert len(change["value"]["contacts"]) == 2
    assert body.message_ids == tuple(each.wamid for each in made)
    assert body.media_ids == (made[1].media.id,) if made[1].media else False
    assert list(change["value"]) == ["messaging_product", "metadata", "contacts", "messages"]


async def test_accounts_numbers_fields_and_statuses_are_kept_apart(meta: Platform) -> None:
    meta.add_number(
        "77", app_secret=b"app-secret", callback="http://127.0.0.1:9/", token="token-a", waba="100000000000011"
    )
    meta.add_number(
        "78", app_secret=b"app-secret", callback="http://127.0.0.1:9/", token="token-a", waba="100000000000011"
    )
    kinds = [(NUMBER, "text"), (NUMBER, "status"), (NUMBER, "echo"), ("77", "text"), ("78", "text"), (NUMBER, "text")]
    body = pack([meta.make(number, kind).update for number, kind in kinds])
    entries = json.loads(body.data)["entry"]

    assert [entry["id"] for entry in entries] == ["100000000000001", "100000000000011"]
    assert [(change["field"], next(iter(_lists(change)))) for change in entries[0]["changes"]] == [
        ("messages", "messages"),
        ("messages", "statuses"),
        ("smb_message_echoes", "message_echoes"),
    ]
    assert len(entries[1]["changes"]) == 2
    assert body.phone_number_ids == (NUMBER, "77", "78")


def _lists(change: Any) -> list[str]:
    return [key for key, value in change["value"].items() if isinstance(value, list) and key != "contacts"]


async def test_a_copy_in_other_bytes_says_the_same(meta: Platform) -> None:
    body = pack([meta.make(NUMBER, kind).update for kind in ("text", "image", "history")])
    other = in_other_bytes(body.data)

    assert other != body.data
    assert json.loads(other) == json.loads(body.data)


async def test_fresh_urls_change_nothing_but_the_urls(meta: Platform) -> None:
    body = pack([meta.make(NUMBER, kind).update for kind in ("text", "image", "location", "edit")])
    asked: list[str] = []

    def url_of(media_id: str) -> str | None:
        asked.append(media_id)
        return None if len(asked) > 1 else "http://fresh"

    fresh = with_fresh_urls(body.data, url_of)

    assert asked == list(body.media_ids)
    assert fresh.count(b'"http:\\/\\/fresh"') == 1
    assert len(json.loads(fresh)["entry"][0]["changes"][0]["value"]["messages"]) == 4
