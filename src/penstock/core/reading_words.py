"""What a person reads of a message: its text in one line, and what Meta says went wrong with it.

One small function for each kind that says something. A message that has only a file, or is of a kind that nobody knows,
says nothing here; its payload keeps it whole. Called by ``reading_messages``.
"""

from collections.abc import Callable

from penstock.core.reading_scalars import integer, words
from penstock.core.reading_shapes import Failure, Written

_ERROR_LENGTH = 500
_NOT_SUPPORTED = "Message type is currently not supported"


def said(kind: str, message: Written) -> str | None:
    """The text of a message of this kind."""
    say = _BY_KIND.get(kind)
    return words(say(message)) if say is not None else None


def failure(errors: list[Failure] | None) -> tuple[int | None, str | None]:
    """The code and the sentence of the first error of a list."""
    if not errors:
        return None, None
    first = errors[0]
    details = first.error_data.details if first.error_data is not None else None
    return integer(first.code), words(details or first.details or first.message or first.title, _ERROR_LENGTH)


def not_supported(told: str | None, name: str | None) -> str | None:
    """The sentence for a message that cannot be shown, with the name that Meta has for its type."""
    if not name or not name.isidentifier() or len(name) > 64:
        return told
    return f"{(told or _NOT_SUPPORTED).rstrip('. ')}: {name}"


def _text(message: Written) -> str | None:
    return message.text.body if message.text is not None else None


def _location(message: Written) -> str | None:
    place = message.location
    if place is None:
        return None
    if place.name or place.address:
        return ", ".join(part for part in (place.name, place.address) if part)
    if place.latitude is None or place.longitude is None:
        return None
    return f"{place.latitude}, {place.longitude}"


def _contacts(message: Written) -> str | None:
    told = []
    for card in message.contacts or ():
        name = (card.name.formatted_name or card.name.first_name) if card.name is not None else None
        told.append(name or next((phone.phone for phone in card.phones or () if phone.phone), None))
    return ", ".join(name for name in told if name)


def _reaction(message: Written) -> str | None:
    return message.reaction.emoji if message.reaction is not None else None


def _interactive(message: Written) -> str | None:
    answer = message.interactive
    if answer is None:
        return None
    if answer.button_reply is not None:
        return answer.button_reply.title
    if answer.list_reply is not None:
        return answer.list_reply.title
    if answer.nfm_reply is not None:
        return answer.nfm_reply.body or answer.nfm_reply.name
    if answer.call_permission_reply is not None and answer.call_permission_reply.response:
        return f"Call permission: {answer.call_permission_reply.response}"
    return None


def _button(message: Written) -> str | None:
    return (message.button.text or message.button.payload) if message.button is not None else None


def _order(message: Written) -> str | None:
    if message.order is None:
        return None
    items = len(message.order.product_items or ())
    return message.order.text or f"Order: {items} {'item' if items == 1 else 'items'}"


def _system(message: Written) -> str | None:
    return message.system.body if message.system is not None else None


def _edit(message: Written) -> str | None:
    inner = message.edit.message if message.edit is not None else None
    return (_text(inner) or _caption(inner)) if inner is not None else None


def _caption(message: Written) -> str | None:
    for file in message.image, message.video, message.document, message.sticker, message.audio:
        if file is not None and file.caption:
            return file.caption
    return None


_BY_KIND: dict[str, Callable[[Written], str | None]] = {
    "text": _text,
    "image": _caption,
    "audio": _caption,
    "video": _caption,
    "document": _caption,
    "sticker": _caption,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "system": _system,
    "edit": _edit,
    "unsupported": lambda message: _text(message) or _caption(message),
}
