"""Meta's door: the verification handshake and the signed bodies, in plain ASGI because this path is the hot one.

It answers 200 when the receiver says that the body is durable, and never otherwise. What it refuses it refuses in one
sentence that helps no attacker: an app that does not exist answers exactly like a wrong signature. It reads no JSON
and logs no body. Mounted by ``app`` before anything else.
"""

import hmac
import time
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from penstock.flow.receiver import Refusal, Refused, Taken
from penstock.flow.registry import Registry
from penstock.ledger.rows import App
from penstock.web.bodies import BodyTooLargeError, BodyTooSlowError, ClientGoneError, header, read_body
from penstock.web.metrics.door import DoorMetrics
from penstock.web.problems import note

PATH = "/webhooks/whatsapp"
LIMIT_BYTES = 3 * 1024 * 1024  # Meta's limit; read generously, as a refused body is a lost one
_CHALLENGE_BYTES = 4_096
_FIELDS = 32
_RETRY_AFTER_S = b"5"


class Takes(Protocol):
    """Takes bodies in, as ``flow.receiver`` does."""

    async def take(self, body: bytes, header: bytes | None, app: str | None = None) -> Taken | Refused:
        """Durable when it returns Taken. Raises StoreUnavailable."""


class Reply(msgspec.Struct, frozen=True):
    """One answer, made once."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def label(self) -> str:
        """What the metrics call it."""
        return str(self.status)


def _reply(status: int, text: str = "", *headers: tuple[bytes, bytes]) -> Reply:
    body = text.encode()
    always = (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    )
    return Reply(status, (*always, *headers), body)


_TAKEN = _reply(200)
_UNSIGNED = _reply(401, "the signature is missing or not right\n")
_FOREIGN = _reply(403, "this body cannot be taken under this signature\n")
_UNVERIFIED = _reply(403, "not verified\n")
_NO_METHOD = _reply(405, "this address takes GET and POST\n", (b"allow", b"GET, POST"))
_TOO_SLOW = _reply(408, "the body did not come in time\n", (b"connection", b"close"))
_TOO_LARGE = _reply(413, "the body is over 3 MB\n")
_NOT_NOW = _reply(503, "cannot store right now; send it again\n", (b"retry-after", _RETRY_AFTER_S))
_REFUSALS = {
    Refusal.SIGNATURE: _UNSIGNED,
    Refusal.UNKNOWN_APP: _UNSIGNED,
    Refusal.FOREIGN_NUMBER: _FOREIGN,
}


class Door:
    """The ASGI application behind ``/webhooks/whatsapp`` and ``/webhooks/whatsapp/{app}``."""

    def __init__(self, receiver: Takes, registry: Registry, metrics: DoorMetrics, *, body_within_s: float) -> None:
        self._receiver = receiver
        self._registry = registry
        self._metrics = metrics
        self._body_within_s = body_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = scope["path"][len(PATH) + 1 :] or None
        match scope["method"]:
            case "POST":
                began = time.perf_counter()
                reply = await self._take(scope["headers"], receive, app)
                if reply is None:
                    return
                self._metrics.webhook(reply.label, time.perf_counter() - began)
            case "GET":
                reply = await self._verify(scope["query_string"], app)
            case _:
                reply = _NO_METHOD
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _take(self, headers: Iterable[tuple[bytes, bytes]], receive: Receive, app: str | None) -> Reply | None:
        """The answer to a body; None when the client left before it was complete."""
        try:
            body = await read_body(receive, headers=headers, limit_bytes=LIMIT_BYTES, within_s=self._body_within_s)
            outcome = await self._receiver.take(body, header(headers, b"x-hub-signature-256"), app)
        except ClientGoneError:
            return None
        except (BodyTooLargeError, BodyTooSlowError) as error:
            return _TOO_LARGE if isinstance(error, BodyTooLargeError) else _TOO_SLOW
        except Exception as error:  # noqa: BLE001 -- whatever it was, nothing was acknowledged and Meta sends again
            note("webhook.not_taken", error)
            return _NOT_NOW
        if isinstance(outcome, Refused):
            return _REFUSALS[outcome.reason]
        self._metrics.received(outcome.receipt)
        return _TAKEN

    async def _verify(self, query: bytes, app: str | None) -> Reply:
        """The answer to Meta's handshake."""
        asked = _asked(query)
        challenge = asked.get("hub.challenge", "")
        if asked.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _CHALLENGE_BYTES:
            return _UNVERIFIED
        try:
            for look_again in (True, False):
                if _knows(self._candidates(app), asked.get("hub.verify_token", "")):
                    return _reply(200, challenge)
                if look_again:
                    await self._registry.refresh_soon()
        except Exception as error:  # noqa: BLE001 -- Meta asks again; the words of the error stay out of the server's log
            note("webhook.not_verified", error)
            return _NOT_NOW
        return _UNVERIFIED

    def _candidates(self, app: str | None) -> Iterable[App]:
        if app is None:
            return self._registry.apps()
        named = self._registry.app(app)
        return () if named is None else (named,)


def _knows(apps: Iterable[App], token: str) -> bool:
    """Whether one of the apps has this verify token; takes as long for a near miss as for a far one."""
    given = token.encode()
    matches = [hmac.compare_digest(given, app.verify_token.encode()) for app in apps]
    return any(matches)


def _asked(query: bytes) -> dict[str, str]:
    """The query's fields; nothing when it is no query."""
    try:
        fields = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return {}
    return dict(fields)
