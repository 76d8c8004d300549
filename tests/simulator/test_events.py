"""What the platform itself tells."""

from typing import Any

from penstock.simulator import Platform, customer

NUMBER = "100000000000002"


def parts(meta: Platform, kind: str, **more: Any) -> dict[str, Any]:
    return dict(meta.make(NUMBER, kind, **more).update.parts)


async def test_a_changed_number_has_no_contacts_and_three_spellings(meta: Platform) -> None:
    made = parts(meta, "number_changed", to="15559990000")

    assert set(made) == {"messages"}
    assert made["messages"]["system"]["wa_id"] == "15559990000"
    assert made["messages"]["system"]["type"] == "user_changed_number"
    assert "new_wa_id" in parts(meta, "number_changed", spelling="new_wa_id")["messages"]["system"]


async def test_a_changed_user_id_names_no_phone(meta: Platform) -> None:
    made = parts(meta, "user_id_changed", to="US.9")["messages"]

    assert "from" not in made
    assert made["system"]["user_id"] == "US.9"
    assert customer(0).user_id in made["system"]["body"]


async def test_a_user_id_update_names_both_ids(meta: Platform) -> None:
    made = parts(meta, "user_id_update", to="US.9")
    bare = parts(meta, "user_id_update", bsuid_only=True)

    assert made["user_id_update"]["user_id"] == {"previous": customer(0).user_id, "current": "US.9"}
    assert made["user_id_update"]["wa_id"] == made["contacts"]["wa_id"] == customer(0).phone
    assert "wa_id" not in bare["user_id_update"]


async def test_what_is_not_supported_says_why(meta: Platform) -> None:
    assert parts(meta, "unsupported")["messages"]["errors"][0]["code"] == 131051
    assert "unsupported" not in parts(meta, "unsupported", what=None)["messages"]
    assert parts(meta, "unsupported", spelling="unknown")["messages"]["type"] == "unknown"
    assert parts(meta, "unavailable")["messages"]["errors"][0]["code"] == 131060
    assert parts(meta, "too_large")["messages"]["errors"][0]["code"] == 131052
    assert "video" not in parts(meta, "too_large")["messages"]
    assert parts(meta, "media_with_error")["messages"]["image"]["id"]
    assert parts(meta, "identity_changed")["messages"]["identity"]["acknowledged"] is True


async def test_errors_stand_beside_messages_or_alone(meta: Platform) -> None:
    assert set(parts(meta, "error")) == {"contacts", "errors"}
    assert set(parts(meta, "error_beside_message")) == {"contacts", "messages", "errors"}
    assert "interactive" not in parts(meta, "error_beside_message")["messages"]


async def test_statuses(meta: Platform) -> None:
    delivered, failed = parts(meta, "status", of="wamid.X"), parts(meta, "status", status="failed")

    assert (delivered["statuses"]["id"], delivered["statuses"]["status"]) == ("wamid.X", "delivered")
    assert "contacts" in delivered
    assert set(failed) == {"statuses"}
    assert failed["statuses"]["errors"][0]["code"] == 131053
    assert parts(meta, "group_status", group="G")["statuses"]["recipient_id"] == "G"


async def test_calls_bring_files_under_ids_of_their_own(meta: Platform) -> None:
    recording, transcript = parts(meta, "call_recording")["calls"], parts(meta, "call_transcript")["calls"]

    assert recording["id"].startswith("wacid.")
    assert recording["call_recording"]["audio"]["mime_type"] == "audio/ogg; codecs=opus"
    assert transcript["call_transcript"]["document"]["mime_type"] == "application/json"
    assert parts(meta, "call", event="terminate")["calls"]["event"] == "terminate"
    assert meta.make(NUMBER, "call").wamid.startswith("wacid.")


async def test_a_voicemail_is_an_audio_message_of_a_call(meta: Platform) -> None:
    made = parts(meta, "voicemail")["messages"]

    assert made["id"].startswith("wacid.")
    assert "voice" not in made["audio"]


async def test_things_that_nobody_has_heard_of(meta: Platform) -> None:
    assert parts(meta, "unknown_type", type_="dream", payload={"a": 1})["messages"]["dream"] == {"a": 1}
    assert meta.make(NUMBER, "unknown_field", name="x_update").update.field == "x_update"
    assert parts(meta, "group_settings")["groups"]["profile_picture"]["sha256"]
