"""What people and programs look at: conversations, messages, files, attempts.

Reading only. A ``workspace_id`` of None means every workspace; with one, rows of others do not exist. Whether a file is
held is decided by ``core.gate`` on the gates that are set. Called by ``web`` and ``cli``.
"""

from collections.abc import Callable, Sequence

from penstock.adapters.db.port import Database, Row, Script
from penstock.core.errors import WrongUse
from penstock.core.gate import Board, Hosts, holds
from penstock.core.work import Attempt, Outcome
from penstock.ledger.files import Wanted, across
from penstock.ledger.held import gate_of, holding
from penstock.ledger.rows import Conversation, Media, Message, Page
from penstock.ledger.statements import Statements

_START, _END = float("-inf"), float("inf")
_LAST = (1 << 63) - 1
_STRETCHES = 400  # of one page, over all the workspaces that it looks through …
_FEW = 20  # … if those are so many at least
_SIFTED = 1_000  # waiting files that are looked at together for those that a gate holds

# Rows become values by position; the types of their columns are the schema's business.
_new_attempt: Callable[..., Attempt] = Attempt
_new_conversation: Callable[..., Conversation] = Conversation
_new_media: Callable[..., Media] = Media
_new_message: Callable[..., Message] = Message


class Shelf:
    """The read models."""

    def __init__(self, db: Database, sql: Statements, hosts: Hosts | None = None) -> None:
        self._db = db
        self._sql = sql
        self._hosts = hosts

    async def conversations(
        self, *, workspace_id: int | None, after: str | None = None, limit: int = 50
    ) -> Page[Conversation]:
        """Conversations, the one with the newest message first."""
        before_at, before_id = _place(after)

        def script() -> Script[Page[Conversation]]:
            found: list[Conversation] = []
            for workspace in (yield from self._workspaces(workspace_id, None)):
                rows = yield self._sql(
                    "list_conversations",
                    workspace_id=workspace,
                    before_at=before_at,
                    before_id=before_id,
                    limit=limit + 1,
                )
                found += [_conversation(row) for row in rows]
            found.sort(key=lambda item: (item.last_at, item.id), reverse=True)
            items = tuple(found[:limit])
            return Page(items, _cursor(items[-1].last_at, items[-1].id) if len(found) > limit else None)

        return await self._db.read(script)

    async def conversation(self, conversation_id: int, *, workspace_id: int | None) -> Conversation | None:
        """One conversation."""

        def script() -> Script[Conversation | None]:
            rows = yield self._sql("get_conversation", id=conversation_id, workspace_id=workspace_id or 0)
            return _conversation(rows[0]) if rows else None

        return await self._db.read(script)

    async def messages(
        self,
        conversation_id: int,
        *,
        workspace_id: int | None,
        before: str | None = None,
        limit: int = 50,
    ) -> Page[Message]:
        """A page of a conversation, oldest first within the page; ``next`` leads to the older ones."""
        before_at, before_id = _place(before)
        now = await self._db.now()

        def script() -> Script[Page[Message]]:
            rows = yield self._sql(
                "list_messages",
                conversation_id=conversation_id,
                workspace_id=workspace_id or 0,
                before_at=before_at,
                before_id=before_id,
                limit=limit + 1,
            )
            gates = yield from self.gates_script(now)
            items = []
            for row in reversed(rows[:limit]):
                files = yield self._sql("list_message_media", message_row=row[0])
                items.append(_message(row, files, gates, now))
            return Page(tuple(items), _cursor(items[0].sent_at, items[0].id) if len(rows) > limit else None)

        return await self._db.read(script)

    async def message(
        self,
        *,
        id: int | None = None,  # noqa: A002 -- it is the message's
        wamid: str | None = None,
        workspace_id: int | None,
    ) -> Message | None:
        """One message, by Penstock's row or by Meta's id."""
        everywhere = workspace_id or 0
        now = await self._db.now()

        def script() -> Script[Message | None]:
            row = id
            if row is None:
                found = yield self._sql("find_messages", wamid=wamid, workspace_id=everywhere)
                if not found:
                    return None
                row = int(found[0][0])
            gates = yield from self.gates_script(now)
            return (yield from self.message_script(row, gates, now, workspace_id=everywhere))

        return await self._db.read(script)

    async def media(self, media_row: int, *, workspace_id: int | None) -> Media | None:
        """One file."""
        now = await self._db.now()

        def script() -> Script[Media | None]:
            gates = yield from self.gates_script(now)
            return (yield from self.media_script(media_row, gates, now, workspace_id=workspace_id or 0))

        return await self._db.read(script)

    async def stage(self, media_row: int) -> tuple[str, float] | None:
        """Where a file stands ("open" while there is work on it), and its deadline. One that is gone has a row, too."""

        def script() -> Script[tuple[str, float] | None]:
            rows = yield self._sql("get_stage", id=media_row)
            return (str(rows[0][0]), float(rows[0][1])) if rows else None

        return await self._db.read(script)

    async def media_by_media_id(self, media_id: str, *, workspace_id: int | None) -> list[Media]:
        """The rows of one of Meta's media ids, newest first."""
        now = await self._db.now()

        def script() -> Script[list[Media]]:
            rows = yield self._sql("list_media_by_media_id", media_id=media_id, workspace_id=workspace_id or 0)
            gates = yield from self.gates_script(now)
            return [_media(row, gates, now) for row in rows]

        return await self._db.read(script)

    async def media_list(
        self,
        *,
        workspace: str | None = None,
        state: str | None = None,
        outcome: str | None = None,
        since: float | None = None,
        until: float | None = None,
        after: str | None = None,
        limit: int = 50,
        workspace_id: int | None = None,
    ) -> Page[Media]:
        """Files by filter, newest first. The state "held" means waiting behind a shut gate.

        A page is filled; but it looks at so many rows at most. With a filter that hardly any row passes it may be
        short, or empty, and still say where the next one begins.
        """
        _, before = _place(after)
        now = await self._db.now()
        end = _END if until is None else until
        at_once = max(limit, _SIFTED) if state == "held" else limit
        wanted = Wanted(state or "", outcome or "", since or _START, end, before, at_once)

        def script() -> Script[Page[Media]]:
            board = yield from self.gates_script(now)
            if state == "held" and not any(map(holds, board.gates.values())):
                return Page((), None)
            workspaces = yield from self._workspaces(workspace_id, workspace)
            found: list[Media] = []
            place = before
            for _ in range(max(1, _STRETCHES // max(_FEW, len(workspaces)))):
                rows, place = yield from across(self._sql, workspaces, wanted._replace(before=place))
                files = (_media(row, board, now) for row in rows)
                found += (file for file in files if state != "held" or file.held)
                if len(found) > limit or not place:
                    break
            items = tuple(found[:limit])
            more = items[-1].id if len(found) > limit else place
            return Page(items, _cursor(0.0, more) if more else None)

        return await self._db.read(script)

    async def attempts(self, media_row: int) -> list[Attempt]:
        """Every request made for a file, oldest first."""

        def script() -> Script[list[Attempt]]:
            rows = yield self._sql("list_attempts", media_row=media_row)
            return [_attempt(row) for row in rows]

        return await self._db.read(script)

    # -- parts of other reading scripts -----------------------------------------------------

    def message_script(self, row: int, gates: Board, now: float, *, workspace_id: int = 0) -> Script[Message | None]:
        """One message with its files, as part of a script."""
        rows = yield self._sql("get_message", id=row, workspace_id=workspace_id)
        if not rows:
            return None
        files = yield self._sql("list_message_media", message_row=rows[0][0])
        return _message(rows[0], files, gates, now)

    def media_script(self, row: int, gates: Board, now: float, *, workspace_id: int = 0) -> Script[Media | None]:
        """One file, as part of a script."""
        rows = yield self._sql("get_media", id=row, workspace_id=workspace_id)
        return _media(rows[0], gates, now) if rows else None

    def gates_script(self, now: float) -> Script[Board]:
        """The gates that are set, as part of a script."""
        rows = yield self._sql("list_gates", now=now)
        return Board((gate_of(row) for row in rows), self._hosts)

    def _workspaces(self, workspace_id: int | None, name: str | None) -> Script[list[int]]:
        """The workspaces that may be looked at, of which the caller wants the one of this name."""
        if workspace_id is not None and name is None:
            return [workspace_id]
        rows = yield self._sql("list_workspaces")
        return [row[0] for row in rows if workspace_id in (None, row[0]) and name in (None, row[1])]


def _attempt(row: Row) -> Attempt:
    fresh = None if row[17] is None else bool(row[17])
    return _new_attempt(*row[:10], Outcome(row[10]), *row[11:17], fresh)


def _conversation(row: Row) -> Conversation:
    return _new_conversation(*row[:5], bool(row[5]), *row[6:])


def _message(row: Row, files: Sequence[Row], gates: Board, now: float) -> Message:
    return _new_message(
        *row[:14],
        history=bool(row[14]),
        error_code=row[15],
        error_text=row[16],
        payload=row[17],
        media=tuple(_media(file, gates, now) for file in files),
    )


def _media(row: Row, gates: Board, now: float) -> Media:
    (id_, message_id, conversation_id, workspace, number, wamid, media_id, kind, state, *rest) = row
    app, credential = rest[-2:]
    held = None
    if state == "waiting":
        held = holding(
            gates,
            workspace=workspace,
            app=app,
            credential=credential,
            number=number,
            kind=kind,
            now=now,
        )
    facts = (
        id_,
        message_id,
        conversation_id,
        workspace,
        number,
        wamid,
        media_id,
        kind,
        state,
        held is not None,
    )
    return _new_media(*facts, *rest[:-4], voice=bool(rest[-4]), animated=bool(rest[-3]), gate=held)


def _cursor(at: float, row: int) -> str:
    """Where a page ended. ``repr`` of a float reads back as the same float."""
    return f"{at!r}.{row}"


def _place(cursor: str | None) -> tuple[float, int]:
    """The time and row before which a page begins. Raises WrongUse for what is not a cursor of ours."""
    if cursor is None:
        return _END, _LAST
    at, _, row = cursor.rpartition(".")
    try:
        place = float(at), int(row)
    except ValueError:
        place = 0.0, -1
    if not 0 <= place[1] <= _LAST:
        raise WrongUse("this cursor is not one that Penstock gave out; begin again without one")
    return place
