"""The usual webhooks, many at once: new messages of customers who wrote before, and statuses.

Nearly every webhook is one of these. A group of them is taken in table by table, each statement once for all, which
costs half of taking them in one by one. Whatever turns out not to be usual after all (a message that is there already,
a conversation that was merged meanwhile) goes the long way of ``intake``. Parts of the journal's scripts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from penstock.adapters.db.port import Script
from penstock.core import reception
from penstock.core.updates import Message, Reading, Status
from penstock.ledger import burying, threads
from penstock.ledger.intake import (
    FRESH,
    Intake,
    Usual,
    both_touches,
    event_values,
    fetch_values,
    media_values,
    message_values,
    status_values,
    touch_values,
)
from penstock.ledger.rows import Route


class Planned(NamedTuple):
    """A message, and what is known about it before the database is asked."""

    message: Message
    route: Route
    conversation_id: int  # a hint
    items: tuple[reception.Item, ...]


_New = tuple[Intake, Planned, int]  # a message that was stored, and its row


class Plan(NamedTuple):
    """What a usual webhook brings."""

    messages: list[Planned]
    statuses: list[tuple[Status, Route]]


def plan(reading: Reading, routes: Mapping[str, Route], known: threads.Known) -> Plan | None:
    """How to take a body in; None when it is not a usual one."""
    found = Plan([], [])
    for update in reading.updates:
        route = routes.get(update.phone_number_id)
        if route is None:
            return None
        if isinstance(update, Message):
            conversation_id = known.get(threads.names_of(route, update.party))
            items = reception.items(update)
            if conversation_id is None or any(item.failed_because or item.wamid != update.wamid for item in items):
                return None
            found.messages.append(Planned(update, route, conversation_id, items))
        elif isinstance(update, Status):
            found.statuses.append((update, route))
        else:
            return None
    return found if routes.keys() >= reading.numbers else None


def take(do: Usual, bodies: Sequence[tuple[Intake, Plan]]) -> Script[None]:
    """Store what usual bodies bring, in the order of their arrival."""
    yield from _messages(do, [(intake, each) for intake, its in bodies for each in its.messages])
    statuses = [(intake, status_values(intake, *each)) for intake, its in bodies for each in its.statuses]
    if statuses:
        counts = yield do.status.many([values for _, values in statuses])
        for (intake, _), (count,) in zip(statuses, counts, strict=True):
            intake.statuses += count
            intake.duplicates += not count


def _messages(do: Usual, planned: list[tuple[Intake, Planned]]) -> Script[None]:
    if not planned:
        return
    values = [message_values(intake, each.message, each.conversation_id) for intake, each in planned]
    ids = yield do.message.many(
        [
            (each.route.workspace_id, each.route.number_id, each.message.wamid, *those)
            for (_, each), those in zip(planned, values, strict=True)
        ]
    )
    stored = [(*both, row) for both, (row,) in zip(planned, ids, strict=True) if row is not None]
    new = (yield from _not_gone(do, stored)) if stored else []
    if new:
        yield do.touch.many(_touches(new))
        left = Counter(each.conversation_id for _, each, _ in new)
        events = []
        for intake, each, row in new:
            left[each.conversation_id] -= 1
            behind = left[each.conversation_id]
            events.append((*event_values(intake, row, each.route, behind=behind), each.conversation_id))
        told = yield do.event.many(events)
        for (intake, each, row), (count,) in zip(new, told, strict=True):
            intake.messages += 1
            if not count:
                yield from intake.tell(row, each.message, each.route, each.conversation_id)
        yield from _files(do, new)
    if len(stored) < len(planned):
        for (intake, each), those, (row,) in zip(planned, values, ids, strict=True):
            if row is None:
                yield from intake.known_message(each.message, each.route, those)


def _touches(new: list[_New]) -> list[tuple[Any, ...]]:
    """What new messages mean for their conversations, once for each of these.

    In the order of their ids, as everybody does: then two transactions never wait for each other.
    """
    found: dict[int, tuple[Any, ...]] = {}
    for intake, each, _ in new:
        values = touch_values(intake, each.message)
        if (before := found.get(each.conversation_id)) is not None:
            values = both_touches(before, values)
        found[each.conversation_id] = values
    return [(*found[conversation_id], conversation_id) for conversation_id in sorted(found)]


def _not_gone(do: Usual, stored: list[_New]) -> Script[list[_New]]:
    """Those that stay: what has been erased does not come back."""
    keys = [(each.route.number_id, each.message.wamid, row) for _, each, row in stored]
    back = yield from burying.returned(do.sql, keys)
    if not back:
        return stored
    for intake, each, row in stored:
        if row in back:
            yield from intake.is_gone(each.message, each.route)
    return [one for one in stored if one[2] not in back]


def _files(do: Usual, new: list[_New]) -> Script[None]:
    """The files of messages that are new, so none of them can be there already."""
    files = [
        (intake, each, item, media_values(intake, row, item, each.message, each.route))
        for intake, each, row in new
        for item in each.items
    ]
    if not files:
        return
    ids = yield do.media.many(
        [(each.route.workspace_id, each.route.number_id, *those, *FRESH) for _, each, _, those in files]
    )
    fetches = []
    for (intake, each, item, those), (media_row,) in zip(files, ids, strict=True):
        intake.files += 1
        fetches.append(fetch_values(intake, media_row, item, each.route, those))
    yield do.fetch.many(fetches)
