"""What one body brings, statement by statement: the heart of the journal's transaction.

Storing is idempotent by unique keys. The usual case, a new message of a customer who wrote before, takes the fewest
statements; everything else costs a look more. What a message brings is decided by ``core.reception``. Parts of scripts,
not a store of their own; called by the journal only.
"""

from collections.abc import Mapping

from penstock.adapters.db.port import Call, Script
from penstock.core import media, reception
from penstock.core.updates import Message, Reading, Status
from penstock.ledger import threads
from penstock.ledger.feed import tell_of_media
from penstock.ledger.rows import Receipt, Route
from penstock.ledger.statements import Statements

# How much is known of a message of this kind. A place is held for one that has not come; one that Meta did not pass on
# may come whole later, or be understood by a better reader. Any other kind is whole.
_HELD, _PARTIAL, _WHOLE = range(3)
_KNOWN_OF = {"placeholder": _HELD, "media_placeholder": _PARTIAL, "unsupported": _PARTIAL}


class Intake:
    """The taking in of one body. Used once, inside one run of a script."""

    def __init__(self, sql: Statements, known: threads.Known, webhook_id: int, *, at: float, due_at: float) -> None:
        self._sql = sql
        self._known = known
        self._webhook_id = webhook_id
        self._at = at  # when the body came
        self._due_at = due_at
        self._messages = self._files = self._changed = self._statuses = self._duplicates = self._strays = 0
        self.learned: dict[threads.Names, int] = {}

    def take(self, app_id: int, reading: Reading, routes: Mapping[str, Route]) -> Script[Receipt]:
        """Store every update; those for a number without a route are noted in quarantine."""
        for phone_number_id in reading.numbers:
            if phone_number_id not in routes:
                yield self._sql(
                    "insert_stray",
                    phone_number_id=phone_number_id,
                    webhook_id=self._webhook_id,
                    app_id=app_id,
                    now=self._at,
                )
        for update in reading.updates:
            route = routes.get(update.phone_number_id)
            if route is None:
                self._strays += 1
            elif isinstance(update, Message):
                yield from self._message(update, route)
            elif isinstance(update, Status):
                rows = yield self._status(update, route)
                self._statuses += len(rows)
                self._duplicates += not rows
            else:
                yield from threads.follow(self._sql, route, update)
        return Receipt(
            webhook_id=self._webhook_id,
            messages=self._messages,
            media=self._files,
            statuses=self._statuses,
            duplicates=self._duplicates,
            strays=self._strays,
            changed=self._changed,
        )

    # -- messages ---------------------------------------------------------------------------

    def _message(self, message: Message, route: Route) -> Script[None]:
        conversation_id = yield from self._conversation(message, route)
        sent_at = message.sent_at if 0 < message.sent_at <= self._at else self._at
        values = {
            "conversation_id": conversation_id,
            "webhook_id": self._webhook_id,
            "direction": message.direction.value,
            "kind": message.kind,
            "sent_at": sent_at,
            "now": self._at,
            "sender": message.sender,
            "sender_name": message.sender_name,
            "text": message.text,
            "reply_to": message.reply_to,
            "original_wamid": message.original_wamid,
            "history": int(message.history),
            "error_code": message.error_code,
            "error_text": message.error_text,
            "payload": message.payload,
        }
        rows = yield self._sql(
            "insert_message",
            workspace_id=route.workspace_id,
            number_id=route.number_id,
            wamid=message.wamid,
            **values,
        )
        before = self._files
        if rows:
            row, told = int(rows[0][0]), True
            self._messages += 1
        else:
            there = yield self._sql("get_message_row", number_id=route.number_id, wamid=message.wamid)
            row, kind, its_conversation = there[0]
            told = _KNOWN_OF.get(message.kind, _WHOLE) > _KNOWN_OF.get(kind, _WHOLE)
            if told:
                yield self._sql("fill_message", id=row, **values)
                held = kind == "placeholder"
                self._messages += held
                self._changed += not held
            else:
                conversation_id = its_conversation
        if told:
            conversation_id = yield from self._tell(row, message, route, conversation_id, sent_at)
        if items := reception.items(message):
            home, is_new = row, bool(rows)
            if items[0].wamid != message.wamid:
                home, is_new = yield from self._home(items[0].wamid, message, route, conversation_id, sent_at)
            for item in items:
                yield from self._item(item, home, message, route, sent_at, is_new=is_new)
        self._duplicates += not told and self._files == before

    def _conversation(self, message: Message, route: Route) -> Script[int]:
        """Where the message belongs, by a hint if there is one; ``_tell`` finds out when that was wrong."""
        names = threads.names_of(route, message.party)
        found = self.learned.get(names) or self._known.get(names)
        if found is None:
            found = yield from threads.conversation_of(self._sql, route, message.party)
            self.learned[names] = found
        return found

    def _tell(self, row: int, message: Message, route: Route, conversation_id: int, sent_at: float) -> Script[int]:
        """Put a message at the end of its conversation and into the feed; the conversation that it really is in."""
        title = (message.sender_name if message.party.group_id is None else None) or message.party.name or ""
        touch = {
            "sent_at": sent_at,
            "text": message.text,
            "kind": message.kind,
            "direction": message.direction.value,
            "title": title if message.direction == "in" or message.party.name else "",
        }
        event = {
            "workspace_id": route.workspace_id,
            "kind": "message.received",
            "at": self._at,
            "message_row": row,
            "media_row": None,
        }
        yield self._sql("touch_conversation", conversation_id=conversation_id, **touch)
        rows = yield self._sql("insert_message_event", conversation_id=conversation_id, **event)
        if not rows:  # it was merged into another one since we were told of it
            conversation_id = yield from threads.conversation_of(self._sql, route, message.party)
            self.learned[threads.names_of(route, message.party)] = conversation_id
            yield self._sql("move_message", id=row, conversation_id=conversation_id)
            yield self._sql("touch_conversation", conversation_id=conversation_id, **touch)
            yield self._sql("insert_message_event", conversation_id=conversation_id, **event)
        return conversation_id

    def _home(
        self, wamid: str, message: Message, route: Route, conversation_id: int, sent_at: float
    ) -> Script[tuple[int, bool]]:
        """The row of the message that an edit is about, its place held when it has not come; and whether it is new."""
        rows = yield self._sql(
            "insert_message",
            workspace_id=route.workspace_id,
            number_id=route.number_id,
            wamid=wamid,
            conversation_id=conversation_id,
            webhook_id=self._webhook_id,
            direction=message.direction.value,
            kind="placeholder",
            sent_at=sent_at,
            now=self._at,
            sender=message.sender,
            sender_name=message.sender_name,
            text=None,
            reply_to=None,
            original_wamid=None,
            history=0,
            error_code=None,
            error_text=None,
            payload=b"{}",
        )
        if rows:
            return int(rows[0][0]), True
        there = yield self._sql("get_message_row", number_id=route.number_id, wamid=wamid)
        row, _, its_conversation = there[0]
        if not its_conversation:  # an import held the place, without knowing whose it is
            yield self._sql("move_message", id=row, conversation_id=conversation_id)
        return int(row), False

    # -- files ------------------------------------------------------------------------------

    def _item(
        self, item: reception.Item, message_row: int, message: Message, route: Route, sent_at: float, *, is_new: bool
    ) -> Script[None]:
        """One file of a message. A gap is kept only while the message has no file; a file that comes later fills it."""
        ref, gap = item.ref, item.failed_because
        until = media.deadline(
            sent_at=sent_at, received_at=self._at, no_storage=route.no_storage, history=message.history
        )
        values = {
            "message_row": message_row,
            "media_id": ref.media_id,
            "kind": ref.kind,
            "declared_mime_type": ref.mime_type,
            "declared_sha256": ref.sha256,
            "declared_size": ref.size,
            "filename": ref.filename,
            "voice": int(ref.voice),
            "animated": int(ref.animated),
            "received_at": self._at,
            "deadline": until,
        }
        rows = []
        if not is_new and gap:
            if (yield self._sql("has_media", message_row=message_row))[0][0]:
                return
        elif not is_new:
            rows = yield self._sql("fill_gap", **values)
        if not rows:
            rows = yield self._sql(
                "insert_media",
                workspace_id=route.workspace_id,
                number_id=route.number_id,
                **values,
                stage=media.State.FAILED.value if gap else "open",
                ended_at=self._at if gap else None,
                outcome=reception.FAILED_OUTCOME.value if gap else None,
                reason=gap,
            )
        if not rows:
            return
        self._files += 1
        media_row = int(rows[0][0])
        if gap:
            yield from tell_of_media(self._sql, media_row, "media.failed", route.workspace_id, self._at)
            return
        yield self._sql(
            "insert_fetch",
            media_row=media_row,
            workspace_id=route.workspace_id,
            number_id=route.number_id,
            kind=ref.kind,
            due_at=self._due_at,
            received_at=self._at,
            deadline=until,
            url=ref.url,
            url_expires_at=ref.url_expires_at,
        )

    def _status(self, status: Status, route: Route) -> Call:
        return self._sql(
            "insert_status",
            number_id=route.number_id,
            wamid=status.wamid,
            status=status.status,
            recipient=status.recipient,
            at=status.at if status.at > 0 else self._at,
            error_code=status.error_code,
            error_text=status.error_text,
            webhook_id=self._webhook_id,
        )
