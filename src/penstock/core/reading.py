"""From the bytes of a signed body to what they say: the one reader of Meta's webhooks.

It never raises and never gives up a body for one of its updates: each is read by itself, and what is not understood
becomes a sentence without personal data. Many messages, statuses, numbers and customers may share a body. Called by
the receiver, by reading again, and by the audit that counts the journal.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Raw

from penstock.core import reading_messages, reading_people, reading_words
from penstock.core.reading_messages import Place
from penstock.core.reading_people import Contacts
from penstock.core.reading_salvage import UNREADABLE, decoded, mended
from penstock.core.reading_scalars import identity, moment
from penstock.core.reading_shapes import Change, Chunk, Delivery, Envelope, Id, UserIdUpdate, Value
from penstock.core.updates import Reading, Status, Update

T = TypeVar("T")

_ACCOUNT = "whatsapp_business_account"
_ENVELOPE = msgspec.json.Decoder(Envelope)
_PHONE_NUMBER_ID = re.compile(r"[0-9]{1,32}")
_NUMBER_ANYWHERE = re.compile(rb'"phone_number_id"\s*:\s*"?([0-9]{1,32})(?=["\s,}]|$)')
_NOT_DIGITS = re.compile(r"[^0-9]")
_STATUS_LENGTH = 32
_SENTENCES = 50  # of different problems that are told apart in one body


def read(body: bytes) -> Reading:
    """Everything that a body says. Never raises."""
    page = _Page()
    try:
        envelope = _opened(body, page)
        if envelope is not None:
            page.envelope(envelope)
    except Exception:  # noqa: BLE001  the body is kept whatever happens here, and can be read again
        page.report("the body could not be read")
        page.look_for_numbers(body)
    return page.reading()


def _opened(body: bytes, page: "_Page") -> Envelope | None:
    """The envelope of a body, as far as it is one."""
    try:
        if not body.isascii():  # Meta escapes whatever is not ASCII
            body.decode()
        envelope: Envelope | None = _ENVELOPE.decode(body)
    except UNREADABLE:
        spoiled: list[str] = []
        better = mended(body)
        for problem in better.problems:
            page.report(problem)
        envelope = decoded(better.body, Envelope, spoiled)
        for path in spoiled:
            page.report(f"a part of the body could not be read: {path}" if path else "the body is not a JSON object")
        if spoiled:
            page.look_for_numbers(better.body)
    if envelope is not None and envelope.object != _ACCOUNT:
        page.report("the body is not about a WhatsApp business account")
        page.look_for_numbers(body)
        return None
    return envelope


class _Page:
    """What has been read of one body so far."""

    def __init__(self) -> None:
        self._updates: list[Update] = []
        self._numbers: set[str] = set()
        self._problems: dict[str, int] = {}
        self._ignored = 0

    def reading(self) -> Reading:
        """The whole of it."""
        told = [sentence if times == 1 else f"{sentence} ({times} times)" for sentence, times in self._problems.items()]
        if len(told) > _SENTENCES:
            told = [*told[:_SENTENCES], f"and {len(told) - _SENTENCES} other problems"]
        return Reading(tuple(self._updates), frozenset(self._numbers), tuple(told), self._ignored)

    def report(self, sentence: str) -> None:
        """Note something that was not understood."""
        self._problems[sentence] = self._problems.get(sentence, 0) + 1

    def look_for_numbers(self, body: bytes) -> None:
        """Find the numbers of a body that cannot be read as a whole."""
        self._numbers.update(found.decode() for found in _NUMBER_ANYWHERE.findall(body))

    def envelope(self, envelope: Envelope) -> None:
        """Read every update of a body."""
        if envelope.entry is None:
            self.report("the body has no list of entries")
        for entry in envelope.entry or ():
            if not entry.changes:
                self._ignored += 1
            for change in entry.changes or ():
                self._change(change)

    def _change(self, change: Change) -> None:
        value = change.value
        if value is None:
            self._ignored += 1
            return
        number = self._number(value)
        echoes, calls = value.message_echoes or (), value.calls or ()
        chunks, messages = value.history or (), value.messages or ()
        # A call's statuses (ringing, accepted) are no message's.
        statuses = (value.statuses or ()) if change.field != "calls" else ()
        rotations = value.user_id_update or ()
        if not (messages or statuses or echoes or chunks or calls or rotations):
            self._ignored += max(1, len(value.errors or ()))
            return
        if number is None:
            self.report("an update does not say which phone_number_id it is for")
            return
        place = Place(
            number,
            _digits(value.metadata.display_phone_number) if value.metadata is not None else None,
            Contacts(value.contacts or (), messages=len(messages) + len(echoes) + len(calls)),
            self.report,
            change.field == "history",
            reading_words.failure(value.errors),
        )
        if messages:
            self._each("message", messages, partial(reading_messages.inbound, place=place))
        if echoes:
            self._each("message", echoes, partial(reading_messages.echo, place=place))
        if chunks:
            self._history(chunks, msgspec.structs.replace(place, history=True))
        if calls:
            self._each("call", calls, partial(self._call, place=place))
        if statuses:
            self._each("status", statuses, partial(self._status, number))
        if rotations:
            self._each("change of a user id", rotations, partial(self._rotation, number))

    def _number(self, value: Value) -> str | None:
        """The number that a value is for; it counts as named even if nothing else of the value is of use."""
        number = identity(value.metadata.phone_number_id) if value.metadata is not None else None
        if number is None:
            return None
        if not _PHONE_NUMBER_ID.fullmatch(number):
            self.report("a phone_number_id is not a number of up to 32 digits")
            return None
        self._numbers.add(number)
        return number

    def _each(self, what: str, items: Sequence[T], read_one: Callable[[T], Iterable[Update]]) -> None:
        for item in items:
            try:
                self._updates.extend(read_one(item))
            except Exception:  # noqa: BLE001  no update may take another one with it
                self.report(f"a {what} could not be read")

    def _history(self, chunks: Sequence[Chunk], place: Place) -> None:
        for chunk in chunks:
            self._ignored += len(chunk.errors or ())  # the business does not share its history
            for thread in chunk.threads or ():
                partner = reading_people.partner(thread)
                read_one = partial(reading_messages.remembered, place=place, partner=partner)
                self._each("message", thread.messages or (), read_one)

    def _call(self, raw: Raw, place: Place) -> Iterable[Update]:
        found = reading_messages.call(raw, place)
        if found is None:
            self._ignored += 1
        return found or ()

    def _status(self, number: str, status: Delivery) -> Iterable[Update]:
        wamid = identity(status.id)
        name = identity(status.status, _STATUS_LENGTH)
        if wamid is None or name is None:
            self.report("a status does not say what it is, or of which message")
            return ()
        # Of a message to a group, every participant has a status of their own.
        person = reading_people.named(
            status.recipient_participant_id or status.recipient_id,
            status.recipient_participant_user_id or status.recipient_user_id,
        )
        code, text = reading_words.failure(status.errors)
        return (Status(number, wamid, name, moment(status.timestamp), person.sender() or "", code, text),)

    def _rotation(self, number: str, update: UserIdUpdate) -> Iterable[Update]:
        change = reading_people.rotation(number, update)
        if change is None:
            self.report("a change of a user id does not name the old and the new one")
            return ()
        return (change,)


def _digits(number: Id) -> str | None:
    """The digits of a phone number that is written for people."""
    text = str(number) if number is not None else ""
    return (text if text.isdecimal() else _NOT_DIGITS.sub("", text)) or None
