"""What one body brings, statement by statement: the heart of the journal's transaction.

Storing is idempotent by unique keys. What a message brings is decided by ``core.reception``. The usual webhooks are
taken in many at once by ``usual``, with the statements of this module; this is the way of all others. Parts of scripts,
not a store of their own; called by the journal only.
"""

from collections.abc import Mapping
from typing import Any

from penstock.adapters.db.port import Row, Script
from penstock.core import media, reception
from penstock.core.updates import Message, Party, Reading, Status
from penstock.ledger import burying, threads
from penstock.ledger.feed import tell_of_media
from penstock.ledger.rows import Receipt, Route
from penstock.ledger.statements import Statements

# How much is known of a message of this kind. A place is held for one that has not come; one that Meta did not pass on
# may come whole later, or be understood by a better reader. Any other kind is whole.
_HELD, _PARTIAL, _WHOLE = range(3)
_KNOWN_OF = {"placeholder": _HELD, "media_placeholder": _PARTIAL, "unsupported": _PARTIAL}

_MESSAGE = (
    *("conversation_id", "webhook_id", "direction", "kind", "sent_at", "now", "sender", "sender_name", "text"),
    *("reply_to", "original_wamid", "history", "error_code", "error_text", "payload"),
)
_MEDIA = (
    *("message_row", "media_id", "kind", "declared_mime_type", "declared_sha256", "declared_size", "filename"),
    *("voice", "animated", "received_at", "deadline"),
)
_PLACEHOLDER: dict[str, Any] = {
    "kind": "placeholder",
    "text": None,
    "reply_to": None,
    "original_wamid": None,
    "history": 0,
    "error_code": None,
    "error_text": None,
    "payload": b"{}",
}
FRESH = ("open", None, None, None)  # stage, ended_at, outcome, reason of a file that is to be fetched


class Usual:
    """The statements of most webhooks, their values by position. Made once."""

    def __init__(self, sql: Statements) -> None:
        self.sql = sql
        at = sql.by_position
        self.webhook = at("insert_webhook", "app_id", "now", "signature", "numbers", "problems", "body")
        self.message = at("insert_message", "workspace_id", "number_id", "wamid", *_MESSAGE)
        self.touch = at(
            "touch_conversation", "more", "sent_at", "text", "kind", "direction", "title", "conversation_id"
        )
        self.event = at(
            "insert_message_event",
            *("workspace_id", "kind", "at", "message_row", "media_row", "behind", "conversation_id"),
        )
        self.media = at("insert_media", "workspace_id", "number_id", *_MEDIA, "stage", "ended_at", "outcome", "reason")
        self.fetch = at(
            "insert_fetch",
            *("media_row", "workspace_id", "number_id", "kind", "due_at", "received_at", "deadline", "url"),
            "url_expires_at",
        )
        self.status = at(
            "insert_status",
            *("number_id", "wamid", "status", "recipient", "at", "error_code", "error_text", "webhook_id"),
        )


class Intake:
    """The taking in of one body, and the count of what it brought. Used once, inside one run of a script."""

    __slots__ = (
        *("_do", "_known", "_sql", "at", "changed", "due_at", "duplicates", "files", "gone", "learned", "messages"),
        *("statuses", "strays", "webhook_id"),
    )

    def __init__(self, do: Usual, known: threads.Known, webhook_id: int, *, at: float, due_at: float) -> None:
        self._do = do
        self._sql = do.sql
        self._known = known
        self.webhook_id = webhook_id
        self.at = at  # when the body came
        self.due_at = due_at
        self.messages = self.files = self.statuses = self.duplicates = self.strays = self.changed = 0
        self.learned: dict[threads.Names, int] = {}
        self.gone: set[str] = set()  # ids of messages that had been erased, and stay so

    def receipt(self) -> Receipt:
        """What the body brought."""
        return Receipt(
            self.webhook_id, self.messages, self.files, self.statuses, self.duplicates, self.strays, self.changed
        )

    def take(self, app_id: int, reading: Reading, routes: Mapping[str, Route]) -> Script[None]:
        """Store every update; those for a number without a route are noted in quarantine."""
        for phone_number_id in reading.numbers:
            if phone_number_id not in routes:
                yield self._sql(
                    "insert_stray",
                    phone_number_id=phone_number_id,
                    webhook_id=self.webhook_id,
                    app_id=app_id,
                    now=self.at,
                )
        for update in reading.updates:
            route = routes.get(update.phone_number_id)
            if route is None:
                self.strays += 1
            elif isinstance(update, Message):
                yield from self._message(update, route)
            elif isinstance(update, Status):
                rows = yield self._do.status(*status_values(self, update, route))
                self.statuses += len(rows)
                self.duplicates += not rows
            else:
                yield from threads.follow(self._sql, route, update)

    # -- messages ---------------------------------------------------------------------------

    def _message(self, message: Message, route: Route) -> Script[None]:
        names = threads.names_of(route, message.party)
        # A hint: ``tell`` finds out when it is wrong.
        conversation_id = self.learned.get(names) or self._known.get(names)
        if conversation_id is None:
            conversation_id = yield from self._look_up(names, route, message.party)
        values = message_values(self, message, conversation_id)
        rows = yield self._do.message(route.workspace_id, route.number_id, message.wamid, *values)
        if not rows:
            yield from self.known_message(message, route, values)
            return
        row = rows[0][0]
        if (yield from burying.returned(self._sql, [(route.number_id, message.wamid, row)])):
            yield from self.is_gone(message, route)
            return
        self.messages += 1
        conversation_id = yield from self.tell(row, message, route, conversation_id)
        yield from self._items(row, message, route, conversation_id, is_new=True)

    def known_message(self, message: Message, route: Route, values: tuple[Any, ...]) -> Script[None]:
        """A message that is there already: it may say more than it did, or bring a file that it did not have."""
        before = self.files
        there = yield self._sql("get_message_row", number_id=route.number_id, wamid=message.wamid)
        if not there:  # it was erased a moment ago
            yield from self.is_gone(message, route)
            return
        row, kind, conversation_id = there[0]
        says_more = _KNOWN_OF.get(message.kind, _WHOLE) > _KNOWN_OF.get(kind, _WHOLE)
        if says_more:
            yield self._sql("fill_message", id=row, **dict(zip(_MESSAGE, values, strict=True)))
            conversation_id = yield from self.tell(row, message, route, values[0])
            held = kind == "placeholder"
            self.messages += held
            self.changed += not held
        yield from self._items(row, message, route, conversation_id, is_new=False)
        self.duplicates += not says_more and self.files == before

    def is_gone(self, message: Message, route: Route) -> Script[None]:
        """A message that has been erased does not come back by being sent, or read, again; its files are counted."""
        self.gone.add(message.wamid)
        self.duplicates += 1
        yield from self._items(0, message, route, 0, is_new=False)

    def tell(self, row: int, message: Message, route: Route, conversation_id: int) -> Script[int]:
        """Put a message at the end of its conversation and into the feed; the conversation that it really is in."""
        touch = touch_values(self, message)
        event = event_values(self, row, route)
        yield self._do.touch(*touch, conversation_id)
        rows = yield self._do.event(*event, conversation_id)
        if not rows:  # it was merged into another one since we were told of it
            conversation_id = yield from self._look_up(threads.names_of(route, message.party), route, message.party)
            yield self._sql("move_message", id=row, conversation_id=conversation_id)
            yield self._do.touch(*touch, conversation_id)
            yield self._do.event(*event, conversation_id)
        return conversation_id

    def _look_up(self, names: threads.Names, route: Route, party: Party) -> Script[int]:
        found = yield from threads.conversation_of(self._sql, route, party)
        self.learned[names] = found
        return found

    # -- files ------------------------------------------------------------------------------

    def _items(self, row: int, message: Message, route: Route, conversation_id: int, *, is_new: bool) -> Script[None]:
        """The files of a message, under the message that they belong to."""
        items = reception.items(message)
        if items and items[0].wamid != message.wamid:
            row, is_new = yield from self._home(items[0].wamid, message, route, conversation_id)
        if items and not row:
            yield from self._of_gone(items, message, route)
            return
        for item in items:
            values = media_values(self, row, item, message, route)
            if item.failed_because:
                yield from self._gap(values, route, item.failed_because, is_new=is_new)
            else:
                yield from self._file(values, item, route, is_new=is_new)

    def _home(self, wamid: str, message: Message, route: Route, conversation_id: int) -> Script[tuple[int, bool]]:
        """The row of the message that an edit is about, its place held when it has not come; and whether it is new.

        No row when that message has been erased.
        """
        values = dict(zip(_MESSAGE, message_values(self, message, conversation_id), strict=True)) | _PLACEHOLDER
        rows = yield self._sql(
            "insert_message", workspace_id=route.workspace_id, number_id=route.number_id, wamid=wamid, **values
        )
        if rows:
            row = int(rows[0][0])
            is_gone = yield from burying.returned(self._sql, [(route.number_id, wamid, row)])
            return (0, False) if is_gone else (row, True)
        there = yield self._sql("get_message_row", number_id=route.number_id, wamid=wamid)
        if not there:
            return 0, False
        row, _, its_conversation = there[0]
        if not its_conversation:  # an import held the place, without knowing whose it is
            yield self._sql("move_message", id=row, conversation_id=conversation_id)
        return int(row), False

    def _of_gone(self, items: tuple[reception.Item, ...], message: Message, route: Route) -> Script[None]:
        """Files that come for a message which has been erased: they are counted with it."""
        home = yield from burying.is_gone(self._sql, route.number_id, items[0].wamid)
        for item in items if home is not None else ():
            values = dict(zip(_MEDIA, media_values(self, home or 0, item, message, route), strict=True))
            values |= {"workspace_id": route.workspace_id, "number_id": route.number_id}
            self.files += yield from burying.add_erased(self._sql, home or 0, values, now=self.at)

    def _file(self, values: tuple[Any, ...], item: reception.Item, route: Route, *, is_new: bool) -> Script[None]:
        """A file to be fetched, unless it is known. One that the message came without fills its gap."""
        rows: list[Row] = []
        if not is_new:
            rows = yield self._sql("fill_gap", **dict(zip(_MEDIA, values, strict=True)))
        if not rows:
            rows = yield self._do.media(route.workspace_id, route.number_id, *values, *FRESH)
        if rows:
            self.files += 1
            yield self._do.fetch(*fetch_values(self, rows[0][0], item, route, values))

    def _gap(self, values: tuple[Any, ...], route: Route, because: str, *, is_new: bool) -> Script[None]:
        """A file that Meta did not deliver with the message: it has failed before it began, and is seen.

        It is kept only while the message has no file.
        """
        if not is_new and (yield self._sql("has_media", message_row=values[0]))[0][0]:
            return
        ended = (media.State.FAILED.value, self.at, reception.FAILED_OUTCOME.value, because)
        rows = yield self._do.media(route.workspace_id, route.number_id, *values, *ended)
        if rows:
            self.files += 1
            yield from tell_of_media(self._sql, rows[0][0], "media.failed", route.workspace_id, self.at)


# -- values by position -------------------------------------------------------------------------


def message_values(intake: Intake, message: Message, conversation_id: int) -> tuple[Any, ...]:
    """Those of ``insert_message`` after its key."""
    return (
        conversation_id,
        intake.webhook_id,
        message.direction.value,
        message.kind,
        _sent_at(intake, message),
        intake.at,
        message.sender,
        message.sender_name,
        message.text,
        message.reply_to,
        message.original_wamid,
        1 if message.history else 0,
        message.error_code,
        message.error_text,
        message.payload,
    )


def touch_values(intake: Intake, message: Message) -> tuple[Any, ...]:
    """Those of ``touch_conversation`` before the conversation."""
    party, direction = message.party, message.direction.value
    title = (message.sender_name if party.group_id is None and direction == "in" else None) or party.name or ""
    return (1, _sent_at(intake, message), message.text, message.kind, direction, title)


def both_touches(first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
    """What two touches of one conversation come to, one after the other."""
    last = second if second[1] >= first[1] else first
    return (first[0] + second[0], *last[1:5], second[5] or first[5])


def event_values(intake: Intake, message_row: int, route: Route, *, behind: int = 0) -> tuple[Any, ...]:
    """Those of ``insert_message_event`` before the conversation, which so many more messages were added to already."""
    return (route.workspace_id, "message.received", intake.at, message_row, None, behind)


def media_values(
    intake: Intake, message_row: int, item: reception.Item, message: Message, route: Route
) -> tuple[Any, ...]:
    """Those of ``insert_media`` between its owner and its stage."""
    ref = item.ref
    until = media.deadline(
        sent_at=_sent_at(intake, message),
        received_at=intake.at,
        no_storage=route.no_storage,
        history=message.history,
    )
    return (
        message_row,
        ref.media_id,
        ref.kind,
        ref.mime_type,
        ref.sha256,
        ref.size,
        ref.filename,
        1 if ref.voice else 0,
        1 if ref.animated else 0,
        intake.at,
        until,
    )


def fetch_values(
    intake: Intake, media_row: int, item: reception.Item, route: Route, media_: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Those of ``insert_fetch`` for a media row with these values."""
    ref = item.ref
    return (
        media_row,
        route.workspace_id,
        route.number_id,
        ref.kind,
        intake.due_at,
        intake.at,
        media_[-1],
        ref.url,
        ref.url_expires_at,
    )


def status_values(intake: Intake, status: Status, route: Route) -> tuple[Any, ...]:
    """Those of ``insert_status``."""
    return (
        route.number_id,
        status.wamid,
        status.status,
        status.recipient,
        status.at if status.at > 0 else intake.at,
        status.error_code,
        status.error_text,
        intake.webhook_id,
    )


def _sent_at(intake: Intake, message: Message) -> float:
    """Meta's time of a message, unless there is none or it is in the future of its arrival."""
    return message.sent_at if 0 < message.sent_at <= intake.at else intake.at
