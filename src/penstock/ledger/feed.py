"""The feed of events out, in the order of their commits.

An entry names its message or file; what it shows is read from the rows when it is asked for. Called by the web room.
"""

from penstock.adapters.db.port import Database, Script
from penstock.ledger.rows import Event
from penstock.ledger.shelf import Shelf
from penstock.ledger.statements import Statements


class Feed:
    """Events by position."""

    def __init__(self, db: Database, sql: Statements, shelf: Shelf) -> None:
        self._db = db
        self._sql = sql
        self._shelf = shelf

    async def after(self, position: int, *, workspace_id: int | None, limit: int = 100) -> list[Event]:
        """The events after a position, oldest first."""
        everywhere = workspace_id or 0
        now = await self._db.now()

        def script() -> Script[list[Event]]:
            rows = yield self._sql("list_events", after=position, workspace_id=everywhere, limit=limit)
            events = []
            for id_, kind, at, workspace, conversation_id, seq, message_row, media_row in rows:
                message = media = None
                if message_row is not None:
                    message = yield from self._shelf.message_script(message_row, everywhere, now)
                if media_row is not None:
                    media = yield from self._shelf.media_script(media_row, everywhere, now)
                events.append(Event(id_, kind, at, workspace, conversation_id, seq, message, media))
            return events

        return await self._db.read(script)

    async def last(self) -> int:
        """The newest position; 0 when nothing happened yet."""

        def script() -> Script[int]:
            rows = yield self._sql("last_event")
            return int(rows[0][0])

        return await self._db.read(script)
