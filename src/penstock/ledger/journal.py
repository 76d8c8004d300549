"""The journal: every signed body as it came, and everything that was read from it, in one transaction.

Storing is idempotent by unique keys, so a body may come twice, at once or again years later, or be read again by a
better reader. What a message brings is decided by ``core.reception``; this store only carries it out. Called by the
receiver, by re-reading and by the audit.
"""

import json
from collections.abc import Mapping

from penstock.adapters.db.port import Call, Database, Row, Script
from penstock.core import media, reception
from penstock.core.updates import IdentityChange, Message, Reading, Status
from penstock.ledger import threads
from penstock.ledger.rows import JournaledBody, Receipt, Route, Stray
from penstock.ledger.statements import Statements


class Journal:
    """Receives, re-reads and shows journaled bodies."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def receive(
        self,
        *,
        app_id: int,
        body: bytes,
        signature: str,
        reading: Reading,
        routes: Mapping[str, Route],
        now: float,
    ) -> Receipt:
        """Store a signed body and all that was read from it; durable when it returns.

        Raises StoreUnavailable when nothing could be stored: then Meta must not be told that it was.
        """

        def script() -> Script[Receipt]:
            rows = yield self._sql(
                "insert_webhook",
                app_id=app_id,
                now=now,
                signature=signature,
                numbers=_registrations(reading, routes),
                problems="\n".join(reading.problems) or None,
                body=body,
            )
            return (yield from self._take(int(rows[0][0]), reading, routes, now))

        return await self._db.write(script)

    async def reread(
        self, *, body: JournaledBody, reading: Reading, routes: Mapping[str, Route], now: float
    ) -> Receipt:
        """Store what a body says once more: what is there stays, what was missed is added, quarantine is left.

        Files count from the body's own arrival, so that a late reading does not promise a longer life than Meta gives.
        """

        def script() -> Script[Receipt]:
            receipt = yield from self._take(body.id, reading, routes, body.received_at, due_at=now)
            rows = yield self._sql("get_webhook_numbers", id=body.id)
            known = set(json.loads(rows[0][0])) | set(json.loads(_registrations(reading, routes)))
            yield self._sql(
                "set_webhook_read",
                id=body.id,
                numbers=json.dumps(sorted(known)),
                problems="\n".join(reading.problems) or None,
            )
            for phone_number_id in reading.numbers & routes.keys():
                yield self._sql("delete_stray", phone_number_id=phone_number_id, webhook_id=body.id)
            return receipt

        return await self._db.write(script)

    async def bodies(self, *, after: int = 0, limit: int = 500) -> list[JournaledBody]:
        """Journaled bodies in the order of their arrival."""
        return await self._bodies("list_bodies", after=after, limit=limit)

    async def unread(self, *, after: int = 0, limit: int = 100) -> list[JournaledBody]:
        """Bodies of which something was not understood."""
        return await self._bodies("list_unread_bodies", after=after, limit=limit)

    async def stray_bodies(self, phone_number_id: str, *, after: int = 0, limit: int = 100) -> list[JournaledBody]:
        """Bodies that hold updates in quarantine for this number."""
        return await self._bodies("list_stray_bodies", phone_number_id=phone_number_id, after=after, limit=limit)

    async def strays(self) -> list[Stray]:
        """The numbers that nobody registered and that something came for."""

        def script() -> Script[list[Stray]]:
            rows = yield self._sql("list_strays")
            return [Stray(row[0], row[1] or "", *row[2:]) for row in rows]

        return await self._db.read(script)

    async def unread_count(self) -> int:
        """How many bodies hold something that was not understood."""

        def script() -> Script[int]:
            rows = yield self._sql("count_unread_bodies")
            return int(rows[0][0])

        return await self._db.read(script)

    async def _bodies(self, statement: str, **values: object) -> list[JournaledBody]:
        def script() -> Script[list[JournaledBody]]:
            rows = yield self._sql(statement, **values)
            return [JournaledBody(*row) for row in rows]

        return await self._db.read(script)

    # -- what one body brings ---------------------------------------------------------------

    def _take(
        self,
        webhook_id: int,
        reading: Reading,
        routes: Mapping[str, Route],
        at: float,
        due_at: float | None = None,
    ) -> Script[Receipt]:
        messages = files = statuses = duplicates = strays = 0
        for phone_number_id in reading.numbers:
            if phone_number_id not in routes:
                yield self._sql("insert_stray", phone_number_id=phone_number_id, webhook_id=webhook_id)
        for update in reading.updates:
            route = routes.get(update.phone_number_id)
            if route is None:
                strays += 1
                continue
            match update:
                case Message():
                    new, gained = yield from self._message(webhook_id, update, route, at, due_at or at)
                    messages += new
                    files += gained
                    duplicates += not (new or gained)
                case Status():
                    rows = yield self._status(webhook_id, update, route, at)
                    statuses += len(rows)
                    duplicates += not rows
                case IdentityChange():
                    yield from threads.follow(self._sql, route, update)
        return Receipt(webhook_id, messages, files, statuses, duplicates, strays)

    def _message(
        self, webhook_id: int, message: Message, route: Route, at: float, due_at: float
    ) -> Script[tuple[int, int]]:
        """Store a message with its files; returns how many of each are new."""
        sent_at = message.sent_at if 0 < message.sent_at <= at else at
        conversation_id = yield from threads.conversation_of(self._sql, route, message.party)
        rows = yield self._sql(
            "insert_message",
            workspace_id=route.workspace_id,
            number_id=route.number_id,
            wamid=message.wamid,
            conversation_id=conversation_id,
            webhook_id=webhook_id,
            direction=message.direction.value,
            kind=message.kind,
            sent_at=sent_at,
            now=at,
            sender=message.sender,
            sender_name=message.sender_name,
            text=message.text,
            reply_to=message.reply_to,
            original_wamid=message.original_wamid,
            history=int(message.history),
            error_code=message.error_code,
            error_text=message.error_text,
            payload=message.payload,
        )
        gained = 0
        if items := reception.items(message):
            if reception.home(message) != message.wamid:
                home = yield from self._placeholder(webhook_id, message, route, conversation_id, sent_at, at)
            else:
                home = rows
            message_row = yield from self._row_of(home, route, items[0].wamid)
            for item in items:
                gained += yield from self._item(item, message_row, message, route, at, due_at, sent_at)
        if rows:
            yield from self._tell(int(rows[0][0]), message, route, conversation_id, sent_at, at)
        return len(rows), gained

    def _row_of(self, inserted: list[Row], route: Route, wamid: str) -> Script[int]:
        """The row of a message that was inserted just now, or was there already."""
        rows = inserted or (yield self._sql("get_message_row", number_id=route.number_id, wamid=wamid))
        return int(rows[0][0])

    def _item(
        self,
        item: reception.Item,
        message_row: int,
        message: Message,
        route: Route,
        at: float,
        due_at: float,
        sent_at: float,
    ) -> Script[int]:
        ref, over = item.ref, item.failed_because
        until = media.deadline(sent_at=sent_at, received_at=at, no_storage=route.no_storage, history=message.history)
        rows = yield self._sql(
            "insert_media",
            workspace_id=route.workspace_id,
            number_id=route.number_id,
            message_row=message_row,
            media_id=ref.media_id,
            kind=ref.kind,
            declared_mime_type=ref.mime_type,
            declared_sha256=ref.sha256,
            declared_size=ref.size,
            filename=ref.filename,
            voice=int(ref.voice),
            animated=int(ref.animated),
            received_at=at,
            deadline=until,
            ended=media.State.FAILED.value if over else None,
            ended_at=at if over else None,
            outcome=reception.FAILED_OUTCOME.value if over else None,
            reason=over,
        )
        if rows and not over:
            yield self._sql(
                "insert_fetch",
                media_row=rows[0][0],
                workspace_id=route.workspace_id,
                number_id=route.number_id,
                kind=ref.kind,
                due_at=due_at,
                deadline=until,
                url=ref.url,
                url_expires_at=ref.url_expires_at,
            )
        return len(rows)

    def _placeholder(
        self,
        webhook_id: int,
        message: Message,
        route: Route,
        conversation_id: int,
        sent_at: float,
        at: float,
    ) -> Script[list[Row]]:
        """Hold the place of a message that an edit is about, unless it is there; the row if it was made now."""
        return (
            yield self._sql(
                "insert_message",
                workspace_id=route.workspace_id,
                number_id=route.number_id,
                wamid=reception.home(message),
                conversation_id=conversation_id,
                webhook_id=webhook_id,
                direction=message.direction.value,
                kind="placeholder",
                sent_at=sent_at,
                now=at,
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
        )

    def _tell(
        self,
        message_row: int,
        message: Message,
        route: Route,
        conversation_id: int,
        sent_at: float,
        at: float,
    ) -> Script[None]:
        """Put a new message at the end of its conversation and into the feed."""
        title = (message.sender_name if message.party.group_id is None else None) or message.party.name or ""
        rows = yield self._sql(
            "touch_conversation",
            conversation_id=conversation_id,
            sent_at=sent_at,
            text=message.text,
            kind=message.kind,
            direction=message.direction.value,
            title=title if message.direction == "in" or message.party.name else "",
        )
        yield self._sql(
            "insert_event",
            workspace_id=route.workspace_id,
            kind="message.received",
            at=at,
            conversation_id=conversation_id,
            seq=rows[0][0],
            message_row=message_row,
            media_row=None,
            outcome=None,
            reason=None,
        )

    def _status(self, webhook_id: int, status: Status, route: Route, at: float) -> Call:
        return self._sql(
            "insert_status",
            number_id=route.number_id,
            wamid=status.wamid,
            status=status.status,
            recipient=status.recipient,
            at=status.at if status.at > 0 else at,
            error_code=status.error_code,
            error_text=status.error_text,
            webhook_id=webhook_id,
        )


def _registrations(reading: Reading, routes: Mapping[str, Route]) -> str:
    """The registrations that a body is read for, as the JSON array of the journal's column."""
    return json.dumps(sorted(routes[number].number_id for number in reading.numbers if number in routes))
