"""The orders of the control endpoint: their names, the arguments they take, and what is done on the Platform.

One small struct for each order, read strictly: an argument that is not known is refused by name. Used by ``control``;
``remote`` gives the same orders as methods.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from .media import Media
from .samples import sample
from .scenario import NumberEntry, Scenario

if TYPE_CHECKING:
    from .platform import Platform, Sent

Json = dict[str, Any]

_DONE: Json = {"done": True}


class _Arguments(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What an order takes."""


class AddToken(_Arguments):
    """Accept a token."""

    name: str
    text: str


class Named(_Arguments):
    """The name of a token."""

    name: str


class Upload(_Arguments):
    """Put a file on the platform: ``data`` in base64, or a ``sample`` of a kind."""

    data: str | None = None
    sample: str | None = None
    mime_type: str | None = None
    number: str | None = None
    filename: str | None = None
    inbound: bool = True
    count: int = 1


class Send(_Arguments):
    """Send messages of a kind; ``extra`` are the keywords of ``Platform.make``, with ``data`` in base64."""

    number_id: str
    kind: str = "text"
    customer: int = 0
    count: int = 1
    extra: Json = {}


class Batch(_Arguments):
    """Send several in one body for each app."""

    messages: list[Send]


class SetScenario(_Arguments):
    """Another scenario."""

    scenario: Scenario


class Clock(_Arguments):
    """Jump ahead, or run at another speed."""

    advance_s: float = 0.0
    speed: float | None = None


class Drain(_Arguments):
    """Wait until every webhook was answered."""

    timeout_s: float = 10.0
    hurry: bool = False


class Run(_Arguments):
    """Send many messages; the answer comes when all were sent."""

    messages: int
    rate_per_s: float
    mix: dict[str, float] | None = None
    numbers: list[str] | None = None
    customers: int = 50


class DeliverBody(_Arguments):
    """POST these bytes (base64) to a number's callback, once."""

    number_id: str
    data: str
    secret: str | None = None
    signed: str | None = None
    headers: dict[str, str] = {}
    timeout_s: float = 10.0


class Verify(_Arguments):
    """Shake hands with a callback."""

    number_id: str
    verify_token: str


class Nothing(_Arguments):
    """No arguments."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order: its arguments, and what carries it out."""

    arguments: type[_Arguments] | type[NumberEntry]
    carry_out: "Callable[[Platform, Any], Json | Awaitable[Json]]"


def shown_media(media: Media) -> Json:
    """A media as JSON."""
    return {
        "id": media.id,
        "kind": media.kind,
        "mime_type": media.file.mime_type,
        "filename": media.file.filename,
        "sha256": media.sha256,
        "size": media.size,
    }


def shown_sent(sent: "Sent") -> Json:
    """A message that was sent, as JSON."""
    return {"wamid": sent.wamid, "media": shown_media(sent.media) if sent.media else None}


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("data is not base64") from None


def _add_token(platform: "Platform", told: AddToken) -> Json:
    platform.add_token(told.name, told.text)
    return _DONE


def _revoke_token(platform: "Platform", told: Named) -> Json:
    platform.revoke_token(told.name)
    return _DONE


def _restore_token(platform: "Platform", told: Named) -> Json:
    platform.restore_token(told.name)
    return _DONE


def _set_scenario(platform: "Platform", told: SetScenario) -> Json:
    platform.set_scenario(told.scenario)
    return _DONE


def _clear_record(platform: "Platform", _told: Nothing) -> Json:
    platform.record.clear()
    return _DONE


def _add_number(platform: "Platform", entry: NumberEntry) -> Json:
    platform.enlist(entry)
    return _DONE


def _upload(platform: "Platform", told: Upload) -> Json:
    if (told.data is None) == (told.sample is None):
        raise ValueError("an upload needs either data or sample")
    if told.sample is not None:
        file = sample(told.sample)
        data, mime_type, filename = file.data, told.mime_type or file.mime_type, told.filename or file.filename
    else:
        data, mime_type, filename = _bytes(told.data or ""), told.mime_type or "application/octet-stream", told.filename
    made = [
        platform.upload(data, mime_type, number=told.number, filename=filename, inbound=told.inbound)
        for _ in range(told.count)
    ]
    return {"media": [shown_media(media) for media in made]}


async def _send_one(platform: "Platform", told: Send) -> "list[Sent]":
    extra = {**told.extra}
    if isinstance(extra.get("data"), str):
        extra["data"] = _bytes(extra["data"])
    return [await platform.send(told.number_id, told.kind, customer=told.customer, **extra) for _ in range(told.count)]


async def _send(platform: "Platform", told: Send) -> Json:
    return {"sent": [shown_sent(one) for one in await _send_one(platform, told)]}


async def _batch(platform: "Platform", told: Batch) -> Json:
    async with platform.batch():
        sent = [one for message in told.messages for one in await _send_one(platform, message)]
    return {"sent": [shown_sent(one) for one in sent]}


def _clock(platform: "Platform", told: Clock) -> Json:
    if told.speed is not None:
        platform.clock.set_speed(told.speed)
    platform.clock.advance(told.advance_s)
    return {"now": platform.clock.now(), "speed": platform.clock.speed}


async def _drain(platform: "Platform", told: Drain) -> Json:
    await platform.drain(told.timeout_s, hurry=told.hurry)
    return _DONE


async def _traffic(platform: "Platform", told: Run) -> Json:
    if told.messages < 1:
        raise ValueError("messages must be at least 1")
    sent = await platform.traffic(
        told.messages, told.rate_per_s, told.mix, numbers=told.numbers, customers=told.customers
    )
    return {"sent": [shown_sent(one) for one in sent]}


async def _deliver_body(platform: "Platform", told: DeliverBody) -> Json:
    reply = await platform.deliver_body(
        told.number_id,
        _bytes(told.data),
        secret=told.secret.encode() if told.secret is not None else None,
        signed=told.signed,
        headers=told.headers,
        timeout_s=told.timeout_s,
    )
    return {"status": reply.status, "error": reply.error, "body": reply.body.decode("utf-8", "replace")}


async def _verify(platform: "Platform", told: Verify) -> Json:
    return {"verified": await platform.verify(told.number_id, told.verify_token)}


ORDERS: dict[str, Order] = {
    "add_token": Order(AddToken, _add_token),
    "revoke_token": Order(Named, _revoke_token),
    "restore_token": Order(Named, _restore_token),
    "add_number": Order(NumberEntry, _add_number),
    "upload": Order(Upload, _upload),
    "send": Order(Send, _send),
    "batch": Order(Batch, _batch),
    "set_scenario": Order(SetScenario, _set_scenario),
    "clock": Order(Clock, _clock),
    "drain": Order(Drain, _drain),
    "traffic": Order(Run, _traffic),
    "deliver_body": Order(DeliverBody, _deliver_body),
    "verify": Order(Verify, _verify),
    "clear_record": Order(Nothing, _clear_record),
}
