"""What a message of each kind says to a reader, taken from the message as Meta sent it.

Payloads are Meta's and may be anything, so nothing here trusts their shape. The text of a message is in its row
already; this adds what a text cannot hold: places, contact cards, orders, marks. Pure. Used by ``thread``.

>>> preview("image", None)
'Photo'
>>> preview("image", "The roof")
'The roof'
"""

from collections.abc import Iterator
from typing import Any

import msgspec

_WORDS = {
    "text": "Message",
    "image": "Photo",
    "audio": "Audio",
    "voice": "Voice note",
    "video": "Video",
    "document": "Document",
    "sticker": "Sticker",
    "location": "Location",
    "contacts": "Contact",
    "reaction": "Reaction",
    "interactive": "Answer",
    "button": "Answer",
    "order": "Order",
    "system": "Notice",
    "edit": "Edited a message",
    "revoke": "Deleted a message",
    "unsupported": "A kind of message that WhatsApp does not pass on",
    "media_placeholder": "A file from before",
    "placeholder": "A message that has not come yet",
    "call_recording": "Recording of a call",
    "call_transcript": "Transcript of a call",
}
_ICONS = {
    "image": "photo",
    "audio": "mic",
    "voice": "mic",
    "video": "film",
    "document": "file",
    "sticker": "photo",
    "location": "pin",
    "contacts": "person",
    "order": "cart",
    "reaction": "smile",
    "interactive": "reply",
    "button": "reply",
    "call_recording": "phone",
    "call_transcript": "phone",
}
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Payload = dict[str, Any]


class Fact(msgspec.Struct, frozen=True):
    """One line of what a message says beside its text."""

    icon: str
    text: str
    detail: str | None = None
    link: str | None = None


def word(kind: str) -> str:
    """What a reader calls this kind."""
    return _WORDS.get(kind) or kind.replace("_", " ").capitalize()


def icon(kind: str) -> str | None:
    """The sign beside it, if it has one."""
    return _ICONS.get(kind)


def preview(kind: str, text: str | None) -> str:
    """One line that stands for a message, in a list or a quote."""
    line = " ".join((text or "").split())[:160]
    if kind in ("edit", "revoke", "reaction") and line:
        return f"{word(kind)}: {line}"
    return line or word(kind)


def payload_of(raw: bytes) -> Payload:
    """The message as Meta sent it; empty when it is no object."""
    try:
        found = msgspec.json.decode(raw)
    except _UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def facts(kind: str, payload: Payload) -> tuple[Fact, ...]:
    """What a message of this kind says beside its text."""
    match kind:
        case "location":
            return tuple(_place(_object(payload, "location")))
        case "contacts":
            return tuple(_card(card) for card in _objects(payload, "contacts"))
        case "order":
            return tuple(_item(item) for item in _objects(_object(payload, "order"), "product_items"))
        case "interactive":
            return tuple(_answer(_object(payload, "interactive")))
        case _:
            return ()


def marks(payload: Payload) -> tuple[str, ...]:
    """Short marks: how the message came about."""
    context, advert = _object(payload, "context"), _object(payload, "referral")
    product = _object(context, "referred_product")
    found = []
    if context.get("frequently_forwarded") is True:
        found.append("forwarded many times")
    elif context.get("forwarded") is True:
        found.append("forwarded")
    if product:
        found.append(f"about product {_text(product, 'product_retailer_id') or 'from the catalogue'}")
    if advert:
        found.append(f"from the advert {_quoted(_text(advert, 'headline'))}".strip())
    return tuple(found)


def _place(location: Payload) -> Iterator[Fact]:
    latitude, longitude = location.get("latitude"), location.get("longitude")
    name = _text(location, "name")
    address = _text(location, "address")
    link = None
    where = ""
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        where = f"{latitude:.5f}, {longitude:.5f}"
        link = f"geo:{latitude:.6f},{longitude:.6f}"
    detail = " · ".join(part for part in (address, where if name else "") if part)
    yield Fact("pin", name or where or "A location", detail or None, link)


def _card(card: Payload) -> Fact:
    name = _object(card, "name")
    phones = [_text(phone, "phone") or _text(phone, "wa_id") for phone in _objects(card, "phones")]
    emails = [_text(email, "email") for email in _objects(card, "emails")]
    company = _text(_object(card, "org"), "company")
    said = [part for part in (company, *phones, *emails) if part]
    return Fact("person", _text(name, "formatted_name") or _text(name, "first_name") or "A contact", " · ".join(said))


def _item(item: Payload) -> Fact:
    quantity, price, currency = item.get("quantity"), item.get("item_price"), _text(item, "currency")
    amount = f"{price} {currency}" if isinstance(price, int | float | str) and currency else None
    times = f"{quantity} \u00d7 " if isinstance(quantity, int | float | str) else ""
    return Fact("cart", f"{times}{_text(item, 'product_retailer_id') or 'a product'}"[:200], amount)


def _answer(interactive: Payload) -> Iterator[Fact]:
    """What an answer says beyond its title, which is the message's text."""
    chosen = _text(_object(interactive, "list_reply"), "description")
    if chosen:
        yield Fact("reply", chosen)
    for name, value in _filled(_text(_object(interactive, "nfm_reply"), "response_json")):
        yield Fact("reply", name, value)


def _filled(response: str | None) -> Iterator[tuple[str, str]]:
    """The fields of an answered form, without its token."""
    for name, value in payload_of((response or "").encode("utf-8", "replace")).items():
        if name != "flow_token" and isinstance(value, str | int | float | bool):
            yield name.replace("_", " ")[:80], str(value)[:500]


def _object(of: Payload, name: str) -> Payload:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _objects(of: Payload, name: str) -> list[Payload]:
    found = of.get(name)
    return [each for each in found[:50] if isinstance(each, dict)] if isinstance(found, list) else []


def _text(of: Payload, name: str) -> str | None:
    found = of.get(name)
    return (found.strip()[:500] or None) if isinstance(found, str) else None


def _quoted(text: str | None) -> str:
    return f"“{text}”" if text else ""
