"""The feed of events out, in the order of their commits.

On SQLite transactions commit one after the other, and an event's row number is its position. On PostgreSQL they commit
in another order than they take row numbers, so a position is given out after the commit, by ``stamp``; what has none
yet is not in the feed. An entry names its message or file; what it shows is read from the rows when it is asked for.
Entries are written in the transaction of what they tell, by the journal's intake and the queue. Read by the web room.
"""

from collections.abc import Callable, Sequence

from penstock.adapters.db.port import Call, Database, Row, Script
from penstock.core.gate import Board
from penstock.ledger.rows import Event
from penstock.ledger.shelf import Shelf
from penstock.ledger.statements import Statements

_new_event: Callable[..., Event] = Event  # rows become values by position


class Feed:
    """Events by position."""

    def __init__(self, db: Database, sql: Statements, shelf: Shelf) -> None:
        self._db = db
        self._sql = sql
        self._shelf = shelf

    async def after(self, position: int, *, workspace_id: int | None, limit: int = 100) -> list[Event]:
        """The events after a position, oldest first. Those of which the message or file is gone are passed over."""
        now = await self._db.now()

        def script() -> Script[list[Event]]:
            gates = yield from self._shelf.gates_script(now)
            events: list[Event] = []
            place = position
            while len(events) < limit:
                rows = yield self._page(workspace_id, place, limit)
                for row in rows:
                    event = yield from self._event(row, gates, now)
                    events += [event] if event is not None else []
                if len(rows) < limit:
                    break
                place = rows[-1][0]
            return events[:limit]

        return await self._db.read(script)

    def _page(self, workspace_id: int | None, after: int, limit: int) -> Call:
        if workspace_id is None:
            return self._sql("list_events", after=after, limit=limit)
        return self._sql("list_events_of_workspace", workspace_id=workspace_id, after=after, limit=limit)

    def _event(self, row: Row, gates: Board, now: float) -> Script[Event | None]:
        """An event with what it is about; None when that is gone."""
        message = media = None
        message_row, media_row = row[6:]
        if message_row is not None:
            message = yield from self._shelf.message_script(message_row, gates, now)
        if media_row is not None:
            media = yield from self._shelf.media_script(media_row, gates, now)
        is_gone = (message_row is not None and message is None) or (media_row is not None and media is None)
        return None if is_gone else _new_event(*row[:6], message, media)

    async def stamp(self, *, limit: int = 2_000) -> int:
        """Give positions to events that have none; how many. Two who do it at once come one after the other."""

        def script() -> Script[int]:
            last = int((yield self._sql("last_stamp"))[0][0])
            given = len((yield self._sql("stamp_events", after=last, limit=limit)))
            if given:
                yield self._sql("set_stamp", position=last + given)
            return given

        return await self._db.write(script)

    async def unstamped(self) -> bool:
        """Whether there are events without a position."""

        def script() -> Script[bool]:
            rows = yield self._sql("has_unstamped")
            return bool(rows[0][0])

        return await self._db.read(script)

    async def last(self) -> int:
        """The newest position; 0 when nothing happened yet."""

        def script() -> Script[int]:
            rows = yield self._sql("last_event")
            return int(rows[0][0])

        return await self._db.read(script)


def tell_of_media(sql: Statements, media_row: int, kind: str, workspace_id: int, at: float) -> Script[None]:
    """Put what happened to a file into the feed, in the order of its conversation if it has one."""
    yield from tell_of_files(sql, [(media_row, kind, workspace_id, at)])


def tell_of_files(sql: Statements, told: Sequence[tuple[int, str, int, float]]) -> Script[None]:
    """Put what happened to files into the feed, in the order of their conversations: (file, kind, workspace, when)."""
    threads = yield sql.many("next_seq", [{"media_row": media_row} for media_row, *_ in told])
    events = []
    for (media_row, kind, workspace_id, at), (conversation_id, *seq) in zip(told, threads, strict=True):
        thread = (conversation_id, *seq)
        if conversation_id is None:
            # It belongs to none, or to one that was being merged into another: then that one is found now.
            rows = yield sql("next_seq", media_row=media_row)
            thread = rows[0] if rows else (None, None)
        events.append(
            {
                "workspace_id": workspace_id,
                "kind": kind,
                "at": at,
                "conversation_id": thread[0],
                "seq": thread[1],
                "message_row": None,
                "media_row": media_row,
            }
        )
    yield sql.many("insert_event", events)
