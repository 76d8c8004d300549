"""What Graph's answers say, read strictly: to a look-up, to an upload, error objects, and the headers about limits.

Both spellings that Meta uses are accepted (a hash in hex or base64, a size as number or text), and nothing that merely
resembles them. Nobody's text goes further than a log, and what is not understood is None. Called by the Graph adapter.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs

import msgspec

from penstock.core.operation import MEDIA_ID

URL_LIFE_S = 300.0  # Meta: a download URL lives five minutes
PARSE_FAILURES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_TRACE = re.compile(r"[!-~]{1,128}")
_DIGITS = re.compile(r"[0-9]{1,15}")
_SERVER = re.compile(r"[!-~]{1,64}")
# By which an answer may say who gave it, the most telling one first. Where it is none of these, the address has to do.
_NAMES_SERVER = ("x-served-by", "x-fb-server", "x-fb-rev", "proxy-status")
_MILLISECONDS_FROM = 100_000_000_000  # an expiry beyond the year 5000 was written in milliseconds


class LookUp(msgspec.Struct, frozen=True, gc=False):
    """Graph's answer to a look-up, as it is written."""

    url: str
    id: str | int | None = None
    mime_type: str | None = None
    sha256: str | None = None
    file_size: int | str | None = None


class _Uploaded(msgspec.Struct, frozen=True, gc=False):
    id: str | int


class GraphError(msgspec.Struct, frozen=True, gc=False):
    """What an error object says."""

    code: int
    error_subcode: int | None = None
    message: str | None = None
    fbtrace_id: str | None = None


class Usage(msgspec.Struct, frozen=True, gc=False):
    """How much of a limit is used up."""

    percent: float | None = None
    regain_s: float | None = None


class _Errors(msgspec.Struct):
    error: GraphError


class _Counts(msgspec.Struct):
    call_count: float = 0.0
    total_cputime: float = 0.0
    total_time: float = 0.0
    estimated_time_to_regain_access: float = 0.0  # minutes


_LOOK_UP = msgspec.json.Decoder(LookUp)
_UPLOADED = msgspec.json.Decoder(_Uploaded)
_ERRORS = msgspec.json.Decoder(_Errors)
_APP_USAGE = msgspec.json.Decoder(_Counts)
_BUSINESS_USAGE = msgspec.json.Decoder(dict[str, list[_Counts]])


def look_up(body: bytes) -> LookUp | None:
    """The answer to a look-up; None when it has another shape. Raises ``msgspec.DecodeError`` when it is no JSON."""
    try:
        return _LOOK_UP.decode(body)
    except msgspec.ValidationError:
        return None
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError("not JSON") from error


def uploaded(body: bytes) -> str | None:
    """The id of an uploaded file; None when the answer has another shape. Raises ``msgspec.DecodeError``, no JSON."""
    try:
        media_id = str(_UPLOADED.decode(body).id)
    except msgspec.ValidationError:
        return None
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError("not JSON") from error
    return media_id if MEDIA_ID.fullmatch(media_id) else None


def graph_error(body: bytes) -> GraphError | None:
    """The error object in a body, whatever the status was; None when there is none."""
    try:
        return _ERRORS.decode(body).error
    except PARSE_FAILURES:
        return None


def sha256(text: str | None) -> bytes | None:
    """A hash in hex or base64 as its 32 bytes; None when it is neither."""
    if text is None:
        return None
    try:
        found = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return found if len(found) == 32 else None


def size(value: int | str | None) -> int | None:
    """A size as a number of bytes; None when it is none."""
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else None
    return value if value is not None and value >= 0 else None


def expiry(query: str, *, now: float) -> float:
    """When a download URL dies, epoch seconds. Its ``ext`` is undocumented: believed when plausible, never for long."""
    latest = now + URL_LIFE_S
    written = parse_qs(query.removeprefix("?")).get("ext", [""])[0]
    if not _DIGITS.fullmatch(written):
        return latest
    at = float(written)
    if at > _MILLISECONDS_FROM:
        at /= 1_000.0
    return min(at, latest) if at > now else latest


def trace_id(headers: Mapping[str, str]) -> str | None:
    """By which Meta's support finds the request."""
    found = headers.get("x-fb-trace-id") or headers.get("x-fb-request-id")
    return clean_trace(found)


def server(headers: Mapping[str, str]) -> str | None:
    """Which server (or which release of it) answered, in one short word; None when the answer does not say.

    What changes with every answer (a trace id, an encrypted hint) tells no servers apart and is not looked at.
    """
    for name in _NAMES_SERVER:
        # Of a list the last one is the nearest, of its parameters none is a name.
        nearest = headers.get(name, "").rpartition(",")[2].partition(";")[0].strip()
        if _SERVER.fullmatch(nearest):
            return nearest
    return None


def clean_trace(text: str | None) -> str | None:
    """A trace id that is fit for a log."""
    return text if text is not None and _TRACE.fullmatch(text) else None


def retry_after_s(text: str | None, *, now: float) -> float | None:
    """Retry-After in seconds from now, from a number or a date."""
    if text is None:
        return None
    text = text.strip()
    if _DIGITS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def usage(headers: Mapping[str, str]) -> Usage:
    """The fullest limit among the usage headers, and the longest wait that they name."""
    counts: list[_Counts] = []
    try:
        if app := headers.get("x-app-usage"):
            counts.append(_APP_USAGE.decode(app))
        if business := headers.get("x-business-use-case-usage"):
            counts += [each for group in _BUSINESS_USAGE.decode(business).values() for each in group]
    except PARSE_FAILURES:
        pass
    if not counts:
        return Usage()
    percent = max(max(each.call_count, each.total_cputime, each.total_time) for each in counts)
    minutes = max(each.estimated_time_to_regain_access for each in counts)
    return Usage(percent, minutes * 60.0 if minutes > 0 else None)
