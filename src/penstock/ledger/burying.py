"""How messages and files go: what is left of them is a row that says nothing, so that they cannot come back.

Whatever ends a message ends its files with it, whoever has them: the work on a file is taken away with its fence, so a
fetcher that is downloading it records nothing any more. Its bytes are noted as doomed in the same transaction, and are
deleted when that fetcher must have let go. Parts of scripts, not a store; used by ``erasing``, ``keeping`` and the
journal.
"""

import json
from collections.abc import Iterable, Sequence

import msgspec

from penstock.adapters.db.port import Row, Script
from penstock.core import tombstone
from penstock.core.filekey import Key, key
from penstock.ledger.statements import Statements

LET_GO_S = 10.0  # so long after its lease a fetcher has certainly let go of a file
_NOTHING = b"{}"
_IMPORTED = "import:"
_TOLD = ("declared_mime_type", "declared_sha256", "declared_size", "filename")


class Buried(msgspec.Struct, frozen=True):
    """What a step has ended."""

    messages: int = 0
    files: int = 0
    imports: int = 0
    left: int = 0  # messages that stay, because a file of theirs is still to come

    def plus(self, more: "Buried") -> "Buried":
        """The sum of two steps."""
        return Buried(*(mine + theirs for mine, theirs in zip(_counts(self), _counts(more), strict=True)))


def erase_messages(sql: Statements, rows: Sequence[int], *, now: float) -> Script[Buried]:
    """End messages with all their files, open ones included, and with imports of the same files."""
    homes = yield sql("list_import_homes", ids=json.dumps(list(rows)))
    messages = yield sql("lock_messages", ids=json.dumps(sorted({*rows, *(int(row[0]) for row in homes)})))
    buried = yield from _bury(sql, messages, now=now, without_trace=False)
    yield from _tidy(sql, messages)
    return buried


def throw_messages(sql: Statements, rows: Sequence[int], *, now: float) -> Script[Buried]:
    """End messages that are past their time. One whose file is still to come stays, and so does its file.

    A message without files leaves no row: nothing is counted by it.
    """
    messages = yield sql("lock_messages", ids=json.dumps(list(rows)))
    files = yield sql("list_files_of", ids=json.dumps([row[0] for row in messages]))
    waited_for = {row[1] for row in files if row[3] == "open"}
    going = [row for row in messages if row[0] not in waited_for]
    buried = yield from _bury(sql, going, now=now, without_trace=True)
    yield from _tidy(sql, going)
    return msgspec.structs.replace(buried, left=len(messages) - len(going))


def throw_files(sql: Statements, rows: Sequence[int], *, now: float) -> Script[int]:
    """End files that are past their time; their messages stay. How many; one that is still to come is not touched."""
    counts = yield sql.many("erase_old_file", [{"media_row": row, "now": now} for row in rows])
    thrown = [row for row, (count,) in zip(rows, counts, strict=True) if count]
    yield sql.many("doom", [{"media_row": row, "due_at": now} for row in thrown])
    yield sql.many("delete_trace_exchanges_of", [{"media_row": row} for row in thrown])
    return len(thrown)


def depart(sql: Statements, keys: Iterable[Key]) -> Script[None]:
    """Remember files whose body leaves the journal, or leaves them out from now on."""
    rows = [each._asdict() for each in sorted(keys)]
    if rows:
        yield sql.many("insert_departed", rows)


def returned(sql: Statements, messages: Sequence[tuple[int, str, int]]) -> Script[set[int]]:
    """Take back what was stored just now although it is gone; each is (number, wamid, row). The rows that are no more.

    It is asked after they were stored: whoever was ending one of them at the same moment has ended it by then.
    """
    if not (yield sql("any_gone"))[0][0]:
        return set()
    names = {(number_id, tombstone.name(wamid)): row for number_id, wamid, row in messages}
    found = yield sql("find_gone", names=json.dumps([name for _, name in names]))
    rows = {names[each] for number_id, name in found if (each := (number_id, name)) in names}
    for row in sorted(rows):
        yield sql("delete_message", id=row)
    return rows


def is_gone(sql: Statements, number_id: int, wamid: str) -> Script[int | None]:
    """The row that is left of a message that is gone; None when it is not."""
    rows = yield sql("get_gone", number_id=number_id, name=tombstone.name(wamid))
    return int(rows[0][0]) if rows else None


def add_erased(sql: Statements, home: int, values: dict[str, object], *, now: float) -> Script[bool]:
    """A file that comes for a message which is gone: it is counted, and never fetched. Whether it is a new one."""
    name = tombstone.name(str(values["media_id"]))
    if not name and (yield sql("has_media", message_row=home))[0][0]:
        return False
    if name and (yield sql("fill_gone_gap", message_row=home, name=name)):
        return False
    told = values | dict.fromkeys(_TOLD) | {"message_row": home, "media_id": name}
    rows = yield sql("insert_media", **told, stage="erased", ended_at=now, outcome=None, reason=None)
    return bool(rows)


# -- parts of the scripts above ---------------------------------------------------------------------


def _bury(sql: Statements, messages: list[Row], *, now: float, without_trace: bool) -> Script[Buried]:
    """End these messages, each (row, number, wamid, conversation)."""
    if not messages:
        return Buried()
    files = yield sql("list_files_of", ids=json.dumps([row[0] for row in messages]))
    ended = yield from _bury_files(sql, files, now)
    imports = yield from _forget_imports(sql, messages)
    with_files = {row[1] for row in files}
    nameless = []
    for row in messages:
        id_, number_id, wamid, _ = row
        yield sql("delete_statuses_of", number_id=number_id, wamid=wamid)
        if not (without_trace and id_ not in with_files and (yield sql("delete_old_message", id=id_))):
            nameless.append({"id": id_, "name": tombstone.name(wamid), "nothing": _NOTHING})
    yield sql.many("erase_message", nameless)
    return Buried(len(messages), ended, imports)


def _bury_files(sql: Statements, files: list[Row], now: float) -> Script[int]:
    """End files, each (row, message, media id, stage); how many had not ended so before."""
    if not files:
        return 0
    rows = [row[0] for row in files]
    worked_on = yield sql("drop_fetches", ids=json.dumps(rows))
    leased_until: dict[int, float] = {row: until for row, until in worked_on if until is not None}
    doomed = []
    for row, _, media_id, stage in files:
        name = tombstone.name(media_id)
        if stage == "erased":
            yield sql("rename_file", media_row=row, name=name)
            continue
        yield sql("erase_file", media_row=row, name=name, now=now)
        due_at = leased_until[row] + LET_GO_S if row in leased_until else now
        doomed.append({"media_row": row, "due_at": max(now, due_at)})
    yield sql.many("doom", doomed)
    yield sql.many("delete_attempts_of", [{"media_row": row} for row in rows])
    yield sql.many("delete_trace_exchanges_of", [{"media_row": row} for row in rows])
    return len(doomed)


def _forget_imports(sql: Statements, messages: list[Row]) -> Script[int]:
    """Imports of these messages go, and stay counted."""
    keys = {(row[1], row[2]) for row in messages}
    named = {(number_id, "" if wamid.startswith(_IMPORTED) else wamid) for number_id, wamid in keys}
    found = yield sql("list_imports_of", messages=json.dumps(sorted(named)))
    gone = [row for row in found if row[1] or (row[0], _IMPORTED + row[2]) in keys]
    if gone:
        yield from depart(sql, {key(*row) for row in gone})
        yield sql.many("delete_import", [{"number_id": row[0], "wamid": row[1], "media_id": row[2]} for row in gone])
    return len(gone)


def _tidy(sql: Statements, messages: list[Row]) -> Script[None]:
    """Conversations that lost messages show what is left; one in which nothing is left goes, with all its names."""
    for conversation_id in sorted({row[3] for row in messages} - {0}):
        yield from close(sql, conversation_id)
        yield sql("refresh_conversation", id=conversation_id)


def close(sql: Statements, conversation_id: int) -> Script[bool]:
    """Let a conversation go when nothing is left in it; whether it went."""
    yield sql("lock_conversation", id=conversation_id)
    if (yield sql("has_messages", conversation_id=conversation_id))[0][0]:
        return False
    yield sql("delete_aliases", conversation_id=conversation_id)
    yield sql("delete_conversation", id=conversation_id)
    return True


def _counts(buried: Buried) -> tuple[int, ...]:
    return msgspec.structs.astuple(buried)
