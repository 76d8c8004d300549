"""A file name that is safe to offer for saving, made from the one that a sender chose.

It never becomes a path or a storage key here: blobs are kept under their row's id, and this name is only shown and put
into a header. No folder, no control or invisible characters, no name that a system reserves, a bounded length, and an
ending that fits what the bytes are. Called by the web room.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

LONGEST_BYTES = 150  # in UTF-8, its ending included: file systems end at 255

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "clock$", "conin$", "conout$"}
    | {f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"}
)
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_JOINERS = "\u200c\u200d"
_BLANKS = re.compile(r"\s+")
_ENDING = re.compile(r"[0-9A-Za-z]{1,10}")
# The first ending is given to a name without a fitting one; the others fit, too.
_ENDINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
        "image/png": ("png",),
        "image/gif": ("gif",),
        "image/webp": ("webp",),
        "image/heic": ("heic", "heif"),
        "image/avif": ("avif",),
        "image/svg+xml": ("svg",),
        "audio/ogg": ("ogg", "oga", "opus"),
        "audio/mpeg": ("mp3", "mpga"),
        "audio/mp4": ("m4a", "mp4", "m4b"),
        "audio/aac": ("aac",),
        "audio/amr": ("amr",),
        "audio/amr-wb": ("awb", "amr"),
        "audio/wav": ("wav",),
        "audio/3gpp": ("3gp",),
        "video/mp4": ("mp4", "m4v"),
        "video/3gpp": ("3gp", "3g2"),
        "video/webm": ("webm",),
        "video/quicktime": ("mov", "qt"),
        "application/pdf": ("pdf",),
        "application/zip": ("zip",),
        "application/msword": ("doc", "dot"),
        "application/vnd.ms-excel": ("xls", "xlt"),
        "application/vnd.ms-powerpoint": ("ppt", "pps", "pot"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx",),
        "text/html": ("html", "htm"),
        "text/xml": ("xml",),
        "text/csv": ("csv",),
        "text/vcard": ("vcf",),
        "application/json": ("json",),
    }
)
_TEXT_ENDINGS = frozenset({"txt", "log", "md", "csv", "tsv", "vcf", "ics", "json", "ini", "conf", "srt", "yaml", "yml"})


def clean(name: str | None, *, content_type: str, fallback: str) -> str:
    """The name to offer. ``fallback`` (without an ending) stands in when nothing of the sender's name is left."""
    stem, ending = _parts(_visible(name or ""))
    if stem.partition(".")[0].strip().lower() in _RESERVED:
        stem = f"_{stem}"
    stem = stem or fallback
    ending = _fitting(ending, content_type)
    room = LONGEST_BYTES - (len(ending) + 1 if ending else 0)
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return f"{stem}.{ending}" if ending else stem


def _visible(name: str) -> str:
    """The last part of a path in any system's writing, without what cannot be seen or must not be in a name."""
    text = unicodedata.normalize("NFC", re.split(r"[/\\\u2044\u2215\uff0f\uff3c]", name)[-1])
    # Categories C: control, format (right-to-left overrides hide an ending), surrogate, private, unassigned. The two
    # joiners are letters' own business in Persian, in Hindi and among emoji.
    text = "".join(" " if unicodedata.category(each)[0] in "CZ" and each not in _JOINERS else each for each in text)
    return _BLANKS.sub(" ", _FORBIDDEN.sub("_", text)).strip(" .")


def _parts(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    if not dot or not _ENDING.fullmatch(ending):
        return name, ""
    return stem.rstrip(" ."), ending


def _fitting(ending: str, content_type: str) -> str:
    """The sender's ending where it fits the bytes, else the type's own; a wrong one would open the wrong program."""
    known = _ENDINGS.get(content_type)
    if known is not None:
        return ending if ending.lower() in known else known[0]
    if content_type.startswith("text/"):
        return ending if ending.lower() in _TEXT_ENDINGS else "txt"
    return ending
