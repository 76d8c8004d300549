"""One update in the making: who writes to whom and when, and the pieces of which every kind is put together.

It makes ids, contacts and media objects in Meta's shape, and puts files on the shelf. The kinds themselves are in
``chat``, ``events`` and ``coexistence``; ``envelope`` packs what they make. One Draft serves one update.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from random import Random
from typing import Any

from .accounts import Customer, Number
from .media import File, Media, file_of, kind_of
from .samples import sample
from .scenario import Webhooks
from .world import World

Json = dict[str, Any]

DECLARED = {
    "image": "image/jpeg",
    "voice": "audio/ogg; codecs=opus",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "document": "application/pdf",
    "sticker": "image/webp",
}
_INBOUND, _OUTBOUND = b"\x12", b"\x11"


@dataclass(frozen=True, slots=True)
class Update:
    """One update: the parts of a change's ``value``, as (key, object) pairs, and what they are about."""

    number: Number
    field: str
    parts: tuple[tuple[str, Json], ...]
    message_ids: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()


@dataclass(slots=True)
class Draft:
    """What is known before the kind is: sender, receiver, time, and the wishes of whoever sends.

    ``wamid`` fixes the message id; ``bsuid_only`` leaves the phone out; ``group`` is a group's id; ``reply_to`` a
    message id; ``forwarded`` marks the message so (``"often"``: frequently). ``data`` replaces the sample file.
    """

    world: World
    webhooks: Webhooks
    number: Number
    customer: Customer
    at: float
    random: Random
    serial: int
    wamid: str | None = None
    bsuid_only: bool = False
    group: str | None = None
    reply_to: str | None = None
    forwarded: bool | str = False
    data: bytes | None = None
    mime_type: str | None = None
    filename: str | None = None
    made: list[Media] = field(default_factory=list)

    # --- ids and times ---

    def stamp(self, offset_s: float = 0.0) -> str | int:
        """A timestamp as it stands in webhooks."""
        seconds = int(self.at + offset_s)
        return seconds if self.webhooks.timestamps == "integer" else str(seconds)

    def message_id(self, *, outbound: bool = False, nth: int = 0) -> str:
        """An id of this update: its ``wamid``, or one that follows from the seed."""
        if self.wamid is not None and not outbound and nth == 0:
            return self.wamid
        return wamid(self.customer, f"{self.world.seed} {self.serial} {nth}", outbound=outbound)

    # --- people ---

    @property
    def identified(self) -> bool:
        """Whether webhooks name the business-scoped id."""
        return self.webhooks.bsuid or self.bsuid_only

    def contact(self) -> Json:
        """The customer as an entry of ``contacts``."""
        contact: Json = {"profile": {"name": self.customer.name}}
        if self.bsuid_only:
            contact["profile"]["username"] = f"customer.{self.customer.user_id[-4:]}"
        else:
            contact["wa_id"] = self.customer.phone
        if self.identified:
            contact["user_id"] = self.customer.user_id
        return contact

    def sender(self) -> Json:
        """The keys of a message that say who wrote it."""
        sender: Json = {} if self.bsuid_only else {"from": self.customer.phone}
        if self.identified:
            sender["from_user_id"] = self.customer.user_id
        if self.group is not None:
            sender["group_id"] = self.group
        return sender

    # --- files ---

    def file(self, kind: str) -> File:
        """The file that was given, or a sample of this kind."""
        if self.data is None:
            return sample(kind, self.random.randrange(4))
        return file_of(self.data, self.mime_type or DECLARED.get(kind, "application/octet-stream"), self.filename)

    def attach(self, kind: str, file: File | None = None, *, source: str = "webhook") -> Json:
        """Put a file on the shelf and describe it as a media object."""
        file = file or self.file(kind)
        message_type = "audio" if kind == "voice" else kind
        media = self.world.shelf.add(
            file,
            kind=message_type if message_type in DECLARED else kind_of(file.mime_type),
            number=self.number,
            now=self.at,
        )
        self.made.append(media)
        shown = file.sha256_base64 if self.webhooks.sha256 == "base64" else file.sha256
        described: Json = {"mime_type": file.mime_type, "sha256": shown, "id": media.id}
        if self.webhooks.url:
            described["url"] = webhook_url(media, self.world, self.webhooks, self.at, source=source)
        return described

    # --- updates ---

    def message(self, type_: str, payload: Json, *, message_id: str | None = None) -> Json:
        """A message of this type; ``payload`` holds the type's own keys."""
        context: Json = {}
        if self.reply_to is not None:
            context = {"from": self.number.display, "id": self.reply_to}
        if self.forwarded:
            context["frequently_forwarded" if self.forwarded == "often" else "forwarded"] = True
        return {
            **({"context": context} if context else {}),
            **self.sender(),
            "id": message_id or self.message_id(),
            "timestamp": self.stamp(),
            "type": type_,
            **payload,
        }

    def chat(self, message: Json, *besides: tuple[str, Json]) -> Update:
        """The update of an ordinary message, with its contact."""
        return self.update("messages", ("contacts", self.contact()), ("messages", message), *besides)

    def update(self, field_: str, *parts: tuple[str, Json]) -> Update:
        """An update of any field."""
        ids = tuple(str(part["id"]) for key, part in parts if key in {"messages", "message_echoes"} and "id" in part)
        return Update(self.number, field_, parts, ids, tuple(self.made))


def wamid(person: Customer, key: str, *, outbound: bool = False) -> str:
    """A message id in WhatsApp's form: who, which direction, and a key that is derived from ``key``."""
    who = (person.phone or person.user_id[-11:]).encode()
    name = f"3A{hashlib.blake2s(key.encode(), digest_size=9).hexdigest().upper()}".encode()
    raw = b"\x1c\x18" + bytes([len(who)]) + who + b"\x15\x02\x00" + (_OUTBOUND if outbound else _INBOUND)
    return "wamid." + base64.b64encode(raw + b"\x18" + bytes([len(name)]) + name + b"\x00").decode()


def webhook_url(media: Media, world: World, webhooks: Webhooks, at: float, *, source: str = "webhook") -> str:
    """The short-lived url that a webhook brings along."""
    expires_at = int(at + world.rules.webhook_url_life_s)
    if webhooks.ext == "milliseconds":
        expires_at *= 1000
    return world.shelf.url(world.place(), media, source=source, expires_at=expires_at)
