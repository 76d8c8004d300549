"""A file in a conversation: the file itself when it is there, otherwise how it stands, in an agent's words.

What a browser may show in place is decided by the type found in the bytes, never by what the sender claimed: a web
page that came as a photo is a download. Pure. Used by ``thread``; drawn by ``_attachment.html``.
"""

import msgspec

from penstock.core import ids, sniff
from penstock.ledger.rows import Media
from penstock.web.inbox import kinds
from penstock.web.serving import OCTETS, name_of
from penstock.web.words import date, exact

_TYPES = {
    "application/pdf": "PDF",
    "application/msword": "Word document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
    "application/vnd.ms-excel": "Excel sheet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel sheet",
    "application/vnd.ms-powerpoint": "PowerPoint slides",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint slides",
    "application/zip": "ZIP archive",
    "text/plain": "Text",
    "text/csv": "CSV table",
    "text/html": "Web page",
    "image/svg+xml": "SVG drawing",
    OCTETS: "File",
}
_ASKED_FOR = {
    "image": "photo",
    "audio": "audio message",
    "video": "video",
    "document": "document",
    "sticker": "sticker",
}


class Attachment(msgspec.Struct, frozen=True):
    """One file as it is drawn. Holds no time that passes, so that it is the same until something happens."""

    id: str
    look: str  # picture, sticker, audio, voice, video, link, absent
    kind: str  # what a reader calls it
    icon: str
    tone: str  # attached, waiting, held, lost: the state colours
    name: str
    type: str
    size: int | None  # bytes
    url: str | None = None
    sentence: str | None = None
    due_at: float | None = None  # when it is tried again
    request: str | None = None  # a polite text to copy
    remark: str | None = None


def attachment(media: Media, *, sees_all: bool = False) -> Attachment:
    """A file as it is drawn. ``sees_all``: the reader may know what is held in other workspaces, and why."""
    id_ = ids.encode(ids.Kind.MEDIA, media.id)
    kind = "voice" if media.voice else media.kind
    shown = _shown(media)
    view = Attachment(
        id=id_,
        look=shown,
        kind=kinds.word(kind),
        icon=kinds.icon(kind) or "file",
        tone="attached",
        name=name_of(media),
        type=_type(media),
        size=media.size if media.size is not None else media.declared_size,
        url=f"/inbox/media/{id_}",
    )
    if media.state == "attached":
        return msgspec.structs.replace(view, remark=_remark(media, shown))
    why = _why(media, sees_all=sees_all)
    return msgspec.structs.replace(view, url=None, look="absent", remark=why, **_standing(media))


def _shown(media: Media) -> str:
    """How an attached file is shown: by the type of its bytes first, then by what it was sent as."""
    content_type = media.content_type or OCTETS
    family = content_type.partition("/")[0]
    if not sniff.inline_safe(content_type) or media.kind == "document":
        return "link"
    if family == "image":
        return "sticker" if media.kind == "sticker" else "picture"
    if family == "audio" or (family == "video" and media.kind == "audio"):
        return "voice" if media.voice else "audio"
    return "video" if family == "video" else "link"


def _standing(media: Media) -> dict[str, object]:
    """How a file that is not there stands."""
    match media.state:
        case "waiting" if media.held:
            return {"icon": "hold", "tone": "held", "sentence": "Held for the moment — it will come by itself"}
        case "waiting" if media.attempts and media.due_at is not None:
            return {"icon": "retry", "tone": "waiting", "sentence": "Still arriving", "due_at": media.due_at}
        case "waiting" | "fetching":
            return {"icon": "clock", "tone": "waiting", "sentence": "Arriving…"}
        case "expired":
            sentence = "This file is no longer available from WhatsApp. Ask for it again?"
            return {"icon": "lost", "tone": "lost", "sentence": sentence, "request": _request(media)}
        case "failed":
            sentence = media.reason or "This file could not be accepted."
            return {"icon": "lost", "tone": "lost", "sentence": sentence, "request": _request(media)}
        case _:
            return {"icon": "gone", "tone": "waiting", "sentence": "This file was erased."}


def _why(media: Media, *, sees_all: bool) -> str | None:
    """Why a file is held, in the words of whoever shut the gate; nothing of a gate that holds others' files, too."""
    gate = media.gate
    if gate is None or not media.held:
        return None
    own = gate.scope in ({"workspace": media.workspace}, {"number": media.phone_number_id})
    return f"\u201c{gate.why.rstrip('.')}\u201d, since {exact(gate.since)}" if own or sees_all else None


def _request(media: Media) -> str:
    """A polite text by which a customer is asked for a file again."""
    what = _ASKED_FOR.get(media.kind, "file")
    return (
        f"Hello, the {what} that you sent on {date(media.received_at)} did not reach us. "
        "Could you please send it once more? Thank you."
    )


def _remark(media: Media, shown: str) -> str | None:
    """A word on a file that is not what it was sent as."""
    if shown == "link" and media.kind in ("image", "video", "audio", "sticker"):
        return f"Sent as a {_ASKED_FOR[media.kind]}, but it is not one that can be shown safely: it can be downloaded."
    return None


def _type(media: Media) -> str:
    """What kind of file it is, for a reader."""
    content_type = (media.content_type or media.declared_mime_type or OCTETS).partition(";")[0].strip().lower()
    if content_type in _TYPES:
        return _TYPES[content_type]
    return content_type.rpartition("/")[2].removeprefix("x-").upper()[:20] or "File"
