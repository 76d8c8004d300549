"""What customers send: text, files, places, cards, reactions, answers to buttons and lists, orders.

Each function makes one update out of a draft, in the shape of Meta's documentation; keywords change its content.
Listed by name in ``kinds``.
"""

import json
from typing import Any

from .accounts import customer
from .draft import Draft, Json, Update

_LINES = (
    "Does it come in another colour?",
    "Grüße aus Köln - ist das noch verfügbar?",
    "¿Cuánto cuesta el envío a Málaga?",
    "Thanks 👍 see you at 10/11",
    "Here is what it looks like",
    "Bonjour, j'ai reçu la mauvaise taille",
    "こんにちは、質問があります",
    "The link was https://example.com/a?b=1&c=<2>",
)


def text(draft: Draft, *, body: str | None = None) -> Update:
    """A text."""
    return draft.chat(draft.message("text", {"text": {"body": body or draft.random.choice(_LINES)}}))


def referral(draft: Draft, *, body: str = "Can I get more information?") -> Update:
    """A text that began at a click-to-WhatsApp advert."""
    advert = {
        "source_url": "https://fb.me/example",
        "source_id": "100000000000902",
        "source_type": "ad",
        "headline": "Chat with us",
        "body": "Example advert",
        "media_type": "image",
        "image_url": "https://scontent.xx.fbcdn.net/v/example",
        "ctwa_clid": "EXAMPLECLICKID",
        "welcome_message": {"text": "Hello"},
    }
    return draft.chat(draft.message("text", {"text": {"body": body}, "referral": advert}))


def product_enquiry(draft: Draft, *, body: str = "Is this still available?") -> Update:
    """A text about a product of the catalogue."""
    message = draft.message("text", {"text": {"body": body}})
    product = {"catalog_id": "100000000000901", "product_retailer_id": "SKU-EXAMPLE-1"}
    context = {"from": draft.number.display, "id": draft.message_id(outbound=True), "referred_product": product}
    return draft.chat({"context": context, **message})


def image(draft: Draft, *, caption: str | None = None) -> Update:
    """A picture."""
    return _file(draft, "image", "image", caption=caption)


def video(draft: Draft, *, caption: str | None = None) -> Update:
    """A video."""
    return _file(draft, "video", "video", caption=caption)


def document(draft: Draft, *, caption: str | None = None, named: bool = True) -> Update:
    """A document; ``named`` says whether the file's name comes with it."""
    file = draft.file("document")
    message = {"caption": caption} if caption is not None else {}
    if named:
        message["filename"] = file.filename or "Résumé example.pdf"
    return draft.chat(draft.message("document", {"document": {**message, **draft.attach("document", file)}}))


def voice(draft: Draft) -> Update:
    """A voice note."""
    return draft.chat(draft.message("audio", {"audio": {**draft.attach("voice"), "voice": True}}))


def audio(draft: Draft) -> Update:
    """An audio file."""
    return draft.chat(draft.message("audio", {"audio": {**draft.attach("audio"), "voice": False}}))


def sticker(draft: Draft, *, animated: bool = False) -> Update:
    """A sticker."""
    return draft.chat(draft.message("sticker", {"sticker": {**draft.attach("sticker"), "animated": animated}}))


def _file(draft: Draft, type_: str, kind: str, *, caption: str | None) -> Update:
    described = {} if caption is None else {"caption": caption}
    return draft.chat(draft.message(type_, {type_: {**described, **draft.attach(kind)}}))


def location(draft: Draft, *, live: bool = False) -> Update:
    """A place; a live position has only its coordinates."""
    place: Json = {"latitude": 37.4421, "longitude": -122.1616}
    if not live:
        place |= {"name": "Example Cafe", "address": "1 Example Street", "url": "https://example.com/"}
    return draft.chat(draft.message("location", {"location": place}))


def contacts(draft: Draft) -> Update:
    """A card with somebody's name and number."""
    other = customer(5678)
    first, _, last = other.name.partition(" ")
    card = {
        "name": {"first_name": first, "last_name": last, "formatted_name": other.name},
        "org": {"company": "Example Ltd"},
        "phones": [{"phone": f"+{other.phone}", "wa_id": other.phone, "type": "MOBILE"}],
    }
    return draft.chat(draft.message("contacts", {"contacts": [card]}))


def reaction(draft: Draft, *, emoji: str | None = "👍", to: str | None = None) -> Update:
    """A reaction to a message; with emoji None or empty it is taken back."""
    reacted: Json = {"message_id": to or draft.message_id(outbound=True)}
    if emoji is not None:
        reacted["emoji"] = emoji
    return draft.chat(draft.message("reaction", {"reaction": reacted}))


def button_reply(draft: Draft, *, title: str = "Cancel") -> Update:
    """A press on one of a message's buttons."""
    return _interactive(draft, "button_reply", {"id": "cancel-button", "title": title})


def list_reply(draft: Draft, *, title: str = "Priority") -> Update:
    """A choice from a list."""
    return _interactive(draft, "list_reply", {"id": "priority_express", "title": title, "description": "Next day"})


def flow_reply(draft: Draft, *, answers: dict[str, Any] | None = None) -> Update:
    """A form of a flow, filled in; its content is JSON inside a string."""
    filled = answers or {"flow_token": "example", "first_name": "Zoë", "path": "a/b"}
    return _interactive(draft, "nfm_reply", {"name": "flow", "body": "Sent", "response_json": json.dumps(filled)})


def call_permission_reply(draft: Draft, *, typed: bool = False) -> Update:
    """An answer to the question whether one may call; as in Meta's sample, without a type unless ``typed``."""
    answer = {
        "response": "accept",
        "is_permanent": False,
        "expiration_timestamp": draft.stamp(86_400),
        "response_source": "user_action",
    }
    update = _interactive(draft, "call_permission_reply", answer)
    if not typed:
        update.parts[1][1].pop("type")
    return update


def button(draft: Draft, *, title: str = "Unsubscribe") -> Update:
    """A press on a template's quick reply."""
    return draft.chat(draft.message("button", {"button": {"payload": title, "text": title}}))


def order(draft: Draft, *, quantity: int = 2) -> Update:
    """An order from the catalogue."""
    item = {"product_retailer_id": "SKU-EXAMPLE-1", "quantity": quantity, "item_price": 30, "currency": "USD"}
    body = {"catalog_id": "100000000000901", "text": "", "product_items": [item]}
    return draft.chat(draft.message("order", {"order": body}))


def _interactive(draft: Draft, name: str, answer: Json) -> Update:
    if draft.reply_to is None:
        draft.reply_to = draft.message_id(outbound=True)
    return draft.chat(draft.message("interactive", {"interactive": {"type": name, name: answer}}))
