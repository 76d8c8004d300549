"""Who an update is about: parties of conversations, senders, and people who come back under another name.

Meta names a person by phone number, by an id scoped to the business, by an id of several businesses, or by several of
them, and not always in the key that is meant for it. A name is believed only when it is certain whose it is, since two
people in one conversation would be worse than one without a name. Called by ``reading`` and ``reading_messages``.
"""

import re
from collections.abc import Iterable

import msgspec

from penstock.core.reading_scalars import NAME_LENGTH, identity, moment, words
from penstock.core.reading_shapes import Called, Contact, Id, Succession, System, Thread, UserIdUpdate, Written
from penstock.core.updates import IdentityChange, Party

_PHONE_DIGITS = 20  # E.164 allows 15
_PERSON_LENGTH = 160  # a country, a dot and up to 128 letters and digits
_SUCCESSION = re.compile(r" changed from (\S{1,160}) to (\S{1,160})\s*$", re.ASCII)


class Names(msgspec.Struct, frozen=True, gc=False):
    """What one person is called in one place."""

    phone: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None

    def aliases(self) -> tuple[str, ...]:
        """As in Party.aliases."""
        return Party(self.phone, self.user_id, self.parent_user_id).aliases()

    def sender(self) -> str | None:
        """The one to show."""
        return self.phone or self.user_id or self.parent_user_id


NOBODY = Names()


def named(any_id: Id, user_id: Id = None, parent_user_id: Id = None) -> Names:
    """The names in a triple of keys, of which the first may hold any of them."""
    text = identity(any_id, _PERSON_LENGTH)
    user = identity(user_id, _PERSON_LENGTH)
    parent = identity(parent_user_id, _PERSON_LENGTH)
    if text is None:
        return Names(None, user, parent) if user or parent else NOBODY
    digits = text.removeprefix("+")
    if digits.isdecimal() and digits.isascii() and len(digits) <= _PHONE_DIGITS:
        return Names(digits, user, parent)
    if text[2:7] == ".ENT.":
        return Names(None, user, parent or text)
    return Names(None, user or text, parent)


class Contacts:
    """The ``contacts`` beside some messages, found by any of a person's names."""

    def __init__(self, contacts: Iterable[Contact], *, messages: int) -> None:
        self._all = [(contact, named(contact.wa_id, contact.user_id, contact.parent_user_id)) for contact in contacts]
        # Phone number and wa_id of a person may differ; with one of each it is still clear who is meant.
        self._only = self._all[0] if len(self._all) == 1 and messages == 1 else None
        self._by_name: dict[str, tuple[Contact, Names]] = {}
        if self._only is None:
            for entry in self._all:
                for name in entry[1].phone, entry[1].user_id, entry[1].parent_user_id:
                    if name is not None:
                        self._by_name.setdefault(name, entry)

    def party(self, names: Names) -> Party:
        """A person with all that is known about them."""
        found = self._only
        if found is None:
            by_name = self._by_name
            found = (
                by_name.get(names.user_id or "")
                or by_name.get(names.phone or "")
                or by_name.get(names.parent_user_id or "")
            )
        if found is None:
            return Party(names.phone, names.user_id, names.parent_user_id)
        contact, more = found
        profile = contact.profile
        return Party(
            phone=names.phone or more.phone,
            user_id=names.user_id or more.user_id,
            parent_user_id=names.parent_user_id or more.parent_user_id,
            name=words(profile.name, NAME_LENGTH) if profile is not None else None,
            username=handle(profile.username) if profile is not None else None,
        )


def handle(username: str | None) -> str | None:
    """A username without the @ that some bodies put before it."""
    return words((username or "").removeprefix("@"), NAME_LENGTH)


def author(update: Written | Called) -> Names:
    """Who a message or a call is from."""
    return named(update.sender, update.from_user_id, update.from_parent_user_id)


def addressee(update: Written | Called) -> Names:
    """Who a message or a call is to."""
    return named(update.to, update.to_user_id, update.to_parent_user_id)


def partner(thread: Thread) -> Names:
    """Who a thread of the history is with."""
    names = named(thread.id)
    context = thread.context
    if context is None:
        return names
    more = named(context.wa_id, context.user_id, context.parent_user_id)
    return Names(names.phone or more.phone, names.user_id or more.user_id, names.parent_user_id or more.parent_user_id)


def changed(system: System, before: Names) -> tuple[Names, Names]:
    """The names before and after a system message's change; the same ones when nobody changed theirs.

    The old name of a user id is in no key, only at the end of the sentence. It is believed when the new one beside it
    is the one of the key: the sentence begins with the customer's own words.
    """
    if "identity" in (system.type or ""):
        return before, before
    new = system.wa_id or system.new_wa_id
    after = named(new or system.customer, system.user_id, system.parent_user_id)
    if after == NOBODY:
        return before, before
    if new is not None and system.customer is not None:
        old = named(system.customer)
        before = Names(old.phone or before.phone, before.user_id or old.user_id, before.parent_user_id)
    told = _SUCCESSION.search(system.body or "")
    if told is not None and before == NOBODY and named(told[2]).sender() in (after.phone, after.user_id):
        before = named(told[1])
    return before, after


def succession(phone_number_id: str, before: Names, after: Names, at: float) -> IdentityChange | None:
    """The change from one set of names to another; None when there is nothing to follow."""
    previous = before.aliases()
    current = tuple(alias for alias in after.aliases() if alias not in previous)
    if not previous or not current:
        return None
    return IdentityChange(phone_number_id, previous, current, at)


def rotation(phone_number_id: str, update: UserIdUpdate) -> IdentityChange | None:
    """The change that a ``user_id_update`` tells; None when it does not name both ids."""
    user = update.user_id or Succession()
    parent = update.parent_user_id or Succession()
    before = named(None, user.previous, parent.previous)
    after = named(update.wa_id, user.current, parent.current)
    return succession(phone_number_id, before, after, moment(update.timestamp))
