"""Takes one customer out of a webhook body, so that what it says of everybody else can still be read.

Messages, calls, statuses, changes of ids, history and contact entries that are the customer's are left out. Where
something of somebody else only names the customer (an answer in a group, a contact card) the name alone is replaced. A
body that no parser takes loses every occurrence of the names. What comes out is no longer what Meta signed. Pure
functions of bytes; called by the ledger, and by the flow that erases.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from penstock.core.reading_people import named
from penstock.core.reading_salvage import mended

ERASED = "erased"  # in the place of a name

_WAMID = re.compile(r"wa[mc]id\.([A-Za-z0-9+/=_-]{8,})", re.ASCII)
_NUMBERLIKE = re.compile(r"[+0-9][0-9 ()./-]{5,30}", re.ASCII)
_NOT_DIGITS = re.compile(r"[^0-9]")
_SHORTEST = 6  # digits: less could be anything
_OWN = ("from", "from_user_id", "from_parent_user_id", "to", "to_user_id", "to_parent_user_id")
_AUTHOR = ("from", "from_user_id", "from_parent_user_id")
_SYSTEM = ("customer", "wa_id", "new_wa_id", "user_id", "parent_user_id")
_CONTACT = ("wa_id", "user_id", "parent_user_id")
_RECIPIENT = (
    *("recipient_id", "recipient_user_id", "recipient_participant_id", "recipient_participant_user_id"),
    *("recipient_parent_user_id", "recipient_participant_parent_user_id"),
)
_UPDATES = ("messages", "message_echoes", "calls")


class Who(msgspec.Struct, frozen=True):
    """A customer by every name that is known: digits of phone numbers, user ids, and ids of messages."""

    names: frozenset[str] = frozenset()
    wamids: frozenset[str] = frozenset()

    @property
    def phones(self) -> frozenset[str]:
        """The names that are phone numbers."""
        return frozenset(name for name in self.names if name.isascii() and name.isdecimal() and len(name) >= _SHORTEST)

    def is_named(self, value: object) -> bool:
        """Whether a value is one of the names, however a phone number is written, or an id of one of the messages."""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            return False
        if value in self.names or value.removeprefix("+") in self.names or value in self.wamids:
            return True
        if _NUMBERLIKE.fullmatch(value) and _NOT_DIGITS.sub("", value) in self.phones:
            return True
        return self.is_told_by(value)

    def is_told_by(self, wamid: str) -> bool:
        """Whether an id of a message is one of the customer's: it has the phone number in it."""
        found = _WAMID.fullmatch(wamid)
        if found is None:
            return False
        return wamid in self.wamids or any(phone in _inside(found[1]) for phone in self.phones)


def who(contact: str) -> tuple[str, ...]:
    """The aliases of a contact as somebody types it: a phone number, or an id of a user; none for what is neither."""
    text = contact.strip()
    if _NUMBERLIKE.fullmatch(text):
        text = _NOT_DIGITS.sub("", text)
    return named(text).aliases() if text.isprintable() and " " not in text else ()


def needles(person: Who) -> tuple[str, ...]:
    """Texts of which one at least is in every body that names the customer."""
    inside = (base64.b64encode(phone.encode()[: len(phone) // 3 * 3]).decode() for phone in person.phones)
    return tuple(sorted({*person.names, *person.wamids, *inside}))


def redacted(body: bytes, person: Who, *, numbers: frozenset[str] | None = None) -> bytes | None:
    """The body without the customer, or None when it does not name them.

    With ``numbers`` only what is for these phone number ids is looked at.
    """
    tree = _parsed(body)
    if tree is None:
        return _blotted(body, person) if numbers is None else None
    changed = False
    for value in _values(tree):
        if numbers is None or _number(value) in numbers:
            changed |= _Value(value, person).redact()
    return json.dumps(tree, separators=(",", ":")).encode() if changed else None


# -- one value: what happened at one business number --------------------------------------------


class _Value:
    """One ``value`` of a body, in which the customer may be found under names that only it tells."""

    def __init__(self, value: dict[str, Any], person: Who) -> None:
        self._value = value
        self._person = self._known_here(person)

    def redact(self) -> bool:
        """Leave out what is the customer's; whether there was anything."""
        before = sum(len(_list(self._value, name)) for name in _UPDATES)
        found = sum(self._drop(name, self._is_theirs) for name in _UPDATES) > 0
        left = sum(len(_list(self._value, name)) for name in _UPDATES)
        found |= self._drop("statuses", self._is_their_status)
        found |= self._drop("user_id_update", lambda each: self._any(_leaves(each)))
        found |= self._history()
        found |= self._contacts(fewer=left < before)
        for key, part in list(self._value.items()):
            if key != "metadata":
                found |= self._blot(self._value, key, part)
        return found

    def _known_here(self, person: Who) -> Who:
        """With the other names that a contact entry or a message gives the customer."""
        names, size = set(person.names), -1
        while size != len(names):
            size = len(names)
            here = Who(frozenset(names), person.wamids)
            for entry in _list(self._value, "contacts"):
                told = _names(entry, _CONTACT)
                if any(here.is_named(name) for name in told):
                    names |= told
            for name in _UPDATES:
                for update in _list(self._value, name):
                    if update.get("id") in person.wamids:
                        names |= _names(update, _OWN) - self._business()
        return Who(frozenset(names), person.wamids)

    def _business(self) -> set[str]:
        """What the business itself is called here."""
        metadata = self._value.get("metadata")
        shown = metadata.get("display_phone_number") if isinstance(metadata, dict) else None
        return {_NOT_DIGITS.sub("", str(shown))} if shown is not None else set()

    def _is_theirs(self, update: dict[str, Any]) -> bool:
        system = update.get("system")
        told = _names(update, _OWN) | (_names(system, _SYSTEM) if isinstance(system, dict) else set())
        return update.get("id") in self._person.wamids or self._any(told)

    def _is_their_status(self, status: dict[str, Any]) -> bool:
        id_ = status.get("id")
        return self._any(_names(status, _RECIPIENT)) or (isinstance(id_, str) and self._person.is_named(id_))

    def _any(self, told: Iterable[object]) -> bool:
        return any(self._person.is_named(each) for each in told)

    def _drop(self, name: str, theirs: Any) -> bool:
        """Leave out the members of a list that are theirs."""
        whole = self._value.get(name)
        if not isinstance(whole, list):
            return False
        kept = [each for each in whole if not (isinstance(each, dict) and theirs(each))]
        self._value[name] = kept
        return len(kept) < len(whole)

    def _history(self) -> bool:
        found = False
        for chunk in _list(self._value, "history"):
            threads = chunk.get("threads")
            if not isinstance(threads, list):
                continue
            kept = [each for each in threads if not (isinstance(each, dict) and self._is_their_thread(each))]
            found |= len(kept) < len(threads)
            chunk["threads"] = kept
            for thread in _dicts(kept):
                messages = thread.get("messages")
                if isinstance(messages, list):
                    thread["messages"] = [e for e in messages if not (isinstance(e, dict) and self._is_theirs(e))]
                    found |= len(thread["messages"]) < len(messages)
        return found

    def _is_their_thread(self, thread: dict[str, Any]) -> bool:
        context = thread.get("context")
        told = _names(thread, ("id",)) | (_names(context, _CONTACT) if isinstance(context, dict) else set())
        return self._any(told)

    def _contacts(self, *, fewer: bool) -> bool:
        """Empty the customer's entries. They stay countable: a sole contact is taken for the sole message's sender."""
        whole = self._value.get("contacts")
        if not isinstance(whole, list):
            return False
        kept = [{} if isinstance(each, dict) and self._any(_names(each, _CONTACT)) else each for each in whole]
        found = kept != whole
        if fewer and len(kept) == 1:
            kept.append({})
        self._value["contacts"] = kept
        return found

    def _blot(self, holder: Any, key: Any, part: Any) -> bool:
        """Replace the names in what is left, however deep."""
        if isinstance(part, dict):
            return sum(self._blot(part, name, each) for name, each in list(part.items())) > 0
        if isinstance(part, list):
            return sum(self._blot(part, place, each) for place, each in enumerate(part)) > 0
        if not self._person.is_named(part):
            return False
        holder[key] = ERASED
        return True


# -- reading of JSON without shapes ---------------------------------------------------------------


def _parsed(body: bytes) -> Any:
    """The JSON of a body, mended where it must be; None when it is none."""
    for mend in (False, True):
        try:
            return json.loads((mended(body).body if mend else body).decode(), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _values(tree: Any) -> Iterator[dict[str, Any]]:
    for entry in _list(tree, "entry"):
        for change in _list(entry, "changes"):
            value = change.get("value")
            if isinstance(value, dict):
                yield value


def _number(value: dict[str, Any]) -> str | None:
    metadata = value.get("metadata")
    number = metadata.get("phone_number_id") if isinstance(metadata, dict) else None
    return str(number) if isinstance(number, str | int) else None


def _list(holder: Any, name: str) -> list[dict[str, Any]]:
    """The objects in a list; none where there is no list."""
    return list(_dicts(holder.get(name))) if isinstance(holder, dict) else []


def _dicts(items: Any) -> Iterator[dict[str, Any]]:
    return (each for each in items if isinstance(each, dict)) if isinstance(items, list) else iter(())


def _names(holder: dict[str, Any], keys: Iterable[str]) -> set[str]:
    found = (holder.get(key) for key in keys)
    return {str(each).removeprefix("+") for each in found if isinstance(each, str | int) and each != ""}


def _leaves(part: Any) -> Iterator[object]:
    if isinstance(part, dict):
        for each in part.values():
            yield from _leaves(each)
    elif isinstance(part, list):
        for each in part:
            yield from _leaves(each)
    else:
        yield part


def _inside(text: str) -> str:
    """What an id of a message has in it, as far as it is text."""
    padded = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(padded + "=" * (-len(padded) % 4)).decode("latin-1")
    except binascii.Error:
        return ""


def _blotted(body: bytes, person: Who) -> bytes | None:
    """Bytes that nobody can parse, without any of the names."""
    blotted = body
    for needle in sorted(needles(person), key=len, reverse=True):
        blotted = blotted.replace(needle.encode(), ERASED.encode())
    return blotted if blotted != body else None


def is_about(person: Who, sender: str | None, payload: bytes) -> bool:
    """Whether a stored message was written by the customer: by its sender's column, or by what it says itself."""
    if person.is_named(sender):
        return True
    message = _parsed(payload)
    return isinstance(message, dict) and any(person.is_named(name) for name in _names(message, _AUTHOR))
