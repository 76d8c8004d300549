"""The audit log: who changed what, why, and what it was before and after; only ever added to, chained by hash.

An entry is written in the transaction of the change that it tells of, by ``entered``, as the last thing of that script:
until the commit it holds the head, and everybody else who changes something waits for it. No secret is ever in an
entry. What the chain is and shows, is ``core.chain``'s. Used by the stores of what is changed, by ``penstock audit``
and by those who show it.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from penstock.adapters.db.port import Database, Row, Script
from penstock.core import chain
from penstock.core.errors import Unreachable
from penstock.ledger.statements import Statements

_PAGE = 500  # entries that are checked at once
_TOLD = 5  # problems that are told one by one
_LAST = (1 << 63) - 1


class Entry(msgspec.Struct, frozen=True):
    """One change. ``subject``, ``before`` and ``after`` are what JSON can hold, and never a secret."""

    who: str  # "cli:anna", "token:console", "breaker"
    action: str  # "gate.shut"
    subject: Mapping[str, object] | str
    why: str = ""
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


class Author(NamedTuple):
    """Who makes a change, and why; a store that is bound to one writes its entries in this name."""

    who: str
    why: str = ""


NOBODY = Author("penstock")  # a change that nobody in particular made: a demonstration, a test


class Recorded(msgspec.Struct, frozen=True):
    """An entry in its place."""

    number: int  # from 1
    at: float  # epoch seconds
    entry: Entry
    digest: bytes


class Verified(msgspec.Struct, frozen=True):
    """What following the whole chain showed."""

    entries: int
    head: str  # the digest of the last entry in hex
    problems: tuple[str, ...]
    unseen: tuple[str, ...] = ()  # of the heads that were to be looked for: those that are not in the chain

    @property
    def ok(self) -> bool:
        """Whether every entry is as it was written, and every head that was noted before is still in the chain."""
        return not self.problems


class AuditLog:
    """What was changed, in order."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def append(self, entry: Entry, *, now: float) -> int:
        """Add an entry that belongs to no other transaction; its number."""
        return await self._db.write(lambda: entered(self._sql, entry, now))

    async def read(self, *, after: int = 0, limit: int = 100) -> list[Recorded]:
        """Entries in their order, from the one behind ``after`` on."""

        def script() -> Script[list[Recorded]]:
            rows = yield self._sql("list_audit_log", after=after, last=_LAST, limit=limit)
            return [_recorded(row) for row in rows]

        return await self._db.read(script)

    async def latest(self, *, since: float = 0.0, before: int | None = None, limit: int = 100) -> list[Recorded]:
        """The last entries since a time and before a number, the newest last."""

        def script() -> Script[list[Recorded]]:
            at_most = _LAST if before is None else before
            rows = yield self._sql("list_audit_log_back", before=at_most, since=since, limit=limit)
            return [_recorded(row) for row in reversed(rows)]

        return await self._db.read(script)

    async def between(self, since: float, until: float, *, limit: int = 100) -> list[Recorded]:
        """The first entries of a time, the oldest first."""

        def script() -> Script[list[Recorded]]:
            rows = yield self._sql("list_audit_log_between", since=since, until=until, limit=limit)
            return [_recorded(row) for row in rows]

        return await self._db.read(script)

    async def head(self) -> chain.Head:
        """How many entries there are and the digest of the last one, as they were kept. Nothing is checked."""

        def script() -> Script[chain.Head]:
            return _head((yield self._sql("get_audit_head")))

        return await self._db.read(script)

    async def verify(self, *, seen: tuple[str, ...] = ()) -> Verified:
        """Follow the whole chain, page by page, as far as it had come; ``seen`` are heads in hex that must be in it."""

        def begin() -> Script[tuple[chain.Head, int]]:
            rows = yield self._sql("get_audit_head")
            return _head(rows), int(rows[0][2])

        noted, last = await self._db.read(begin)
        head = chain.START
        problems: list[str] = []
        unseen = {each.lower() for each in seen} - {head.digest.hex()}
        while page := await self._page(head.entries, last):
            head, wrong = chain.follow(head, [chain.Kept(int(row[0]), row[2], row[3]) for row in page])
            problems += wrong
            problems += [fault for row in page if (fault := _beside(row)) is not None]
            unseen -= {bytes(row[3]).hex() for row in page}
        if (wrong_end := chain.ended(head, noted)) is not None:
            problems.append(wrong_end)
        lost = tuple(each for each in seen if each.lower() in unseen)
        problems += [
            f"the audit log does not hold the head {each[:64]}, which was noted before: it was rewritten"
            for each in lost
        ]
        if len(problems) > _TOLD:
            problems[_TOLD:] = [f"and {len(problems) - _TOLD} more problems of the audit log like these"]
        return Verified(head.entries, head.digest.hex(), tuple(problems), lost)

    async def _page(self, after: int, last: int) -> list[Row]:
        def script() -> Script[list[Row]]:
            return (yield self._sql("list_audit_log", after=after, last=last, limit=_PAGE))

        return await self._db.read(script)


def entered(sql: Statements, entry: Entry, now: float) -> Script[int]:
    """The part of a script that adds an entry; its number. It comes last in the script, for it holds the head."""
    head = _head((yield sql("lock_audit_head")))
    number = head.entries + 1
    body = chain.canonical({"number": number, "at": now, **_plain(entry)})
    grown = chain.after(head, body)
    yield sql("insert_audit_entry", number=number, at=now, entry=body, digest=grown.digest)
    yield sql("set_audit_head", entries=number, digest=grown.digest)
    return number


def readable(row: Recorded) -> dict[str, Any]:
    """An entry as programs get it: times as RFC 3339 in UTC, its digest in hex."""
    entry = {name: _timed(name, getattr(row.entry, name)) for name in Entry.__struct_fields__}
    return {"number": row.number, "at": _rfc3339(row.at), **entry, "digest": row.digest.hex()}


def _timed(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _timed(key, each) for key, each in value.items()}
    is_time = name.endswith("_at") or name in {"since", "until"}
    return _rfc3339(value) if is_time and isinstance(value, float | int) else value


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _head(rows: list[Row]) -> chain.Head:
    if not rows:
        raise Unreachable("the head of the audit log is gone from the database: restore a backup, somebody removed it")
    return chain.Head(int(rows[0][0]), bytes(rows[0][1]))


def _plain(entry: Entry) -> dict[str, Any]:
    return {name: _jsonable(getattr(entry, name)) for name in Entry.__struct_fields__}


def _jsonable(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _recorded(row: Row) -> Recorded:
    number, at, body, digest = row
    try:
        told = json.loads(body)
        entry = Entry(**{name: told[name] for name in Entry.__struct_fields__})
    except (ValueError, KeyError, TypeError):  # somebody wrote over it: `verify` says so, and a list must show the rest
        entry = Entry("?", "?", "this entry is not what was written")
    return Recorded(int(number), float(at), entry, bytes(digest))


def _beside(row: Row) -> str | None:
    """What is wrong with what stands beside an entry's bytes; None = nothing."""
    number, at, body, _ = row
    try:
        told = json.loads(body)
        right = told["number"] == number and told["at"] == at
    except (ValueError, KeyError, TypeError):
        right = True  # its bytes are wrong, which the chain says
    return None if right else f"the number or time of entry {number} of the audit log is not what was written"
