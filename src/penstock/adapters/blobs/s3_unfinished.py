"""Uploads in parts that nobody will finish: a process died, and the parts stay in the bucket, unseen and paid for.

The client can neither list nor abort what another process began, so these two requests are made here. Only uploads of
our own keys under our own prefix are touched. Used by ``s3`` only.
"""

import errno
import html
import re
import time
from collections.abc import Iterator
from datetime import datetime

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from penstock.adapters.blobs.s3_errors import BucketRefusedError
from penstock.adapters.blobs.s3_signing import Keys, signed
from penstock.core import blobkey

_SIGNED_S = 60
_PAGES = 100  # of a thousand uploads each
_GONE = {204, 200, 404}
_UPLOAD = re.compile(r"<Upload>(.*?)</Upload>", re.DOTALL)


async def drop(
    address: str, prefix: str, *, bucket: str, keys: Keys, region: str, before: float, within_s: float
) -> int:
    """Abort what began before a moment; how many there were. Raises OSError."""
    asking = _Asking(address, bucket, keys, region)
    dropped = 0
    try:
        async with ClientSession(timeout=ClientTimeout(total=within_s), trust_env=True) as session:
            after: dict[str, str] = {}
            for _ in range(_PAGES):
                page = await asking.get(session, {"uploads": "", "prefix": prefix, **after})
                for key, upload_id, began in _uploads(page):
                    if key.startswith(prefix) and blobkey.row_of(key[len(prefix) :]) is not None and began < before:
                        await asking.abort(session, key, upload_id)
                        dropped += 1
                if _text(page, "IsTruncated") != "true":
                    break
                after = {
                    "key-marker": _text(page, "NextKeyMarker"),
                    "upload-id-marker": _text(page, "NextUploadIdMarker"),
                }
    except (ClientError, TimeoutError) as error:
        raise OSError(errno.EIO, f"the bucket {bucket} cannot be reached ({type(error).__name__})") from None
    return dropped


class _Asking:
    """Signs and sends."""

    def __init__(self, address: str, bucket: str, keys: Keys, region: str) -> None:
        self._address = address
        self._bucket = bucket
        self._keys = keys
        self._region = region

    async def get(self, session: ClientSession, query: dict[str, str]) -> str:
        """The list of uploads."""
        async with session.get(self._url("GET", self._address, query), allow_redirects=False) as answer:
            text = await answer.text("utf-8", "replace")
            if answer.status == 404 and "NoSuchBucket" not in text:
                return ""  # how some servers say that there are none
            if answer.status != 200:
                raise self._refused("a list of unfinished uploads", answer.status)
            return text

    async def abort(self, session: ClientSession, key: str, upload_id: str) -> None:
        """End one upload; its parts go."""
        url = self._url("DELETE", f"{self._address}/{key}", {"uploadId": upload_id})
        async with session.delete(url, allow_redirects=False) as answer:
            if answer.status not in _GONE:
                raise self._refused("an abort", answer.status)

    def _url(self, method: str, url: str, query: dict[str, str]) -> URL:
        text = signed(method, url, query=query, keys=self._keys, region=self._region, at=time.time(), seconds=_SIGNED_S)
        return URL(text, encoded=True)

    def _refused(self, what: str, status: int) -> OSError:
        kind = BucketRefusedError if status in {401, 403} else OSError
        return kind(errno.EIO, f"the bucket {self._bucket} answers {what} with {status}")


def _uploads(page: str) -> Iterator[tuple[str, str, float]]:
    for found in _UPLOAD.finditer(page):
        began = _moment(_text(found[1], "Initiated"))
        if began is not None:
            yield _text(found[1], "Key"), _text(found[1], "UploadId"), began


def _text(part: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", part)
    return html.unescape(found[1]) if found else ""


def _moment(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
