"""Every kind of message that Meta sends, one body each: what is read of it, and that it is kept whole."""

import hashlib
import json
from base64 import b64encode
from typing import Any

import pytest

from penstock.core.reading import read
from penstock.core.updates import Direction, IdentityChange, MediaRef, Message, Party, Reading

NUMBER = "100000000000002"
BUSINESS = "15550009876"
CUSTOMER = "15550001234"
USER = "US.10000000000000000001"
SENT = 1_795_000_000
PHOTO = hashlib.sha256(b"a photo").digest()

Json = dict[str, Any]


def file(media_id: str = "101", mime_type: str = "image/jpeg", **more: Any) -> Json:
    return {"id": media_id, "mime_type": mime_type, "sha256": b64encode(PHOTO).decode(), **more}


def sent(kind: str | None = "text", wamid: str = "wamid.ONE", **more: Any) -> Json:
    message = {"from": CUSTOMER, "from_user_id": USER, "id": wamid, "timestamp": str(SENT), "type": kind, **more}
    return {key: value for key, value in message.items() if value is not None}


def body(field: str = "messages", **value: Any) -> bytes:
    contacts = [{"profile": {"name": "Example Customer"}, "wa_id": CUSTOMER, "user_id": USER}]
    whole = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": BUSINESS, "phone_number_id": NUMBER},
        "contacts": contacts,
        **value,
    }
    changes = [{"field": field, "value": whole}]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()


def only(raw: bytes) -> Message:
    """The one message of a body that was understood in full."""
    reading = read(raw)
    assert reading.problems == ()
    (update,) = reading.updates
    assert isinstance(update, Message)
    return update


def inbound(kind: str | None, **content: Any) -> Message:
    return only(body(messages=[sent(kind, **content)]))


# -- what people write --------------------------------------------------------------------------


def test_a_text_is_read_with_its_sender() -> None:
    message = inbound("text", text={"body": "Does it come in another colour?"})

    assert message.phone_number_id == NUMBER
    assert (message.wamid, message.kind, message.direction) == ("wamid.ONE", "text", Direction.INBOUND)
    assert message.text == "Does it come in another colour?"
    assert message.sent_at == SENT
    assert message.party == Party(phone=CUSTOMER, user_id=USER, name="Example Customer")
    assert (message.sender, message.sender_name) == (CUSTOMER, "Example Customer")
    assert (message.media, message.history, message.error_code) == ((), False, None)


def test_a_message_is_kept_as_meta_sent_it() -> None:
    original = sent("text", text={"body": "hello"}, referral={"source_id": "7", "headline": "Chat with us"})

    assert json.loads(only(body(messages=[original])).payload) == original


def test_a_reply_says_what_it_answers() -> None:
    message = inbound("text", text={"body": "This one"}, context={"from": BUSINESS, "id": "wamid.OURS"})

    assert message.reply_to == "wamid.OURS"


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("location", {"latitude": 37.4421, "longitude": -122.1616}, "37.4421, -122.1616"),
        (
            "location",
            {"latitude": 37.4, "longitude": -122.1, "name": "Example Cafe", "address": "1 Example Street"},
            "Example Cafe, 1 Example Street",
        ),
        ("location", {"latitude": 37.4, "longitude": -122.1, "address": "1 Example Street"}, "1 Example Street"),
        ("location", {}, None),
        ("button", {"payload": "unsubscribe-me", "text": "Unsubscribe"}, "Unsubscribe"),
        ("button", {"payload": "unsubscribe-me"}, "unsubscribe-me"),
        ("order", {"catalog_id": "9", "text": "", "product_items": [{"quantity": 2}]}, "Order: 1 item"),
        ("order", {"catalog_id": "9", "product_items": [{}, {}]}, "Order: 2 items"),
        ("order", {"catalog_id": "9", "text": "by Friday please", "product_items": [{}]}, "by Friday please"),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "no", "title": "Cancel"}}, "Cancel"),
        ("interactive", {"type": "list_reply", "list_reply": {"id": "1", "title": "Priority"}}, "Priority"),
        (
            "interactive",
            {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"a":"b"}'}},
            "Sent",
        ),
        (
            "interactive",
            {"type": "call_permission_reply", "call_permission_reply": {"response": "accept", "is_permanent": False}},
            "Call permission: accept",
        ),
        ("interactive", {"type": "something_new"}, None),
        (
            "contacts",
            [{"name": {"formatted_name": "Lucía Example"}}, {"name": {"first_name": "Ana"}}],
            "Lucía Example, Ana",
        ),
        ("contacts", [{"phones": [{"phone": "+1 555-000-5678"}]}], "+1 555-000-5678"),
        ("contacts", [], None),
        ("reaction", {"message_id": "wamid.OURS", "emoji": "👍"}, "👍"),
        ("reaction", {"message_id": "wamid.OURS", "emoji": ""}, None),
        ("reaction", {"message_id": "wamid.OURS"}, None),
        ("system", {"body": "User identity changed", "type": "customer_identity_changed"}, "User identity changed"),
    ],
)
def test_what_a_person_reads_of_a_message_without_a_file(kind: str, content: Any, text: str | None) -> None:
    message = inbound(kind, **{kind: content})

    assert (message.kind, message.text, message.media) == (kind, text, ())


def test_a_reaction_answers_the_message_it_is_put_on() -> None:
    assert inbound("reaction", reaction={"message_id": "wamid.OURS", "emoji": "👍"}).reply_to == "wamid.OURS"


def test_without_a_type_the_content_says_what_a_message_is() -> None:
    answer = {"type": "call_permission_reply", "call_permission_reply": {"response": "reject"}}
    message = inbound(None, interactive=answer, context={"from": BUSINESS, "id": "wacid.CALL"})

    assert (message.kind, message.text, message.reply_to) == ("interactive", "Call permission: reject", "wacid.CALL")


# -- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["image", "video", "document", "sticker", "audio"])
def test_a_file_is_read_with_what_is_declared_of_it(kind: str) -> None:
    message = inbound(kind, **{kind: file(caption="Example", file_size="22")})

    assert message.kind == kind
    assert message.text == "Example"
    assert message.media == (MediaRef("101", kind, "image/jpeg", PHOTO, 22),)


def test_a_voice_note_is_an_audio_that_says_so() -> None:
    note = inbound("audio", audio=file(mime_type="audio/ogg; codecs=opus", voice=True))
    song = inbound("audio", audio=file(mime_type="audio/mpeg", voice=False))

    assert (note.media[0].voice, note.media[0].mime_type) == (True, "audio/ogg; codecs=opus")
    assert not song.media[0].voice


def test_a_voice_note_of_the_retired_shape_is_one_too() -> None:
    message = inbound("voice", voice=file(mime_type="audio/ogg; codecs=opus", file="/usr/local/wamedia/x"))

    assert (message.kind, message.media[0].kind, message.media[0].voice) == ("audio", "audio", True)


def test_a_document_keeps_its_name_and_needs_none() -> None:
    named = inbound("document", document=file(mime_type="application/pdf", filename="Résumé example.pdf"))

    assert named.media[0].filename == "Résumé example.pdf"
    assert inbound("document", document=file()).media[0].filename is None


def test_a_sticker_may_be_animated() -> None:
    assert inbound("sticker", sticker=file(animated=True)).media[0].animated
    assert not inbound("sticker", sticker=file()).media[0].animated


def test_a_url_in_the_webhook_is_kept_with_the_moment_it_dies() -> None:
    url = f"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=101&source=webhook&ext={SENT + 301}&hash=H"
    (ref,) = inbound("image", image=file(url=url)).media

    assert (ref.url, ref.url_expires_at) == (url, SENT + 301)


def test_a_voicemail_is_an_audio_under_its_calls_id() -> None:
    message = inbound("audio", wamid="wacid.CALL", audio=file("114", "audio/ogg; codecs=opus"))

    assert (message.wamid, message.kind, message.media[0].voice) == ("wacid.CALL", "audio", False)


def test_a_media_id_that_is_a_number_is_read_as_text() -> None:
    assert inbound("image", image={**file(), "id": 1000000000000101}).media[0].media_id == "1000000000000101"


# -- what went wrong at Meta --------------------------------------------------------------------


def error(code: Any = 131052, **more: Any) -> Json:
    return {"code": code, "title": "Media download error", **more}


def test_a_file_that_meta_could_not_take_is_told_with_its_code() -> None:
    told = error(message="Media download error", error_data={"details": "Media file size too big."})
    message = inbound("video", errors=[told])

    assert (message.kind, message.media) == ("video", ())
    assert (message.error_code, message.error_text) == (131052, "Media file size too big.")


def test_a_media_object_without_an_id_brings_nothing_to_fetch() -> None:
    message = inbound("image", image={"mime_type": "image/jpeg"}, errors=[error()])

    assert (message.kind, message.media, message.error_code) == ("image", (), 131052)


def test_errors_beside_a_file_leave_the_file() -> None:
    message = inbound("image", image=file(), errors=[error("400", details="Last error was: ServerThrottle.")])

    assert message.media[0].media_id == "101"
    assert (message.error_code, message.error_text) == (400, "Last error was: ServerThrottle.")


def test_an_unsupported_message_says_what_it_was() -> None:
    told = {"code": 131051, "title": "Message type unknown", "error_data": {"details": "Not supported."}}
    message = inbound("unsupported", errors=[told], unsupported={"type": "poll_creation"})

    assert (message.kind, message.text, message.error_code) == ("unsupported", None, 131051)
    assert message.error_text == "Not supported: poll_creation"


@pytest.mark.parametrize("kind", ["unsupported", "unknown"])
def test_an_unsupported_message_may_come_without_any_word(kind: str) -> None:
    message = inbound(kind)

    assert (message.kind, message.error_code, message.error_text) == ("unsupported", None, None)


def test_an_error_of_the_value_is_told_of_the_message_that_came_empty() -> None:
    errors = [
        {"code": 131000, "title": "Something went wrong", "error_data": {"details": "Unsupported webhook payload"}}
    ]
    reading = read(
        body(messages=[sent("interactive"), sent("text", "wamid.TWO", text={"body": "hello"})], errors=errors)
    )
    empty, full = reading.updates

    assert isinstance(empty, Message) and isinstance(full, Message)
    assert (empty.error_code, empty.error_text) == (131000, "Unsupported webhook payload")
    assert full.error_code is None
    assert reading.problems == ()


# -- types that nobody knows --------------------------------------------------------------------


def test_an_unknown_type_is_kept_whole_as_unsupported_and_told() -> None:
    original = sent("hologram", hologram={"beams": [1, 2, 3]})
    reading = read(body(messages=[original]))
    (message,) = reading.updates

    assert isinstance(message, Message)
    assert (message.kind, message.text, message.media) == ("unsupported", None, ())
    assert json.loads(message.payload) == original
    assert message.error_text == "Message type is currently not supported: hologram"
    assert reading.problems == ("a message is of a type that is not known (hologram), and is kept as unsupported",)


@pytest.mark.parametrize(
    ("mime_type", "kind"), [("video/mp4", "video"), ("image/png", "image"), ("audio/aac", "audio"), ("x/y", "document")]
)
def test_the_file_of_an_unknown_type_is_found_all_the_same(mime_type: str, kind: str) -> None:
    (message,) = read(body(messages=[sent("ptv", ptv=file("777", mime_type))])).updates

    assert isinstance(message, Message)
    assert (message.kind, message.media) == ("unsupported", (MediaRef("777", kind, mime_type, PHOTO),))


def test_a_file_beside_the_word_unsupported_is_found() -> None:
    assert inbound("unsupported", image=file()).media == (MediaRef("101", "image", "image/jpeg", PHOTO),)


def test_a_message_that_does_not_say_what_it_is_is_kept_and_told() -> None:
    reading = read(body(messages=[sent(None, something_new={"a": 1})]))
    (message,) = reading.updates

    assert isinstance(message, Message)
    assert message.kind == "unsupported"
    assert reading.problems == ("a message does not say what it is, and is kept as unsupported",)


def test_a_message_that_has_only_errors_says_enough() -> None:
    message = inbound(None, errors=[{"code": 131051, "title": "Message type unknown"}])

    assert (message.kind, message.error_code) == ("unsupported", 131051)


# -- edits and revokes --------------------------------------------------------------------------


def test_an_edit_brings_its_new_file_and_names_the_old_message() -> None:
    inner = {"context": {"id": "M0"}, "type": "image", "image": file("115", caption="Corrected caption")}
    message = inbound("edit", edit={"original_message_id": "wamid.OLD", "message": inner})

    assert (message.kind, message.text) == ("edit", "Corrected caption")
    assert (message.original_wamid, message.reply_to) == ("wamid.OLD", None)
    assert message.media == (MediaRef("115", "image", "image/jpeg", PHOTO),)


def test_an_edit_of_a_text_has_only_its_new_words() -> None:
    inner = {"type": "text", "text": {"body": "I meant Friday"}}
    message = inbound("edit", edit={"original_message_id": "wamid.OLD", "message": inner})

    assert (message.text, message.media) == ("I meant Friday", ())


def test_the_file_of_an_edit_of_unknown_type_is_found() -> None:
    inner = {"type": "ptv", "ptv": file("778", "video/mp4")}
    message = inbound("edit", edit={"original_message_id": "wamid.OLD", "message": inner})

    assert message.media == (MediaRef("778", "video", "video/mp4", PHOTO),)


def test_a_revoke_names_the_message_that_was_taken_back() -> None:
    message = inbound("revoke", revoke={"original_message_id": "wamid.OLD"})

    assert (message.kind, message.text, message.original_wamid) == ("revoke", None, "wamid.OLD")


# -- people -------------------------------------------------------------------------------------


def test_a_group_message_belongs_to_the_group_and_has_a_sender() -> None:
    message = inbound("image", group_id="EXAMPLEGROUP", image=file())

    assert message.party == Party(group_id="EXAMPLEGROUP")
    assert (message.sender, message.sender_name) == (CUSTOMER, "Example Customer")


def test_a_sender_without_a_phone_number_is_known_by_the_business_scoped_id() -> None:
    contact = {
        "profile": {"name": "Example Customer", "username": "@example.customer"},
        "user_id": USER,
        "parent_user_id": "US.ENT.2",
    }
    anonymous = {key: value for key, value in sent(text={"body": "hi"}).items() if key != "from"}
    message = only(body(contacts=[contact], messages=[{**anonymous, "from_parent_user_id": "US.ENT.2"}]))

    assert message.party == Party(None, USER, "US.ENT.2", None, "Example Customer", "example.customer")
    assert message.sender == USER


def test_a_business_scoped_id_in_the_place_of_the_phone_number_is_understood() -> None:
    contact = {"profile": {"name": "Example Customer"}, "wa_id": USER}
    message = only(
        body(contacts=[contact], messages=[{**sent(text={"body": "hi"}), "from": USER, "from_user_id": None}])
    )

    assert (message.party.phone, message.party.user_id) == (None, USER)


def test_a_contact_beside_two_senders_names_only_its_own() -> None:
    other = {**sent(wamid="wamid.TWO", text={"body": "hi"}), "from": "15550005678", "from_user_id": None}
    reading = read(body(messages=[sent(text={"body": "hello"}), other]))
    parties = [update.party for update in reading.updates if isinstance(update, Message)]

    assert parties == [Party(CUSTOMER, USER, name="Example Customer"), Party("15550005678")]


# -- names that change --------------------------------------------------------------------------


def system(sender: str | None = CUSTOMER, **content: Any) -> tuple[Message, IdentityChange | None]:
    message = {"id": "wamid.ONE", "timestamp": str(SENT), "type": "system", "from": sender, **content}
    reading = read(body(contacts=None, messages=[{k: v for k, v in message.items() if v is not None}]))
    assert reading.problems == ()
    told, *changes = reading.updates
    assert isinstance(told, Message)
    assert len(changes) <= 1
    change = changes[0] if changes else None
    assert change is None or isinstance(change, IdentityChange)
    return told, change


@pytest.mark.parametrize(
    "content",
    [
        {"wa_id": "15550005678", "type": "user_changed_number"},
        {"new_wa_id": "15550005678", "type": "customer_changed_number"},
        {"new_wa_id": "15550005678", "customer": CUSTOMER, "type": "customer_changed_number"},
        {"customer": "15550005678", "type": "customer_changed_number"},
    ],
)
def test_a_changed_number_continues_the_conversation(content: Json) -> None:
    message, change = system(system={"body": "User changed", **content})

    assert message.party == Party(phone=CUSTOMER)
    assert change == IdentityChange(NUMBER, (f"p:{CUSTOMER}",), ("p:15550005678",), SENT)


def test_a_changed_number_may_come_with_a_new_user_id() -> None:
    _, change = system(
        from_user_id=USER, system={"wa_id": "15550005678", "user_id": "US.3", "type": "user_changed_number"}
    )

    assert change == IdentityChange(NUMBER, (f"u:{USER}", f"p:{CUSTOMER}"), ("u:US.3", "p:15550005678"), SENT)


def test_a_changed_user_id_is_followed_from_the_end_of_its_sentence() -> None:
    told = f"User Example changed from {USER} to US.3"
    message, change = system(None, system={"body": told, "user_id": "US.3", "type": "user_changed_user_id"})

    assert message.party == Party(user_id=USER)
    assert change == IdentityChange(NUMBER, (f"u:{USER}",), ("u:US.3",), SENT)


@pytest.mark.parametrize(
    "told",
    [
        f"User Example changed from {USER} to US.4",
        f"User changed from {USER} to US.3 changed from US.9 to US.4",
        "User Example has a new id",
        "",
    ],
)
def test_a_sentence_that_the_key_contradicts_is_not_believed(told: str) -> None:
    message, change = system(None, system={"body": told, "user_id": "US.3", "type": "user_changed_user_id"})

    assert change is None
    assert message.party == Party(user_id="US.3")


def test_a_customers_own_name_cannot_claim_somebody_elses_conversation() -> None:
    told = "User changed from US.999 to US.3 changed from US.2 to US.3"
    _, change = system(None, system={"body": told, "user_id": "US.3", "type": "user_changed_user_id"})

    assert change == IdentityChange(NUMBER, ("u:US.2",), ("u:US.3",), SENT)


def test_a_changed_identity_changes_no_name() -> None:
    _, change = system(system={"body": "User identity changed", "customer": "1", "type": "customer_identity_changed"})

    assert change is None


# -- what the business sent ---------------------------------------------------------------------


def echoed(kind: str, **content: Any) -> Message:
    echo = {"from": BUSINESS, "to": CUSTOMER, "id": "wamid.OURS", "timestamp": str(SENT), "type": kind, **content}
    return only(body("smb_message_echoes", message_echoes=[echo]))


def test_an_echo_is_outbound_and_belongs_to_its_addressee() -> None:
    message = echoed("image", to_user_id=USER, image=file("109", caption="Sent from the phone app"))

    assert message.direction is Direction.OUTBOUND
    assert message.party == Party(CUSTOMER, USER, name="Example Customer")
    assert (message.sender, message.sender_name) == (BUSINESS, None)
    assert message.media[0].media_id == "109"


def test_an_echo_may_name_its_addressee_by_user_id_only() -> None:
    echo = {"from": BUSINESS, "to_user_id": "US.7", "id": "wamid.OURS", "timestamp": SENT, "type": "text"}
    message = only(body("smb_message_echoes", message_echoes=[{**echo, "text": {"body": "hi"}}], contacts=[]))

    assert message.party == Party(user_id="US.7")


def test_an_echoed_edit_with_a_hash_in_hex_brings_its_file() -> None:
    inner = {"type": "image", "image": {**file("110"), "sha256": PHOTO.hex()}}
    message = echoed("edit", edit={"original_message_id": "wamid.OLD", "message": inner})

    assert (message.direction, message.original_wamid) == (Direction.OUTBOUND, "wamid.OLD")
    assert message.media == (MediaRef("110", "image", "image/jpeg", PHOTO),)


def test_an_echoed_revoke_names_the_message() -> None:
    assert echoed("revoke", revoke={"original_message_id": "wamid.OLD"}).original_wamid == "wamid.OLD"


# -- the history of a phone app -----------------------------------------------------------------


def history(*threads: Json, **more: Any) -> Reading:
    chunk = {"metadata": {"phase": 0, "chunk_order": 1, "progress": 55}, "threads": list(threads), **more}
    return read(body("history", contacts=None, history=[chunk]))


def old(sender: str, wamid: str, kind: str = "text", **content: Any) -> Json:
    past = {"from": sender, "id": wamid, "timestamp": str(SENT - 86_400), "type": kind, **content}
    return {**past, "history_context": {"status": "READ"}}


def test_a_thread_of_the_history_holds_both_directions() -> None:
    thread = {
        "id": CUSTOMER,
        "messages": [
            old(BUSINESS, "wamid.A", text={"body": "Here it is"}),
            old(BUSINESS, "wamid.B", "media_placeholder"),
            old(CUSTOMER, "wamid.C", text={"body": "Thanks!"}),
        ],
    }
    reading = history(thread, {"id": "12125557890", "messages": [old(BUSINESS, "wamid.D", text={"body": "Hi"})]})

    assert reading.problems == ()
    found = [update for update in reading.updates if isinstance(update, Message)]
    assert [(m.wamid, m.direction, m.kind, m.party.phone) for m in found] == [
        ("wamid.A", Direction.OUTBOUND, "text", CUSTOMER),
        ("wamid.B", Direction.OUTBOUND, "media_placeholder", CUSTOMER),
        ("wamid.C", Direction.INBOUND, "text", CUSTOMER),
        ("wamid.D", Direction.OUTBOUND, "text", "12125557890"),
    ]
    assert all(message.history for message in found)


def test_a_thread_may_say_who_the_customer_is_in_a_context() -> None:
    thread = {"id": CUSTOMER, "context": {"user_id": USER}, "messages": [old(CUSTOMER, "wamid.A", text={"body": "x"})]}
    (message,) = history(thread).updates

    assert isinstance(message, Message)
    assert message.party == Party(CUSTOMER, USER)


def test_whoever_in_a_thread_is_not_the_customer_is_the_business() -> None:
    written_otherwise = old("5550009876", "wamid.A", text={"body": "Here it is"})
    (message,) = history({"id": CUSTOMER, "messages": [written_otherwise]}).updates

    assert isinstance(message, Message)
    assert (message.direction, message.party.phone) == (Direction.OUTBOUND, CUSTOMER)


@pytest.mark.parametrize(
    ("sender", "to", "direction", "phone"),
    [
        (CUSTOMER, None, Direction.INBOUND, CUSTOMER),
        (BUSINESS, CUSTOMER, Direction.OUTBOUND, CUSTOMER),
        (BUSINESS, None, Direction.OUTBOUND, None),
    ],
)
def test_a_file_of_the_history_follows_in_a_message_of_its_own(
    sender: str, to: str | None, direction: Direction, phone: str | None
) -> None:
    followed = {**old(sender, "wamid.B", "image", image={**file("115"), "sha256": PHOTO.hex()}), "to": to}
    message = only(body("history", contacts=None, messages=[followed]))

    assert (message.direction, message.party.phone, message.history) == (direction, phone, True)
    assert message.media == (MediaRef("115", "image", "image/jpeg", PHOTO),)


def test_a_history_that_is_not_shared_is_no_problem() -> None:
    declined = {"errors": [{"code": 2593109, "title": "History sync is turned off by the business"}]}
    reading = read(body("history", contacts=None, history=[declined]))

    assert (reading.updates, reading.problems, reading.ignored) == ((), (), 1)


# -- calls --------------------------------------------------------------------------------------


def called(event: str, **more: Any) -> bytes:
    call = {"id": "wacid.CALL", "from": CUSTOMER, "timestamp": str(SENT), "event": event, **more}
    return body("calls", contacts=None, calls=[call])


def test_a_recording_of_a_call_is_a_message_that_brings_a_file() -> None:
    recording = {"type": "audio", "audio": file("112", "audio/ogg; codecs=opus")}
    message = only(called("call_recording_available", from_user_id=USER, call_recording=recording))

    assert (message.wamid, message.kind, message.direction) == ("wacid.CALL", "call_recording", Direction.INBOUND)
    assert message.party == Party(CUSTOMER, USER)
    assert message.media == (MediaRef("112", "audio", "audio/ogg; codecs=opus", PHOTO),)


def test_a_transcript_of_a_call_is_a_document() -> None:
    message = only(
        called("call_transcription_available", call_transcript={"document": file("113", "application/json")})
    )

    assert (message.kind, message.media[0].kind) == ("call_transcript", "document")


def test_a_call_that_the_business_made_is_outbound() -> None:
    call = {"from": BUSINESS, "to": CUSTOMER, "direction": "BUSINESS_INITIATED", "call_recording": {"audio": file()}}
    message = only(called("call_recording_available", **call))

    assert (message.direction, message.party.phone, message.sender) == (Direction.OUTBOUND, CUSTOMER, BUSINESS)


@pytest.mark.parametrize("event", ["connect", "terminate", "something_new"])
def test_other_events_of_a_call_are_of_no_use(event: str) -> None:
    reading = read(called(event, session={"sdp": "v=0"}))

    assert (reading.updates, reading.problems, reading.ignored) == ((), (), 1)


def test_the_statuses_of_a_call_are_no_messages() -> None:
    statuses = [{"id": "wacid.CALL", "type": "call", "status": "RINGING", "timestamp": str(SENT)}]
    reading = read(body("calls", statuses=statuses))

    assert (reading.updates, reading.ignored) == ((), 1)


def test_a_recording_without_its_file_is_told() -> None:
    reading = read(called("call_recording_available"))

    assert reading.problems == ("a recording or transcript of a call does not name its file",)


# -- messages that are not quite right ----------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"text": "hello"}, "text"),
        ({"text": {"body": 7}}, "text.body"),
        ({"timestamp": {"s": 1}}, "timestamp"),
        ({"context": "wamid.OURS"}, "context"),
        ({"errors": {"code": 1}}, "errors"),
        ({"from_user_id": ["US.1"]}, "from_user_id"),
    ],
)
def test_a_part_that_cannot_be_read_is_left_out_and_named(part: Json, named: str) -> None:
    reading = read(body(messages=[{**sent(text={"body": "hello"}), **part}]))
    (message,) = reading.updates

    assert isinstance(message, Message)
    assert (message.wamid, message.kind, message.sender) == ("wamid.ONE", "text", CUSTOMER)
    assert reading.problems == (f"a part of a message could not be read: {named}",)


@pytest.mark.parametrize(
    "image",
    ["101", [], {"id": {}}, {"id": "../101"}, {"id": "x" * 200}, {"id": ""}, {"id": "a b"}, {"id": True}, {"id": 1.5}],
)
def test_a_file_that_cannot_be_named_leaves_an_unsupported_message_to_read_again(image: Any) -> None:
    reading = read(body(messages=[sent("image", image=image)]))
    (message,) = reading.updates

    assert isinstance(message, Message)
    assert (message.kind, message.media) == ("unsupported", ())
    assert len(reading.problems) == 1


@pytest.mark.parametrize("wamid", [None, "", "x" * 513, "wamid.\x00ONE", "wamid.\nONE", True, 1.5, [], {}, -1, 10**60])
def test_a_message_without_a_usable_id_is_told_and_not_kept(wamid: Any) -> None:
    reading = read(body(messages=[{**sent(text={"body": "hello"}), "id": wamid}]))

    assert reading.updates == ()
    assert "a message has no usable id" in reading.problems


@pytest.mark.parametrize("kind", ["x" * 5000, "drop table", "name with ünïcode", ""])
def test_a_strange_type_is_unsupported_and_never_repeated_in_full(kind: str) -> None:
    reading = read(body(messages=[sent(kind)]))
    (message,) = reading.updates

    assert isinstance(message, Message)
    assert message.kind == "unsupported"
    assert all(len(problem) < 200 for problem in reading.problems)


def test_a_sender_of_silly_length_is_nobody() -> None:
    message = only(
        body(contacts=None, messages=[{**sent(text={"body": "x"}), "from": "1" * 5000, "from_user_id": None}])
    )

    assert message.party.aliases() == ()
    assert message.sender is None


def test_nuls_are_taken_out_of_what_people_read_and_stay_in_the_payload() -> None:
    message = inbound("document", document=file(caption="a\x00b", filename="c\x00d.pdf"))

    assert (message.text, message.media[0].filename) == ("ab", "cd.pdf")
    assert b"\\u0000" in message.payload


def test_half_an_emoji_costs_one_character_and_no_message() -> None:
    raw = body(messages=[sent("text", text={"body": "cut here: HALF"})]).replace(b"HALF", rb"\ud83d")
    message = only(raw)

    assert message.text == "cut here: \ufffd"
    assert json.loads(message.payload)["text"]["body"] == message.text


def test_a_whole_emoji_and_an_escaped_backslash_before_u_stay_as_they_are() -> None:
    raw = body(messages=[sent("text", text={"body": "HERE"})]).replace(b"HERE", rb"\ud83d\udc4d \\ud83d \udc4d")
    message = only(raw)

    assert message.text == "👍 \\ud83d \ufffd"
