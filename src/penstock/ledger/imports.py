"""Media ids brought from elsewhere: what another system failed to fetch.

An imported row is remembered on its own, apart from the media row that it makes, so that the audit can count it again.
Called by ``penstock import media``.
"""

import msgspec

from penstock.adapters.db.port import Database, Row, Script
from penstock.core import media
from penstock.core.errors import NotFound
from penstock.ledger import burying
from penstock.ledger.statements import Statements

_AT_ONCE = 1_000  # rows of one transaction


class ImportRow(msgspec.Struct, frozen=True):
    """One line of an import: which of Meta's media ids, at which number, and what is known of it."""

    media_id: str
    phone_number_id: str
    wamid: str = ""
    kind: str = "document"
    mime_type: str | None = None
    sha256: bytes | None = None
    received_at: float | None = None  # epoch seconds; its seven days count from there


class Imports:
    """Takes imported rows in."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def add(self, rows: list[ImportRow], *, workspace: str, now: float) -> tuple[int, int]:
        """Put rows to work; (new ones, known ones). A row that is known changes nothing.

        Raises NotFound, before anything is changed, when a number is not registered in this workspace. Many rows are
        several transactions, so that webhooks need not wait; after an interruption, import the same rows again.
        """
        numbers = {row.phone_number_id for row in rows}
        await self._db.read(lambda: self._numbers(numbers, workspace))
        new = 0
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]

            def script(part: list[ImportRow] = part) -> Script[int]:
                known = yield from self._numbers({row.phone_number_id for row in part}, workspace)
                added = 0
                for row in part:
                    added += yield from self._one(row, known[row.phone_number_id], now)
                return added

            new += await self._db.write(script)
        return new, len(rows) - new

    def _numbers(self, phone_number_ids: set[str], workspace: str) -> Script[dict[str, Row]]:
        """The registrations of numbers in a workspace. Raises NotFound."""
        found: dict[str, Row] = {}
        for phone_number_id in sorted(phone_number_ids):
            rows = yield self._sql("get_number", phone_number_id=phone_number_id)
            if not rows or rows[0][3] != workspace:
                raise NotFound(
                    f"number {phone_number_id} is not registered in workspace {workspace}; "
                    "add it with `penstock number add`, then import again"
                )
            found[phone_number_id] = rows[0]
        return found

    def _one(self, row: ImportRow, number: Row, now: float) -> Script[int]:
        number_id, workspace_id, no_storage = number[0], number[2], bool(number[8])
        at = min(row.received_at, now) if row.received_at is not None else now
        until = media.deadline(sent_at=at, received_at=at, no_storage=no_storage)
        if not row.wamid:
            there = yield self._sql("find_media_of_number", media_id=row.media_id, number_id=number_id)
            if there:
                return 0
        message_row = yield from self._message_row(row, number_id, workspace_id, at)
        if not message_row:
            return 0
        values = {
            "message_row": message_row,
            "media_id": row.media_id,
            "kind": row.kind,
            "declared_mime_type": row.mime_type,
            "declared_sha256": row.sha256,
            "declared_size": None,
            "filename": None,
            "voice": 0,
            "animated": 0,
            "received_at": at,
            "deadline": until,
        }
        rows = yield self._sql("fill_gap", **values)
        if not rows:
            rows = yield self._sql(
                "insert_media",
                workspace_id=workspace_id,
                number_id=number_id,
                **values,
                stage="open",
                ended_at=None,
                outcome=None,
                reason=None,
            )
        if not rows:
            return 0
        yield self._sql(
            "insert_import",
            number_id=number_id,
            wamid=row.wamid,
            media_id=row.media_id,
            workspace_id=workspace_id,
            now=now,
            line=msgspec.json.encode(row).decode(),
        )
        yield self._sql(
            "insert_fetch",
            media_row=rows[0][0],
            workspace_id=workspace_id,
            number_id=number_id,
            kind=row.kind,
            due_at=now,
            received_at=at,
            deadline=until,
            url=None,
            url_expires_at=None,
        )
        return 1

    def _message_row(self, row: ImportRow, number_id: int, workspace_id: int, at: float) -> Script[int]:
        """The message that the file belongs to, or a place held for it until it comes; 0 when it has been erased."""
        wamid = row.wamid or f"import:{row.media_id}"
        rows = yield self._sql(
            "insert_message",
            workspace_id=workspace_id,
            number_id=number_id,
            wamid=wamid,
            conversation_id=0,
            webhook_id=0,
            direction="in",
            kind="placeholder",
            sent_at=at,
            now=at,
            sender=None,
            sender_name=None,
            text=None,
            reply_to=None,
            original_wamid=None,
            history=0,
            error_code=None,
            error_text=None,
            payload=b"{}",
        )
        if not rows:
            rows = yield self._sql("get_message_row", number_id=number_id, wamid=wamid)
        elif (yield from burying.returned(self._sql, [(number_id, wamid, int(rows[0][0]))])):
            rows = []
        return int(rows[0][0]) if rows else 0
