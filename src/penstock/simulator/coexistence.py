"""What comes from a business that also uses the phone app: echoes, edits, revocations, and the history of before.

Each function makes one update out of a draft, in the shape of Meta's documentation as far as it is published;
keywords change its content. Listed by name in ``kinds``.
"""

from typing import Any

from .draft import Draft, Json, Update

_ORIGINAL = 1


def edit(draft: Draft, *, of: str | None = None, file: str | None = "image", body: str = "Corrected") -> Update:
    """A customer corrects a message; the new one brings a file of this kind, or is a text (None)."""
    return draft.chat(
        draft.message("edit", {"edit": _edited(draft, of or draft.message_id(nth=_ORIGINAL), file, body)})
    )


def revoke(draft: Draft, *, of: str | None = None) -> Update:
    """A customer takes a message back."""
    original = of or draft.message_id(nth=_ORIGINAL)
    return draft.chat(draft.message("revoke", {"revoke": {"original_message_id": original}}))


def echo(draft: Draft, *, file: str | None = None, body: str = "Sent from the phone app") -> Update:
    """Something that the business sent from its phone app: a text (None), or a file of this kind."""
    if file is None:
        return _echo(draft, "text", {"text": {"body": body}})
    return _echo(draft, file, {file: {"caption": body, **draft.attach(file)}})


def echo_edit(draft: Draft, *, of: str | None = None, file: str | None = "image", body: str = "Corrected") -> Update:
    """The business corrects what it sent from its phone app; the hash is hex here, as in Meta's own example."""
    edited = _edited(draft, of or draft.message_id(outbound=True, nth=_ORIGINAL), file, body)
    if file is not None:
        edited["message"][file]["sha256"] = draft.made[-1].sha256
    return _echo(draft, "edit", {"edit": edited})


def echo_revoke(draft: Draft, *, of: str | None = None) -> Update:
    """The business takes back what it sent from its phone app."""
    original = of or draft.message_id(outbound=True, nth=_ORIGINAL)
    return _echo(draft, "revoke", {"revoke": {"original_message_id": original}})


def history(draft: Draft, *, messages: int = 3, phase: int = 0, progress: int = 55) -> Update:
    """A chunk of the history: texts of both sides, and placeholders where files were."""
    listed = [_old(draft, nth, messages) for nth in range(messages)]
    chunk = {
        "metadata": {"phase": phase, "chunk_order": 1, "progress": progress},
        "threads": [{"id": draft.customer.phone, "messages": listed}],
    }
    update = draft.update("history", ("history", chunk))
    return Update(update.number, update.field, update.parts, tuple(str(old["id"]) for old in listed), ())


def history_media(draft: Draft, *, of: str | None = None, file: str = "image") -> Update:
    """The file of a message that the history had only as a placeholder; ``of`` is that message's id."""
    message = draft.message(file, {file: draft.attach(file)}, message_id=of)
    return draft.update("history", ("contacts", draft.contact()), ("messages", message))


def history_declined(draft: Draft) -> Update:
    """The business did not want to share its history."""
    details = "History sharing is turned off by the business from the WhatsApp Business App"
    error = {"code": 2593109, "title": "History sync is off", "message": "History sync is off"}
    return draft.update("history", ("history", {"errors": [{**error, "error_data": {"details": details}}]}))


def _edited(draft: Draft, original: str, file: str | None, body: str) -> Json:
    content: Json = {"text": {"body": body}} if file is None else {file: {"caption": body, **draft.attach(file)}}
    message = {"context": {"id": "M0"}, "type": file or "text", **content}
    return {"original_message_id": original, "message": message}


def _echo(draft: Draft, type_: str, payload: Json) -> Update:
    receiver: Json = {} if draft.bsuid_only else {"to": draft.customer.phone}
    if draft.identified:
        receiver["to_user_id"] = draft.customer.user_id
    message = {
        "from": draft.number.display,
        **receiver,
        "id": draft.wamid or draft.message_id(outbound=True),
        "timestamp": draft.stamp(),
        "type": type_,
        **payload,
    }
    return draft.update("smb_message_echoes", ("contacts", draft.contact()), ("message_echoes", message))


def _old(draft: Draft, nth: int, of: int) -> Json:
    """One message of the history: every third from the business, every fourth a file that is not there yet."""
    ours = nth % 3 == 2
    content: Json = {"type": "text", "text": {"body": f"Message {nth + 1} of before"}}
    if nth % 4 == 3:
        content = {"type": "media_placeholder"}
    people: dict[str, Any] = (
        {"from": draft.number.display, "to": draft.customer.phone} if ours else {"from": draft.customer.phone}
    )
    return {
        **people,
        "id": draft.message_id(outbound=ours, nth=nth),
        "timestamp": draft.stamp(-3600.0 * (of - nth)),
        **content,
        "history_context": {"status": "READ"},
    }
