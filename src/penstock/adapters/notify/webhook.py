"""A webhook that is signed as the Standard Webhooks specification says: any program that keeps a secret can be told.

The body is ``{"event", "incident", "summary", "url"}`` and a little more. The id is the same whenever an alert is sent
again. Several secrets sign side by side while one is rotated. Made by ``wiring``.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from penstock.adapters.notify import http
from penstock.adapters.notify.port import Reply
from penstock.core.alert import Alert, body

PREFIX = "whsec_"


class Webhook:
    """One receiver. ``secrets`` are the raw bytes of its signing secrets, the one in use first."""

    repeats_s = None
    keeps = False

    def __init__(self, url: str, secrets: Sequence[bytes]) -> None:
        self._url = url
        self._secrets = tuple(secrets)

    async def send(self, alert: Alert, *, now: float) -> Reply:
        """Tell it."""
        content = msgspec.json.encode(body(alert))
        headers = signed(f"msg_{alert.id}", int(now), content, self._secrets)
        return await http.post(self._url, content, headers=headers, secrets=hidden(self._url))

    async def reach(self) -> str | None:
        """Connect without telling anything."""
        return await connect(self._url)


def signed(id_: str, timestamp: int, content: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The three headers of a signed webhook."""
    whole = f"{id_}.{timestamp}.".encode() + content
    signatures = (base64.b64encode(hmac.digest(secret, whole, hashlib.sha256)).decode() for secret in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def hidden(url: str) -> list[str]:
    """What of an address may be a secret, so that no answer that repeats it is shown."""
    parts = urlsplit(url)
    return [text for text in (parts.path.strip("/"), parts.query) if text]


async def connect(url: str) -> str | None:
    """Connect to where an address leads, without asking for anything."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return await http.connect(parts.hostname or "", parts.port or (443 if secure else 80), secure=secure)
