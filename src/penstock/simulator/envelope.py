"""Packs updates into webhook bodies as Meta does: entries by account, changes by number and field, one signature.

Pure. It also makes the two kinds of doubtful copies: the same updates with fresh urls, and the same ids in other bytes.
Used by the webhook sender.
"""

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .accounts import Number
from .draft import Json, Update
from .graph_errors import dumps


@dataclass(frozen=True, slots=True)
class Body:
    """One webhook body, ready to be signed and posted, and what is in it."""

    data: bytes
    callback: str
    secret: bytes
    phone_number_ids: tuple[str, ...]
    message_ids: tuple[str, ...]
    media_ids: tuple[str, ...]


def pack(updates: Sequence[Update]) -> Body:
    """The body that holds these updates, all of one app."""
    entries: dict[str, dict[tuple[str, ...], Json]] = {}
    for update in updates:
        changes = entries.setdefault(update.number.waba, {})
        kind = next((key for key, _ in update.parts if key != "contacts"), "")
        place = (update.number.phone_number_id, update.field, kind)
        change = changes.setdefault(place, _change(update.number, update.field))
        for key, part in update.parts:
            listed = change["value"].setdefault(key, [])
            if key != "contacts" or part not in listed:
                listed.append(part)
    tree = {
        "object": "whatsapp_business_account",
        "entry": [{"id": waba, "changes": list(changes.values())} for waba, changes in entries.items()],
    }
    first = updates[0].number
    return Body(
        data=dumps(tree),
        callback=first.callback,
        secret=first.app_secret,
        phone_number_ids=tuple(dict.fromkeys(update.number.phone_number_id for update in updates)),
        message_ids=tuple(message_id for update in updates for message_id in update.message_ids),
        media_ids=tuple(media.id for update in updates for media in update.media),
    )


def signature(secret: bytes, data: bytes) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.digest(secret, data, "sha256").hex()


def legacy_signature(secret: bytes, data: bytes) -> str:
    """The value of X-Hub-Signature, SHA-1, which may come as well."""
    return "sha1=" + hmac.digest(secret, data, "sha1").hex()


def with_fresh_urls(data: bytes, url_of: Callable[[str], str | None]) -> bytes:
    """The same body with the url of every media made anew."""
    return dumps(_walked(json.loads(data), lambda found: _renewed(found, url_of)))


def in_other_bytes(data: bytes) -> bytes:
    """The same updates under the same ids, but not the same bytes: the keys of every object in another order."""
    return dumps(_walked(json.loads(data), lambda found: dict(reversed(found.items()))))


def _change(number: Number, field: str) -> Json:
    metadata = {"display_phone_number": number.display, "phone_number_id": number.phone_number_id}
    return {"value": {"messaging_product": "whatsapp", "metadata": metadata}, "field": field}


def _walked(tree: Any, change: Callable[[Json], Json]) -> Any:
    if isinstance(tree, dict):
        return change({key: _walked(value, change) for key, value in tree.items()})
    return [_walked(value, change) for value in tree] if isinstance(tree, list) else tree


def _renewed(found: Json, url_of: Callable[[str], str | None]) -> Json:
    if isinstance(found.get("id"), str) and "url" in found and "sha256" in found:
        url = url_of(found["id"])
        return found if url is None else {**found, "url": url}
    return found
