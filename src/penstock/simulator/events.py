"""What the platform itself tells: system messages, what it cannot pass on, errors, statuses, calls, groups, oddities.

Each function makes one update out of a draft, in the shape of Meta's documentation; keywords change its content.
Listed by name in ``kinds``.
"""

from typing import Any

from .accounts import customer
from .draft import Draft, Json, Update
from .media import file_of

_HELP = "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"


def _system(draft: Draft, body: Json, **more: Any) -> Json:
    sender = {} if draft.bsuid_only else {"from": draft.customer.phone}
    return {
        **sender,
        "id": draft.message_id(),
        "timestamp": draft.stamp(),
        "type": "system",
        **more,
        "system": body,
    }


def number_changed(draft: Draft, *, to: str | None = None, spelling: str = "wa_id") -> Update:
    """A customer has another phone number; older bodies spell the key ``new_wa_id`` or ``customer``."""
    new = to or customer(9_000_000 + draft.serial % 900_000).phone
    body = {
        "body": f"User {draft.customer.name} changed from {draft.customer.phone} to {new}",
        spelling: new,
        "type": "user_changed_number",
    }
    return draft.update("messages", ("messages", _system(draft, body)))


def user_id_changed(draft: Draft, *, to: str | None = None) -> Update:
    """A customer has another business-scoped id; neither phone number is named."""
    new = to or f"US.{2 * 10**19 + draft.serial}"
    draft.bsuid_only = True
    body = {
        "body": f"User {draft.customer.name} changed from {draft.customer.user_id} to {new}",
        "user_id": new,
        "type": "user_changed_user_id",
    }
    return draft.update("messages", ("messages", _system(draft, body)))


def identity_changed(draft: Draft) -> Update:
    """A customer's security code is another one."""
    identity = {"acknowledged": True, "created_timestamp": draft.stamp(), "hash": "EXAMPLEHASH"}
    body = {"body": "User identity changed", "type": "customer_identity_changed"}
    return draft.chat(_system(draft, body, identity=identity))


def user_id_update(draft: Draft, *, to: str | None = None) -> Update:
    """The field of its own that says which business-scoped id follows which."""
    new = to or f"US.{2 * 10**19 + draft.serial}"
    contact = {"profile": {"name": draft.customer.name}, "wa_id": draft.customer.phone}
    detail: Json = {
        "wa_id": draft.customer.phone,
        "detail": f"User id for {draft.customer.name} has been updated.",
        "user_id": {"previous": draft.customer.user_id, "current": new},
        "timestamp": draft.stamp(),
    }
    if draft.bsuid_only:
        del contact["wa_id"], detail["wa_id"]
    return draft.update("user_id_update", ("contacts", contact), ("user_id_update", detail))


def _fault(code: int, title: str, details: str) -> Json:
    return {"code": code, "title": title, "message": title, "error_data": {"details": details}}


def unsupported(draft: Draft, *, what: str | None = "poll_creation", spelling: str = "unsupported") -> Update:
    """Something that the platform does not pass on; ``what`` None leaves the object out."""
    error = _fault(131051, "Message type unknown", "Message type is currently not supported.")
    more = {} if what is None else {"unsupported": {"type": what}}
    return draft.chat({**draft.message(spelling, {"errors": [error]}), **more})


def unavailable(draft: Draft) -> Update:
    """A message that cannot be shown now, code 131060."""
    error = _fault(131060, "This message is currently unavailable.", "Message is unavailable.")
    return draft.chat(draft.message("unsupported", {"errors": [error], "unsupported": {"type": "media_placeholder"}}))


def too_large(draft: Draft) -> Update:
    """A video that Meta itself could not take, code 131052: nothing to fetch."""
    details = "Media file size too big. Max file size we currently support: 100MB."
    return draft.chat(draft.message("video", {"errors": [_fault(131052, "Media download error", details)]}))


def media_with_error(draft: Draft) -> Update:
    """The older shape: a media object and errors beside it."""
    described = draft.attach("image")
    described.pop("url", None)
    error = {
        "code": 400,
        "title": "Media download failed: Not retrying as download is not retriable at this time",
        "details": "Last error was: ServerThrottle.",
    }
    return draft.chat(draft.message("image", {"image": described, "errors": [error]}))


def error(draft: Draft, *, code: int = 0, title: str = "We were unable to authenticate the app user") -> Update:
    """An error of the number, with no message at all."""
    return draft.update("messages", ("contacts", draft.contact()), ("errors", {"code": code, "title": title}))


def error_beside_message(draft: Draft) -> Update:
    """A message without its content, and an error beside it."""
    message = draft.message("interactive", {})
    return draft.chat(message, ("errors", _fault(131000, "Something went wrong", "Unsupported webhook payload")))


def status(draft: Draft, *, status: str = "delivered", of: str | None = None) -> Update:
    """A status of a message that the business sent."""
    told: Json = {
        "id": of or draft.message_id(outbound=True),
        "status": status,
        "timestamp": draft.stamp(),
        "recipient_id": draft.customer.phone,
    }
    if status == "failed":
        failure = {**_fault(131053, "Media upload error", "Unsupported media type"), "href": _HELP}
        return draft.update("messages", ("statuses", {**told, "errors": [failure]}))
    if draft.identified:
        told["recipient_user_id"] = draft.customer.user_id
    told["pricing"] = {"billable": True, "pricing_model": "PMP", "category": "service"}
    return draft.update("messages", ("contacts", draft.contact()), ("statuses", told))


def group_status(draft: Draft, *, status: str = "read", of: str | None = None) -> Update:
    """A status of a message to a group."""
    told = {
        "id": of or draft.message_id(outbound=True),
        "status": status,
        "timestamp": draft.stamp(),
        "recipient_id": draft.group or "EXAMPLEGROUPID",
        "recipient_type": "group",
        "recipient_participant_id": draft.customer.phone,
        "recipient_participant_user_id": draft.customer.user_id,
    }
    return draft.update("messages", ("statuses", told))


def group_settings(draft: Draft) -> Update:
    """A group has another picture; it has a hash but no media id."""
    picture = draft.file("image")
    told = {
        "timestamp": draft.stamp(),
        "group_id": draft.group or "EXAMPLEGROUPID",
        "type": "group_settings_update",
        "request_id": f"REQUEST{draft.serial}",
        "profile_picture": {"mime_type": picture.mime_type, "sha256": picture.sha256_base64},
    }
    return draft.update("group_settings_update", ("groups", told))


def _call(draft: Draft, event: str, **more: Any) -> Update:
    told = {
        "id": f"wacid.{draft.message_id().removeprefix('wamid.')}",
        **draft.sender(),
        "timestamp": draft.stamp(),
        "event": event,
        **more,
    }
    update = draft.update("calls", ("calls", told))
    return Update(update.number, update.field, update.parts, (str(told["id"]),), update.media)


def call(draft: Draft, *, event: str = "connect") -> Update:
    """A call begins or ends."""
    return _call(draft, event, direction="USER_INITIATED")


def call_recording(draft: Draft) -> Update:
    """The recording of a call is there."""
    return _call(draft, "call_recording_available", call_recording={"type": "audio", "audio": draft.attach("voice")})


def call_transcript(draft: Draft) -> Update:
    """The transcript of a call is there."""
    words = file_of(b'{"segments":[{"speaker":"customer","text":"Hello"}]}', "application/json")
    return _call(draft, "call_transcription_available", call_transcript={"document": draft.attach("document", words)})


def voicemail(draft: Draft) -> Update:
    """A voicemail: an audio message with the id of a call, and without ``voice``."""
    call_id = f"wacid.{draft.message_id().removeprefix('wamid.')}"
    return draft.chat(draft.message("audio", {"audio": draft.attach("voice")}, message_id=call_id))


def unknown_type(draft: Draft, *, type_: str = "hologram", payload: Json | None = None) -> Update:
    """A message of a type that nobody has heard of yet."""
    return draft.chat(draft.message(type_, {type_: payload or {"depth": 3, "id": "1"}}))


def unknown_field(draft: Draft, *, name: str = "telepathy_update") -> Update:
    """An update of a field that nobody has heard of yet."""
    return draft.update(name, (name, {"timestamp": draft.stamp(), "thought": "…"}))
