"""Signed addresses of an object store (AWS Signature Version 4, in the query), for what the client cannot sign itself.

The client signs plain paths only; a download with headers of our choice, and the list of unfinished uploads, need a
query that is signed, too. Pure: the time is an argument. Used by the modules of ``s3`` only.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import msgspec

_ALGORITHM = "AWS4-HMAC-SHA256"


class Keys(msgspec.Struct, frozen=True):
    """Whom a request is signed for."""

    key_id: str
    secret: str
    session_token: str | None = None

    def __repr__(self) -> str:
        """Without what is secret."""
        return "Keys(…)"


def signed(method: str, url: str, *, query: Mapping[str, str], keys: Keys, region: str, at: float, seconds: int) -> str:
    """The address with its signature, good for so many seconds. ``url`` has no query; its path is encoded already."""
    parts = urlsplit(url)
    now = time.gmtime(at)
    moment, day = time.strftime("%Y%m%dT%H%M%SZ", now), time.strftime("%Y%m%d", now)
    scope = f"{day}/{region}/s3/aws4_request"
    asked = {
        **query,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{keys.key_id}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if keys.session_token is not None:
        asked["X-Amz-Security-Token"] = keys.session_token
    line = "&".join(sorted(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in asked.items()))
    request = "\n".join((method, parts.path or "/", line, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = b"AWS4" + keys.secret.encode()
    for part in (day, region, "s3", "aws4_request"):
        key = _hmac(key, part)
    signature = _hmac(key, f"{_ALGORITHM}\n{moment}\n{scope}\n{digest}").hex()
    return f"{url}?{line}&X-Amz-Signature={signature}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)
