"""What a file is, from its first bytes; what was declared only refines what the bytes allow.

Senders' clients claim types and hostile ones lie, so a page or a script must never pass for a picture. Knows the types
that WhatsApp carries and those that must not be shown in place; everything else is bytes. Pure. Called by the fetcher,
the web room and the Graph adapter.
"""

import re
from collections.abc import Callable

HEAD_BYTES = 4_096
BYTES = "application/octet-stream"
TEXT = "text/plain"

_INLINE = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp", "image/gif"),
        *("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/wav", "audio/webm", "audio/3gpp"),
        *("video/mp4", "video/3gpp", "video/webm", "video/ogg"),
    }
)
# Office files of the old kind all begin alike, and so do those of the new kind: here the declaration decides.
_OLE = frozenset(
    {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/vnd.ms-outlook"}
)
_OOXML = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_ZIPPED = frozenset(
    {
        *_OOXML.values(),
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        "application/epub+zip",
        "application/vnd.android.package-archive",
    }
)
_TEXTS = frozenset({"text/csv", "text/vcard", "text/calendar", "application/json", "text/markdown"})
_PREFIXES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR-WB", "audio/amr-wb"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"{\\rtf", "application/rtf"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
)
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|style|title|meta|link|img|div|span|table|a|p|br|h1|form|font|b|"
    rb"base|object|embed)(?:[\s>/]|$)",
    re.IGNORECASE,
)
_SVG = re.compile(rb"<(?:[a-z0-9_-]+:)?svg[\s>/]", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def content_type(head: bytes, declared: str | None) -> str:
    """The media type of a file that begins with ``head`` (the first 4,096 bytes are enough), without parameters."""
    head = head[:HEAD_BYTES]
    claim = plain(declared)
    for prefix, found in _PREFIXES:
        if head.startswith(prefix):
            return found
    return _container(head, claim) or _audio(head) or _markup(head) or _text(head, claim) or BYTES


def inline_safe(content_type: str) -> bool:
    """Whether a browser may show it in place: pictures, sound and video that cannot carry a script."""
    return plain(content_type) in _INLINE


def plain(declared: str | None) -> str:
    """A declared type in lower case without its parameters; "" when there is none."""
    return (declared or "").partition(";")[0].strip().lower()


def looks_like_html(head: bytes) -> bool:
    """Whether a browser that sniffs would take these bytes for a web page."""
    return bool(_HTML.match(_start(head)))


def _container(head: bytes, claim: str) -> str | None:
    """What lies in a file whose first bytes name only the box."""
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _by_brand(head[8:12], claim)
    for prefix, inside in _BOXES:
        if head.startswith(prefix):
            return inside(head, claim)
    return None


def _ogg(head: bytes, _claim: str) -> str:
    return "video/ogg" if b"theora" in head[:128] else "audio/ogg"


def _matroska(head: bytes, claim: str) -> str:
    if b"webm" not in head[:64]:
        return "video/x-matroska"
    return "audio/webm" if claim == "audio/webm" else "video/webm"


def _ole(_head: bytes, claim: str) -> str:
    return claim if claim in _OLE else "application/x-ole-storage"


def _by_brand(brand: bytes, claim: str) -> str:
    """ISO base media: the brand names the family, the claim tells sound from pictures where the brand does not."""
    if brand in {b"M4A ", b"M4B ", b"M4P "}:
        return "audio/mp4"
    if brand in {b"heic", b"heix", b"hevc", b"mif1", b"msf1"}:
        return "image/heic"
    if brand in {b"avif", b"avis"}:
        return "image/avif"
    if brand == b"qt  ":
        return "video/quicktime"
    sound = claim.startswith("audio/")
    if brand.startswith((b"3g", b"3G")):
        return "audio/3gpp" if sound else "video/3gpp"
    return "audio/mp4" if sound else "video/mp4"


def _zipped(head: bytes, claim: str) -> str:
    if b"[Content_Types].xml" in head:
        for folder, found in _OOXML.items():
            if folder in head:
                return found
    if head[30:38] == b"mimetype":
        for found in _ZIPPED:
            if head[38:].startswith(found.encode()):
                return found
    return claim if claim in _ZIPPED else "application/zip"


_BOXES: tuple[tuple[bytes, Callable[[bytes, str], str]], ...] = (
    (b"OggS", _ogg),
    (b"\x1a\x45\xdf\xa3", _matroska),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _ole),
    (b"PK\x03\x04", _zipped),
    (b"PK\x05\x06", _zipped),
)


def _audio(head: bytes) -> str | None:
    """Frames of sound that begin without any name: eleven bits of sync, then fields that must not be reserved."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    if layer == 0:
        return "audio/aac" if head[1] & 0xF0 == 0xF0 and head[2] >> 2 & 15 != 15 else None
    version, rate, sampling = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    return "audio/mpeg" if version != 1 and rate != 15 and sampling != 3 else None


def _markup(head: bytes) -> str | None:
    """Pages, pictures made of markup and other XML: what could run a script in a browser."""
    start = _start(head)
    if start[:1] != b"<":
        return None
    if _SVG.search(start):
        return "image/svg+xml"
    if _HTML.match(start) or (start.startswith(b"<?xml") and b"<html" in start.lower()):
        return "text/html"
    return "text/xml" if start.startswith(b"<?xml") else None


def _text(head: bytes, claim: str) -> str | None:
    if not head or _BINARY.search(head):
        return None
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # only its last letter may be cut in two
            return None
    return claim if claim in _TEXTS else TEXT


def _start(head: bytes) -> bytes:
    """Where the visible part begins: behind a byte order mark, blanks and comments."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\t\n\x0c\r ")
    while start.startswith(b"<!--"):
        end = start.find(b"-->")
        if end < 0:
            return b"<html" + b" "  # a page may hide behind a comment that does not end within sight
        start = start[end + 3 :].lstrip(b"\t\n\x0c\r ")
    return start
