"""One message, echo, piece of history or call, from Meta's JSON to a value.

Whatever has an id is kept: a part that cannot be read is left out and named, a type that nobody knows is kept whole as
``unsupported``, and its file is still found when it looks like one. Called by ``reading`` for each update by itself.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from penstock.core import media, reading_people, reading_words
from penstock.core.reading_media import kind_of, reference
from penstock.core.reading_people import NOBODY, Contacts, Names
from penstock.core.reading_salvage import UNREADABLE, decoded, mended, parts
from penstock.core.reading_scalars import identity, moment
from penstock.core.reading_shapes import Called, CallFiles, File, Written
from penstock.core.updates import Direction, IdentityChange, MediaRef, Message, Party

RECORDING = "call_recording"
TRANSCRIPT = "call_transcript"

_OTHER_NAMES = {"voice": "audio", "unknown": "unsupported"}
_CONTENT = (
    *media.KINDS,
    *("text", "location", "contacts", "reaction", "interactive", "button", "order", "system", "edit", "revoke"),
)
_KNOWN = frozenset({*_CONTENT, "unsupported", "media_placeholder"})
_MEDIA = frozenset(media.KINDS)
_CALL_FILES = frozenset({"call_recording_available", "call_transcription_available"})
_WITHOUT_CONTENT = frozenset({"unsupported", "media_placeholder"})
_NO_FAILURE: tuple[int | None, str | None] = (None, None)
_GROUP_LENGTH = 160
_WRITTEN = msgspec.json.Decoder(Written)


class Place(msgspec.Struct, frozen=True, gc=False):
    """What the envelope says about all updates of one value."""

    phone_number_id: str
    display_number: str | None  # digits of the business's own phone number
    contacts: Contacts
    report: Callable[[str], None]  # takes a sentence about what was not understood
    history: bool = False
    failure: tuple[int | None, str | None] = _NO_FAILURE  # an error of the value, for messages that came empty


class Found(msgspec.Struct, frozen=True, gc=False):
    """Where a message was found."""

    payload: bytes  # its JSON
    spoiled: tuple[str, ...]  # paths of what could not be read in it


def inbound(raw: Raw, place: Place) -> tuple[Message | IdentityChange, ...]:
    """A message from a customer."""
    message, source = _decoded(raw, place)
    if message is None:
        return ()
    names = reading_people.author(message)
    if place.history and _is_ours(message, names, place):
        return _read(message, source, place, Direction.OUTBOUND, reading_people.addressee(message))
    return _read(message, source, place, Direction.INBOUND, names)


def echo(raw: Raw, place: Place) -> tuple[Message | IdentityChange, ...]:
    """A message that the business sent from its phone app."""
    message, source = _decoded(raw, place)
    if message is None:
        return ()
    return _read(message, source, place, Direction.OUTBOUND, reading_people.addressee(message))


def remembered(raw: Raw, place: Place, partner: Names) -> tuple[Message | IdentityChange, ...]:
    """A message of a history thread with this customer, in either direction."""
    message, source = _decoded(raw, place)
    if message is None:
        return ()
    names = reading_people.author(message)
    if _is_ours(message, names, place) or _is_another(names, partner):
        return _read(message, source, place, Direction.OUTBOUND, partner)
    both = Names(
        names.phone or partner.phone, names.user_id or partner.user_id, names.parent_user_id or partner.parent_user_id
    )
    return _read(message, source, place, Direction.INBOUND, both)


def call(raw: Raw, place: Place) -> tuple[Message, ...] | None:
    """The recording or transcript of a call; None for any other event of a call, which is of no use."""
    spoiled: list[str] = []
    called = decoded(raw, Called, spoiled)
    if called is None:
        place.report("a call could not be read")
        return ()
    kind, files = (RECORDING, called.call_recording) if called.call_recording else (TRANSCRIPT, called.call_transcript)
    if files is None and called.event not in _CALL_FILES:
        return None
    _tell(spoiled, "call", place)
    wamid = identity(called.id)
    if wamid is None:
        place.report("a call has no usable id")
        return ()
    files = files or CallFiles()
    found = _present(place, ("audio", files.audio), ("video", files.video), ("document", files.document))
    if not found:
        place.report("a recording or transcript of a call does not name its file")
    names = reading_people.author(called)
    ours = called.direction == "BUSINESS_INITIATED" or (names.phone is not None and names.phone == place.display_number)
    return (
        Message(
            phone_number_id=place.phone_number_id,
            wamid=wamid,
            direction=Direction.OUTBOUND if ours else Direction.INBOUND,
            kind=kind,
            sent_at=moment(called.timestamp),
            party=place.contacts.party(reading_people.addressee(called) if ours else names),
            sender=names.sender() or (place.display_number if ours else None),
            text=None,
            payload=bytes(raw),
            media=found,
        ),
    )


# -- one message ----------------------------------------------------------------------------


def _decoded(raw: Raw, place: Place) -> tuple[Written | None, Found]:
    """A message that has an id, with what it was found in."""
    spoiled: list[str] = []
    payload = bytes(raw)
    try:
        message: Written | None = _WRITTEN.decode(raw)
    except UNREADABLE:
        better = mended(payload)
        payload = better.body
        for problem in better.problems:
            place.report(problem)
        message = decoded(payload, Written, spoiled)
    if message is None:
        place.report("a message could not be read")
    elif identity(message.id) is None:
        place.report("a message has no usable id")
        message = None
    else:
        _tell(spoiled, "message", place)
    return message, Found(payload, tuple(spoiled))


def _read(
    message: Written, source: Found, place: Place, direction: Direction, names: Names
) -> tuple[Message | IdentityChange, ...]:
    kind = _kind(message, place)
    found = _files(kind, message, source.payload, place)
    if kind in _MEDIA and not found and _is_spoiled(kind, message, source.spoiled):
        kind = "unsupported"  # there is a file, but not as we know it: to be read again by a better reader
    code, told = reading_words.failure(message.errors)
    if place.failure != _NO_FAILURE and (code, told) == _NO_FAILURE and not _has_content(kind, message):
        code, told = place.failure
    if kind == "unsupported":
        told = reading_words.not_supported(told, _unsupported_name(message))
    at = moment(message.timestamp)
    before = after = names
    if kind == "system" and message.system is not None:
        before, after = reading_people.changed(message.system, names)
    party = place.contacts.party(before if before != NOBODY else after)
    sender = before.sender() or party.phone or party.user_id
    if direction is Direction.OUTBOUND:
        sender = reading_people.author(message).sender() or place.display_number
    group = identity(message.group_id, _GROUP_LENGTH)
    update = Message(
        phone_number_id=place.phone_number_id,
        wamid=identity(message.id) or "",
        direction=direction,
        kind=kind,
        sent_at=at,
        party=Party(group_id=group) if group is not None else party,
        sender=sender,
        text=reading_words.said(kind, message),
        payload=source.payload,
        media=found,
        reply_to=_reply_to(kind, message),
        original_wamid=_original(kind, message),
        sender_name=party.name if direction is Direction.INBOUND else None,
        history=place.history,
        error_code=code,
        error_text=told,
    )
    if after is not before:
        change = reading_people.succession(place.phone_number_id, before, after, at)
        if change is not None:
            return update, change
    return (update,)


def _kind(message: Written, place: Place) -> str:
    name = message.type
    if name is None:  # Meta's sample of an answered call permission: only the content says what it is
        present = [kind for kind in _CONTENT if _has_content(kind, message)]
        if not present and not message.errors:
            place.report("a message does not say what it is, and is kept as unsupported")
        return present[0] if present else "unsupported"
    kind = _OTHER_NAMES.get(name, name)
    if kind in _KNOWN:
        return kind
    shown = f" ({name})" if name.isidentifier() and len(name) <= 64 else ""
    place.report(f"a message is of a type that is not known{shown}, and is kept as unsupported")
    return "unsupported"


def _has_content(kind: str, message: Written) -> bool:
    """Whether a message came with what its type promises."""
    if kind in _WITHOUT_CONTENT:
        return True
    return (_file(kind, message) if kind in _MEDIA else getattr(message, kind)) is not None


def _files(kind: str, message: Written, raw: bytes | Raw, place: Place) -> tuple[MediaRef, ...]:
    """The files of a message of this kind."""
    if kind in _MEDIA:
        found = _present(place, (kind, _file(kind, message)))
        if kind == "audio" and message.audio is None:
            return tuple(msgspec.structs.replace(ref, voice=True) for ref in found)
        return found
    if kind == "edit" and message.edit is not None and message.edit.message is not None:
        inner = message.edit.message
        name = _OTHER_NAMES.get(inner.type or "", inner.type or "unsupported")
        if name in _KNOWN and name not in _MEDIA and name != "unsupported":
            return ()
        within = parts(parts(raw).get("edit", b"")).get("message", b"")
        return _files(name if name in _MEDIA else "unsupported", inner, within, place)
    if kind == "unsupported":
        known = _present(place, *((each, _file(each, message)) for each in media.KINDS))
        return known or _unknown_file(message.type, raw, place)
    return ()


def _file(kind: str, message: Written) -> File | None:
    file: File | None = getattr(message, kind)
    return message.voice if file is None and kind == "audio" else file


def _present(place: Place, *files: tuple[str, File | None]) -> tuple[MediaRef, ...]:
    """The files of media objects that are there and name one."""
    found = []
    for kind, file in files:
        ref = reference(kind, file)
        if ref is not None:
            found.append(ref)
        elif file is not None and file.id is not None:
            place.report("a media object has no usable id")
    return tuple(found)


def _unknown_file(name: str | None, raw: bytes | Raw, place: Place) -> tuple[MediaRef, ...]:
    """The file of a message of a type that nobody knows, if its content is a media object."""
    content = parts(raw).get(name or "")
    file = decoded(content, File, []) if content is not None else None
    if file is None or not (file.mime_type and file.sha256):
        return ()
    return _present(place, (kind_of(file.mime_type), file))


def _is_spoiled(kind: str, message: Written, spoiled: tuple[str, ...]) -> bool:
    """Whether a message's file is named in a way that we cannot read, rather than not at all."""
    file = _file(kind, message)
    names = (kind, "voice") if kind == "audio" else (kind,)
    return (file is not None and file.id is not None) or any(path.partition(".")[0] in names for path in spoiled)


def _unsupported_name(message: Written) -> str | None:
    if message.unsupported is not None and message.unsupported.type:
        return message.unsupported.type
    return None if _OTHER_NAMES.get(message.type or "", message.type) in _KNOWN else message.type


def _reply_to(kind: str, message: Written) -> str | None:
    """The message that this one answers; a reaction answers the one it is put on."""
    if kind == "reaction" and message.reaction is not None:
        return identity(message.reaction.message_id)
    return identity(message.context.id) if message.context is not None else None


def _original(kind: str, message: Written) -> str | None:
    about: Any = getattr(message, kind) if kind in ("edit", "revoke") else None
    return identity(about.original_message_id) if about is not None else None


def _is_ours(message: Written, names: Names, place: Place) -> bool:
    """Whether a message of the history was sent by the business. Only its own messages say whom they are to."""
    if names.phone is not None and names.phone == place.display_number:
        return True
    to = reading_people.addressee(message)
    return to != NOBODY and (to.phone is None or to.phone != place.display_number)


def _is_another(names: Names, partner: Names) -> bool:
    """Whether these names are certainly not the customer's. Then they are the business's: threads are of two."""
    if names.user_id is not None and names.user_id == partner.user_id:
        return False
    return names.phone is not None and partner.phone is not None and names.phone != partner.phone


def _tell(spoiled: list[str], what: str, place: Place) -> None:
    for path in spoiled:
        place.report(f"a part of a {what} could not be read: {path}")
