"""A webhook that is signed as the Standard Webhooks specification says: any program that keeps a secret can be told.

The body is ``{"event", "incident", "summary", "url"}`` and a little more. The id is the same whenever an alert is sent
again. Several secrets sign side by side while one is rotated. Made by ``wiring``.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

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
        return await http.post(self._url, content, headers=headers, secrets=http.hidden(self._url))

    async def reach(self) -> str | None:
        """Connect without telling anything."""
        return await http.connect_to(self._url)


def signed(id_: str, timestamp: int, content: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The three headers of a signed webhook."""
    whole = f"{id_}.{timestamp}.".encode() + content
    signatures = (base64.b64encode(hmac.digest(secret, whole, hashlib.sha256)).decode() for secret in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
