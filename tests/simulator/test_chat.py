"""What customers send."""

import json
from typing import Any

from penstock.simulator import Platform

NUMBER = "100000000000002"


def message(meta: Platform, kind: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = dict(meta.make(NUMBER, kind, **more).update.parts)["messages"]
    return made


async def test_texts(meta: Platform) -> None:
    assert message(meta, "text", body="café 1/2")["text"] == {"body": "café 1/2"}
    assert message(meta, "referral")["referral"]["ctwa_clid"] == "EXAMPLECLICKID"
    assert message(meta, "product_enquiry")["context"]["referred_product"]["product_retailer_id"] == "SKU-EXAMPLE-1"


async def test_files_have_the_keys_of_their_type(meta: Platform) -> None:
    base = {"id", "mime_type", "sha256", "url"}

    assert set(message(meta, "image")["image"]) == base
    assert set(message(meta, "image", caption="Example")["image"]) == base | {"caption"}
    assert set(message(meta, "video")["video"]) == base
    assert set(message(meta, "document")["document"]) == base | {"filename"}
    assert set(message(meta, "document", named=False)["document"]) == base
    assert set(message(meta, "sticker")["sticker"]) == base | {"animated"}


async def test_voice_notes_and_audio_files_are_both_audio(meta: Platform) -> None:
    voice, audio = message(meta, "voice"), message(meta, "audio")

    assert (voice["type"], voice["audio"]["voice"]) == ("audio", True)
    assert voice["audio"]["mime_type"] == "audio/ogg; codecs=opus"
    assert (audio["type"], audio["audio"]["voice"]) == ("audio", False)


async def test_a_document_keeps_the_name_it_is_given(meta: Platform) -> None:
    made = message(meta, "document", data=b"x", mime_type="text/plain", filename="../../etc/pass\u202ewd")

    assert made["document"]["filename"] == "../../etc/pass\u202ewd"
    assert made["document"]["mime_type"] == "text/plain"


async def test_places_cards_and_reactions(meta: Platform) -> None:
    assert set(message(meta, "location", live=True)["location"]) == {"latitude", "longitude"}
    assert message(meta, "location")["location"]["name"] == "Example Cafe"
    assert message(meta, "contacts")["contacts"][0]["phones"][0]["wa_id"]
    assert message(meta, "reaction")["reaction"]["emoji"] == "👍"
    assert message(meta, "reaction", emoji="", to="wamid.X")["reaction"] == {"message_id": "wamid.X", "emoji": ""}
    assert "emoji" not in message(meta, "reaction", emoji=None)["reaction"]


async def test_answers_to_interactive_messages_refer_to_them(meta: Platform) -> None:
    for kind, name in {"button_reply": "button_reply", "list_reply": "list_reply", "flow_reply": "nfm_reply"}.items():
        made = message(meta, kind)
        assert made["interactive"]["type"] == name
        assert made["interactive"][name]
        assert made["context"]["id"].startswith("wamid.")
    assert json.loads(message(meta, "flow_reply", answers={"a": 1})["interactive"]["nfm_reply"]["response_json"]) == {
        "a": 1
    }


async def test_a_call_permission_reply_comes_without_a_type(meta: Platform) -> None:
    assert "type" not in message(meta, "call_permission_reply")
    assert message(meta, "call_permission_reply", typed=True)["type"] == "interactive"


async def test_buttons_and_orders(meta: Platform) -> None:
    assert message(meta, "button", title="Stop")["button"] == {"payload": "Stop", "text": "Stop"}
    assert message(meta, "order", quantity=3)["order"]["product_items"][0]["quantity"] == 3
