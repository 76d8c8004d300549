"""The files that a message refers to, read from Meta's media objects.

What is declared (type, hash, size) are the sender's claims and may be missing or malformed: then the file is fetched
without them. Only the media id is needed. Called by ``reading_messages``.
"""

import binascii
import re

from penstock.core.reading_scalars import identity, integer, moment, words
from penstock.core.reading_shapes import File
from penstock.core.updates import MediaRef

_MEDIA_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")  # it becomes a part of a URL's path
_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+[^\x00-\x1f\x7f]{0,200}", re.ASCII)
_URL = re.compile(r"https?://[!-~]{1,4096}")
_SHA256_BYTES = 32
_FILENAME_LENGTH = 1024


def reference(kind: str, file: File | None) -> MediaRef | None:
    """The file of a media object; None without a usable media id."""
    if file is None:
        return None
    media_id = identity(file.id)
    if media_id is None or not _MEDIA_ID.fullmatch(media_id):
        return None
    url = file.url if file.url is not None and _URL.fullmatch(file.url) else None
    mime_type = file.mime_type
    return MediaRef(
        media_id=media_id,
        kind=kind,
        mime_type=mime_type if mime_type is not None and _MIME_TYPE.fullmatch(mime_type) else None,
        sha256=digest(file.sha256),
        size=integer(file.file_size),
        filename=words(file.filename, _FILENAME_LENGTH),
        voice=file.voice is True,
        animated=file.animated is True,
        url=url,
        url_expires_at=expiry(url) if url is not None else None,
    )


def digest(text: str | None) -> bytes | None:
    """The 32 bytes of a SHA-256, written in base64 (either alphabet) or hex; None when it is neither."""
    if text is None or not 43 <= len(text) <= 64:
        return None
    try:
        if len(text) == 64:
            return bytes.fromhex(text)
        if "-" in text or "_" in text:
            text = text.replace("-", "+").replace("_", "/")
        found = binascii.a2b_base64(text if text[-1] == "=" else text + "=", strict_mode=True)
    except ValueError:
        return None
    return found if len(found) == _SHA256_BYTES else None


def expiry(url: str) -> float | None:
    """When a download URL dies, epoch seconds, from its ``ext``; None when it does not say."""
    at = url.find("&ext=")
    if at < 0:
        at = url.find("?ext=")
    return (moment(url[at + 5 :].partition("&")[0]) or None) if at >= 0 else None


def kind_of(mime_type: str | None) -> str:
    """The kind of a file whose message is of a type that nobody knows yet."""
    family = (mime_type or "").partition("/")[0]
    return family if family in ("image", "audio", "video") else "document"
