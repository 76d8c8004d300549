"""Everything that is kept of one customer: where it is, and how it goes, in steps that are small and may be repeated.

A customer is all the names that ever led to their conversations. Each step is a transaction of its own, so that
webhooks need not wait, and finds nothing when it was done before. Which step comes when is ``flow.erasing``'s. What
leaves the journal leaves its keys behind; what leaves the rows leaves tombstones (``burying``).
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from penstock.adapters.db.port import Database, Script
from penstock.core.redaction import Who, is_about, needles, redacted
from penstock.ledger import burying
from penstock.ledger.burying import Buried
from penstock.ledger.journal import redact
from penstock.ledger.statements import Statements

_GROUPS = 200
_WHOLE = ""  # the place before every status of a number


class Scope(NamedTuple):
    """Where a customer is looked for: one workspace, or all of them."""

    workspace_id: int  # 0: all
    registrations: dict[int, str]  # id → phone_number_id, of every number that there ever was there

    @property
    def numbers(self) -> frozenset[str] | None:
        """The phone number ids to look at in a body; None when nothing in it is of others."""
        return frozenset(self.registrations.values()) if self.workspace_id else None


class Subject(NamedTuple):
    """A customer, as far as they are known."""

    person: Who
    conversations: tuple[int, ...]  # with them alone


class Standing(msgspec.Struct, frozen=True):
    """What a conversation has in it."""

    messages: int = 0
    files: int = 0
    bytes: int = 0
    to_come: int = 0  # of the files


class Status(NamedTuple):
    """The key of a status."""

    number_id: int
    wamid: str
    status: str
    recipient: str


class Erasing:
    """Looks for a customer, and erases what it finds."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    # -- who, and where ---------------------------------------------------------------------

    async def scope(self, workspace: str | None, workspace_id: int) -> Scope:
        """What belongs to a workspace of this name and row; with None, everything."""

        def script() -> Script[Scope]:
            rows = yield self._sql("list_registrations")
            mine = {int(row[0]): str(row[1]) for row in rows if workspace in (None, row[2])}
            return Scope(workspace_id, mine)

        return await self._db.read(script)

    async def subject(self, aliases: Sequence[str], scope: Scope) -> Subject:
        """Everything that leads to the same conversations as these aliases do."""

        def script() -> Script[Subject]:
            known: set[str] = set()
            conversations: set[int] = set()
            asked = set(aliases)
            while asked:
                known |= asked
                found: set[int] = set()
                for alias in sorted(asked):
                    rows = yield self._sql("find_conversations_of", alias=alias, workspace_id=scope.workspace_id)
                    found |= {int(row[0]) for row in rows}
                asked = set()
                for conversation_id in sorted(found - conversations):
                    rows = yield self._sql("list_aliases_of", conversation_id=conversation_id)
                    asked |= {str(row[0]) for row in rows} - known
                conversations |= found
            names = frozenset(alias.partition(":")[2] for alias in known)
            return Subject(Who(names), tuple(sorted(conversations)))

        return await self._db.read(script)

    async def standing(self, conversation_id: int) -> Standing:
        """What is in a conversation."""

        def script() -> Script[Standing]:
            rows = yield self._sql("count_of_conversation", conversation_id=conversation_id)
            return Standing(*(int(each) for each in rows[0]))

        return await self._db.read(script)

    # -- messages ---------------------------------------------------------------------------

    async def messages(self, conversation_id: int, *, limit: int) -> list[int]:
        """The first messages of a conversation."""

        def script() -> Script[list[int]]:
            rows = yield self._sql("list_first_messages", conversation_id=conversation_id, limit=limit)
            return [int(row[0]) for row in rows]

        return await self._db.read(script)

    async def groups(self, scope: Scope, *, after: int) -> list[int]:
        """Conversations of groups, in the order of their rows; empty behind the last one."""

        def script() -> Script[list[int]]:
            rows = yield self._sql("list_groups", workspace_id=scope.workspace_id, after=after, limit=_GROUPS)
            return [int(row[0]) for row in rows]

        return await self._db.read(script)

    async def in_group(
        self, conversation_id: int, person: Who, *, place: tuple[float, int], limit: int
    ) -> tuple[list[int], tuple[float, int] | None]:
        """Which of a group's next messages the customer wrote, and where to go on; None at the end."""

        def script() -> Script[tuple[list[int], tuple[float, int] | None]]:
            at, after = place
            rows = yield self._sql(
                "list_group_messages", conversation_id=conversation_id, at=at, after=after, limit=limit
            )
            theirs = [int(row[1]) for row in rows if is_about(person, row[2], row[3])]
            return theirs, (rows[-1][0], rows[-1][1]) if len(rows) == limit else None

        return await self._db.read(script)

    async def imported(self, person: Who, scope: Scope) -> list[int]:
        """Messages that only an import knows of, and whose id says that they are the customer's."""

        def script() -> Script[list[int]]:
            rows = yield self._sql("list_imports")
            found: set[int] = set()
            for wamid in sorted({str(row[2]) for row in rows if person.is_told_by(row[2])}):
                messages = yield self._sql("find_messages", wamid=wamid, workspace_id=scope.workspace_id)
                found |= {int(row[0]) for row in messages}
            return sorted(found)

        return await self._db.read(script)

    async def erase(self, rows: Sequence[int], *, now: float) -> Buried:
        """End messages, with their files, statuses, imports and attempts."""
        return await self._db.write(lambda: burying.erase_messages(self._sql, rows, now=now))

    async def close(self, conversation_id: int) -> bool:
        """Let a conversation go in which nothing is left; whether it went."""
        return await self._db.write(lambda: burying.close(self._sql, conversation_id))

    # -- statuses ---------------------------------------------------------------------------

    async def statuses(self, person: Who, after: Status, *, limit: int) -> tuple[list[Status], Status | None]:
        """Which of a number's next statuses are of the customer, and where to go on; None at the end."""

        def script() -> Script[tuple[list[Status], Status | None]]:
            rows = yield self._sql("list_statuses", **after._asdict(), limit=limit)
            page = [Status(after.number_id, *row[:3]) for row in rows]
            theirs = [each for each in page if person.is_named(each.recipient) or person.is_named(each.wamid)]
            return theirs, page[-1] if len(page) == limit else None

        return await self._db.read(script)

    async def forget_statuses(self, statuses: Sequence[Status]) -> int:
        """Delete statuses; how many there were."""

        def script() -> Script[int]:
            counts = yield self._sql.many("delete_status", [each._asdict() for each in statuses])
            return sum(count for (count,) in counts)

        return await self._db.write(script) if statuses else 0

    # -- the journal ------------------------------------------------------------------------

    async def stretch(self, *, after: int, limit: int) -> tuple[int, int]:
        """(the last of the next bodies, how many they are)."""

        def script() -> Script[tuple[int, int]]:
            rows = yield self._sql("body_stretch", after=after, limit=limit)
            return int(rows[0][0]), int(rows[0][1])

        return await self._db.read(script)

    async def bodies(self, person: Who, scope: Scope, *, after: int, last: int) -> list[int]:
        """Bodies of a stretch from which something would be taken out."""

        def script() -> Script[list[int]]:
            texts = json.dumps(needles(person))
            found = []
            for (id_,) in (yield self._sql("find_bodies", after=after, last=last, needles=texts)):
                rows = yield self._sql("get_body", id=id_)
                if rows and redacted(bytes(rows[0][3]), person, numbers=scope.numbers) is not None:
                    found.append(int(id_))
            return found

        return await self._db.read(script)

    async def redact(self, webhook_id: int, person: Who, scope: Scope, *, why: str, now: float) -> bool:
        """Take the customer out of a body, which says so from then on; whether they were in it."""

        def script() -> Script[bool]:
            yield self._sql("lock_body", id=webhook_id)
            rows = yield self._sql("get_body", id=webhook_id)
            if not rows:
                return False
            body = bytes(rows[0][3])
            registrations: dict[int, str] = {}
            for number_id in json.loads(rows[0][4]):
                told = yield self._sql("get_registration", id=number_id)
                registrations |= {int(row[0]): str(row[1]) for row in told}
            return (
                yield from redact(
                    self._sql, webhook_id, body, registrations, person, at=now, why=why, numbers=scope.numbers
                )
            )

        return await self._db.write(script)

    # -- the feed ---------------------------------------------------------------------------

    async def sweep_events(self, *, after: int, limit: int) -> tuple[int, int | None]:
        """Delete those of the next events of which the message is gone: (how many, where to go on)."""

        def look() -> Script[tuple[list[int], int, int]]:
            last, count = (yield self._sql("event_stretch", after=after, limit=limit))[0]
            rows = yield self._sql("list_gone_events", after=after, last=last)
            return [int(row[0]) for row in rows], int(last), int(count)

        found, last, count = await self._db.read(look)

        def script() -> Script[int]:
            counts = yield self._sql.many("delete_event", [{"id": each} for each in found])
            return sum(deleted for (deleted,) in counts)

        return await self._db.write(script) if found else 0, last if count == limit else None


def first_status(number_id: int) -> Status:
    """The place before every status of a number."""
    return Status(number_id, _WHOLE, _WHOLE, _WHOLE)
