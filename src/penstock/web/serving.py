"""The bytes of a file, put out so that a hostile one cannot run.

A browser shows in place only what ``core.sniff`` found in the bytes and calls safe; everything else is a download. The
answer forbids guessing types and puts whatever is opened into a sandbox without scripts. Ranges are served because
browsers ask for them to play audio and video. A caller of the API may have an address of the store's own instead, if
the store has such; people get every file through Penstock. Called by the API and the inbox, after they have checked who
asks.
"""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from penstock.adapters.blobs.port import Blobs
from penstock.core import blobkey, filename, sniff
from penstock.core.errors import Unreachable
from penstock.ledger.rows import Media
from penstock.web.problems import ProblemError
from penstock.web.words import rfc3339

_log = structlog.get_logger()

OCTETS = "application/octet-stream"
_DIRECT_S = 300  # how long an address of the store's own is good for: to begin a download, not to keep
_NAMES = {"image": "photo"}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")  # one range; a browser that asks for several gets the whole
_POLICY = (
    "sandbox{}; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
# Never scripts. But a browser's own player asks for the bytes once more, and from nowhere it may not have them.
_PLAYED = ("audio/", "video/")
_WHY_NOT = {
    "waiting": (409, "this file is not here yet", "ask again; media.attached in the feed tells when it has come"),
    "fetching": (409, "this file is being fetched", "ask again in a moment"),
    "expired": (410, "this file was gone from WhatsApp before it could be fetched", "ask the sender for it again"),
    "failed": (410, "this file could not be had", "see its `reason`"),
    "erased": (410, "this file was erased", None),
}


async def serve(request: Request, media: Media, blobs: Blobs, *, direct: bool = False) -> Response:
    """The file of a row that the caller may see; with ``direct`` an address of the store's own, if it has such.

    Raises ProblemError when the file is not here, Unreachable when the store cannot be asked.
    """
    if media.state != "attached":
        status, what, do = _WHY_NOT[media.state]
        raise ProblemError(status, what, do=do, fault="theirs" if media.state == "expired" else "yours")
    key = blobkey.key(media.id)
    size = await _size(blobs, key)
    if size is None or size != media.size:
        raise ProblemError(
            500,
            "the bytes of this file are not as they were stored",
            do="`penstock audit --deep` names every such file",
            fault="ours",
        )
    headers = headers_of(media, download="download" in request.query_params)
    if request.headers.get("if-none-match") in (headers["ETag"], "*"):
        return Response(status_code=304, headers=headers)
    if direct and request.method == "GET":
        elsewhere = await _elsewhere(blobs, key, media)
        if elsewhere is not None:
            return elsewhere
    span = _span(request, size, headers["ETag"])
    start, end = span or (0, size)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 200 if span is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return BlobResponse(_chunks(blobs, key, start, end), status, headers)


async def _size(blobs: Blobs, key: str) -> int | None:
    try:
        return await blobs.size(key)
    except OSError as error:
        _log.debug("files.unreadable", reason=error.strerror)
        raise Unreachable("the store of files cannot be asked right now") from error


async def _elsewhere(blobs: Blobs, key: str, media: Media) -> Response | None:
    """A redirect to the store. Our own headers do not go along, so it is a download in any case."""
    content_type = media.content_type or OCTETS
    url = await blobs.presign(
        key,
        seconds=_DIRECT_S,
        content_type=content_type if sniff.inline_safe(content_type) else OCTETS,
        disposition=disposition(name_of(media), inline=False),
    )
    if url is None:
        return None
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status_code=302, headers=headers)


def headers_of(media: Media, *, download: bool = False) -> dict[str, str]:
    """The headers of an attached file, length and range apart."""
    sniffed = media.content_type or OCTETS
    safe = sniff.inline_safe(sniffed)
    name = name_of(media)
    return {
        "Content-Type": sniffed if safe else OCTETS,
        "Content-Disposition": disposition(name, inline=safe and not download),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _policy(sniffed) if safe else _POLICY.format(""),
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Accept-Ranges": "bytes",
        "ETag": f'"{(media.sha256 or b"").hex()}"',
        "Cache-Control": "private, no-cache",  # kept, but asked for again, so that a withdrawn token sees no more
    }


def _policy(content_type: str) -> str:
    return _POLICY.format(" allow-same-origin" if content_type.startswith(_PLAYED) else "")


def name_of(media: Media) -> str:
    """A file name that can do no harm, for a file that may have been sent with any."""
    content_type = media.content_type or media.declared_mime_type or OCTETS
    kind = "voice-note" if media.voice else _NAMES.get(media.kind, media.kind)
    fallback = f"{kind}-{rfc3339(media.received_at)[:10]}"
    return filename.clean(media.filename, content_type=content_type, fallback=fallback)


def disposition(name: str, *, inline: bool) -> str:
    """Content-Disposition by RFC 6266: the name in ASCII for the old, in UTF-8 for everybody else."""
    how = "inline" if inline else "attachment"
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_" for letter in name
    )
    known = f'{how}; filename="{plain}"'
    return known if plain == name else f"{known}; filename*=UTF-8''{quote(name, safe='')}"


def _span(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """The bytes asked for, end exclusive; None for all of them. Raises ProblemError when there are none such."""
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if found is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if first:
        start = int(first)
        end = min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None  # not a range at all, so it is as if nothing was asked
    elif last:
        start, end = max(0, size - int(last)), size
    else:
        return None
    if start >= end:
        raise ProblemError(
            416, "this file has no such bytes", headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
        )
    return start, end


async def _chunks(blobs: Blobs, key: str, start: int, end: int) -> AsyncIterator[bytes]:
    reader = blobs.read(key, start=start, end=end)
    try:
        async for chunk in reader:
            yield chunk
    finally:
        await _close(reader)


async def _close(iterator: object) -> None:
    """Give back what an iterator holds, if it can be told to."""
    close = getattr(iterator, "aclose", None)
    if close is not None:
        await close()


class BlobResponse(StreamingResponse):
    """A stream that gives its file back when the client leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await _close(self.body_iterator)
