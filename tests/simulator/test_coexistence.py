"""Echoes, corrections and history."""

from typing import Any

from penstock.simulator import Platform, customer

NUMBER = "100000000000002"


def parts(meta: Platform, kind: str, **more: Any) -> dict[str, Any]:
    return dict(meta.make(NUMBER, kind, **more).update.parts)


async def test_a_correction_may_bring_a_file(meta: Platform) -> None:
    sent = meta.make(NUMBER, "edit", of="wamid.X")
    made = dict(sent.update.parts)["messages"]["edit"]

    assert made["original_message_id"] == "wamid.X"
    assert sent.media is not None
    assert made["message"]["image"]["id"] == sent.media.id
    assert parts(meta, "edit", file=None, body="new")["messages"]["edit"]["message"]["text"] == {"body": "new"}


async def test_an_edit_is_not_the_message_it_corrects(meta: Platform) -> None:
    made = parts(meta, "edit")["messages"]

    assert made["id"] != made["edit"]["original_message_id"]
    assert parts(meta, "revoke", of="wamid.X")["messages"]["revoke"] == {"original_message_id": "wamid.X"}


async def test_an_echo_goes_from_the_business_to_the_customer(meta: Platform) -> None:
    text, image = parts(meta, "echo")["message_echoes"], parts(meta, "echo", file="image")["message_echoes"]

    assert (text["from"], text["to"]) == ("15550009876", customer(0).phone)
    assert text["text"]["body"] == "Sent from the phone app"
    assert image["image"]["caption"] == "Sent from the phone app"
    assert "to" not in parts(meta, "echo", bsuid_only=True)["message_echoes"]


async def test_an_edited_echo_has_its_hash_in_hex(meta: Platform) -> None:
    made = parts(meta, "echo_edit")["message_echoes"]["edit"]["message"]["image"]

    assert len(made["sha256"]) == 64
    assert parts(meta, "echo_edit", file=None)["message_echoes"]["edit"]["message"]["type"] == "text"
    assert parts(meta, "echo_revoke", of="wamid.X")["message_echoes"]["revoke"]["original_message_id"] == "wamid.X"


async def test_history_has_both_sides_and_placeholders_for_files(meta: Platform) -> None:
    sent = meta.make(NUMBER, "history", messages=8, phase=1)
    chunk = dict(sent.update.parts)["history"]
    (thread,) = chunk["threads"]

    assert chunk["metadata"] == {"phase": 1, "chunk_order": 1, "progress": 55}
    assert thread["id"] == customer(0).phone
    assert {each["from"] for each in thread["messages"]} == {customer(0).phone, "15550009876"}
    assert [each["type"] for each in thread["messages"]].count("media_placeholder") == 2
    assert len(set(sent.update.message_ids)) == 8
    times = [int(each["timestamp"]) for each in thread["messages"]]
    assert times == sorted(times)


async def test_the_file_of_a_placeholder_comes_later_under_the_same_id(meta: Platform) -> None:
    placeholder = dict(meta.make(NUMBER, "history", messages=4).update.parts)["history"]["threads"][0]["messages"][3]
    sent = meta.make(NUMBER, "history_media", of=placeholder["id"])

    assert placeholder["type"] == "media_placeholder"
    assert sent.wamid == placeholder["id"]
    assert sent.media is not None
    assert parts(meta, "history_declined")["history"]["errors"][0]["code"] == 2593109
