"""Every kind of update can be made, and says what it is."""

import json
from typing import Any

import pytest

from penstock.simulator import KINDS, Platform
from penstock.simulator.envelope import pack
from penstock.simulator.kinds import MEDIA_KINDS

NUMBER = "100000000000002"
FIELDS = {
    "user_id_update": "user_id_update",
    "group_settings": "group_settings_update",
    "echo": "smb_message_echoes",
    "echo_edit": "smb_message_echoes",
    "echo_revoke": "smb_message_echoes",
    "history": "history",
    "history_media": "history",
    "history_declined": "history",
    "call": "calls",
    "call_recording": "calls",
    "call_transcript": "calls",
    "unknown_field": "telepathy_update",
}
WITH_A_FILE = {
    *MEDIA_KINDS,
    "edit",
    "echo_edit",
    "history_media",
    "media_with_error",
    "call_recording",
    "call_transcript",
} | {"voicemail"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_kind_becomes_a_body_in_metas_envelope(meta: Platform, kind: str) -> None:
    sent = meta.make(NUMBER, kind)
    body = json.loads(pack([sent.update]).data)
    (entry,) = body["entry"]
    (change,) = entry["changes"]

    assert body["object"] == "whatsapp_business_account"
    assert entry["id"] == "100000000000001"
    assert change["field"] == FIELDS.get(kind, "messages")
    assert change["value"]["messaging_product"] == "whatsapp"
    assert change["value"]["metadata"] == {"display_phone_number": "15550009876", "phone_number_id": NUMBER}
    assert all(
        isinstance(value, list)
        for key, value in change["value"].items()
        if key not in {"messaging_product", "metadata"}
    )
    assert (sent.media is not None) == (kind in WITH_A_FILE)
    assert KINDS[kind].__doc__


async def test_the_same_seed_makes_the_same_updates() -> None:
    async def bodies(seed: int) -> list[bytes]:
        platform = Platform(seed=seed, start=1_795_000_000.0)
        platform.world.media_url = "http://files.example"
        platform.add_token("a", "EAAG")
        platform.add_number(NUMBER, app_secret=b"s", callback="http://127.0.0.1:9/", token="a")
        return [pack([platform.make(NUMBER, kind, at=1_795_000_000.0).update]).data for kind in KINDS]

    once, again, other = await bodies(1), await bodies(1), await bodies(2)

    assert once == again
    assert once != other


async def test_what_is_not_known_is_refused(meta: Platform) -> None:
    unknown: dict[str, Any] = {"colour": "red"}

    with pytest.raises(KeyError):
        meta.make(NUMBER, "hologram")
    with pytest.raises(KeyError):
        meta.make("42", "text")
    with pytest.raises(TypeError):
        meta.make(NUMBER, "text", **unknown)
