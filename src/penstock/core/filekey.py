"""The key by which a file is counted: which number, which message, which of Meta's media ids, as 64-bit digests.

The audit counts every file that the journal names once, however many bodies name it. When a body leaves the journal its
keys stay behind, so the count does not change; they are digests, because what they are made of contains phone numbers.
Sixty-four bits are enough for keys that are only ever compared within one number. Called by the ledger and
``flow.auditing``.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple

from penstock.core import reception
from penstock.core.updates import Message, Reading, Update

GAP = 0  # in place of a file's digest: Meta did not deliver one with the message


class Key(NamedTuple):
    """A file, or a gap, at one registration."""

    number_id: int
    message: int  # digest of Meta's id of the message
    file: int  # digest of that and of the media id, or GAP


def key(number_id: int, wamid: str, media_id: str) -> Key:
    """The key of one file."""
    message = _digest(wamid)
    return Key(number_id, message, _digest(f"{wamid}\0{media_id}") or 1 if media_id else GAP)


def named(reading: Reading, registrations: Mapping[int, str]) -> set[Key]:
    """The keys of a body that was read for these registrations (id → phone_number_id)."""
    messages = [update for update in reading.updates if isinstance(update, Message)]
    return {
        key(number_id, item.wamid, item.ref.media_id)
        for number_id, phone_number_id in registrations.items()
        for message in _of(messages, phone_number_id)
        for item in reception.items(message)
    }


def _of(messages: Iterable[Update], phone_number_id: str) -> Iterable[Message]:
    return (each for each in messages if isinstance(each, Message) and each.phone_number_id == phone_number_id)


def _digest(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
