"""Traces as rows, and the exchanges that are kept for them; a trace is full for every process at the same moment.

Putting one on or off is one entry of the audit log, and one line in the timelines of open incidents, in the same
transaction. What is stored of an exchange is what ``core.withholding`` left of it. Called by ``controls.traces``,
``flow``, ``cli`` and ``web.api``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from penstock.adapters.db.port import Database, Row, Script
from penstock.core import trace
from penstock.core.errors import Conflict, NotFound
from penstock.core.expiry import scope_name
from penstock.core.incident import Kind
from penstock.core.trace import Kept, Trace
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.incidents import noted_open
from penstock.ledger.signals import TRACES, told
from penstock.ledger.statements import Statements

_decode_kept = msgspec.json.Decoder(Kept).decode
_NO_ROOM = "it has kept as much as it may"


class Fresh(NamedTuple):
    """An exchange that is to be kept."""

    media_row: int
    at: float  # epoch seconds
    exchange: str  # a ``Kept`` as JSON


class Traces:
    """The traces of an installation."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    # -- what people do -----------------------------------------------------------------------

    async def put_on(self, wanted: Trace, *, now: float) -> Trace:
        """Begin one: its scope, author, reason, end and limits count. Raises Conflict when there are many already."""
        kind, value = next(iter(wanted.scope.items()), ("", ""))

        def script() -> Script[Trace]:
            yield self._sql("lock_audit_head")
            if len((yield self._sql("list_traces_on", now=now))) >= trace.AT_ONCE:
                raise Conflict(f"{trace.AT_ONCE} traces are on already: put one off first")
            rows = yield self._sql(
                "insert_trace",
                scope_kind=kind,
                scope_value=value,
                by_whom=wanted.by,
                why=wanted.why,
                now=now,
                until=wanted.until,
                most_exchanges=wanted.most_exchanges,
                most_bytes=wanted.most_bytes,
            )
            id_ = int(rows[0][0])
            text = f"Exchanges of {scope_name(wanted.scope)} are kept (trace {id_}): {wanted.why}"
            yield from noted_open(self._sql, Kind.TRACE, text, at=now, actor=wanted.by, data={"trace": id_})
            after = {key: getattr(wanted, key) for key in ("until", "most_exchanges", "most_bytes")}
            subject = {"trace": id_, "scope": wanted.scope}
            made = yield from self._get(id_)
            yield from entered(self._sql, Entry(wanted.by, "trace.on", subject, wanted.why, None, after), now)
            yield told(self._sql, TRACES)
            return made

        return await self._db.write(script)

    async def put_off(self, id_: int, *, by: str, why: str, now: float) -> Trace:
        """End one; what it has kept stays for its days. Raises NotFound, or Conflict when it is over already."""

        def script() -> Script[Trace]:
            yield self._sql("lock_audit_head")
            before = yield from self._get(id_)
            if not (yield self._sql("end_trace", id=id_, who=by, why=why, now=now)):
                raise Conflict(f"trace {id_} is on no longer ({trace.state(before, now)})")
            text = f"Exchanges of {scope_name(before.scope)} are kept no longer (trace {id_}): {why}"
            yield from noted_open(self._sql, Kind.TRACE, text, at=now, actor=by, data={"trace": id_})
            subject = {"trace": id_, "scope": before.scope}
            told_after = {"exchanges": before.exchanges, "bytes": before.bytes}
            after = yield from self._get(id_)
            entry = Entry(by, "trace.off", subject, why, {"until": before.until}, told_after)
            yield from entered(self._sql, entry, now)
            yield told(self._sql, TRACES)
            return after

        return await self._db.write(script)

    # -- what fetchers do ---------------------------------------------------------------------

    async def keep(self, id_: int, exchanges: Sequence[Fresh], *, dropped: int, now: float) -> bool:
        """Keep exchanges as far as there is room, and count those that were dropped; whether there may be more."""

        def script() -> Script[bool]:
            rows = yield self._sql("lock_trace", id=id_, dropped=dropped)
            if not rows:
                return False
            found = _trace(rows[0])
            if found.ended_at is not None:
                return False
            fitting = exchanges[: trace.fits(found, [len(each.exchange) for each in exchanges])]
            ordered = sorted(fitting, key=lambda each: each.media_row)  # as others lock them
            counts = yield self._sql.many(
                "insert_trace_exchange", [{**each._asdict(), "trace_id": id_} for each in ordered]
            )
            kept = [each for each, (count,) in zip(ordered, counts, strict=True) if count]
            yield self._sql(
                "fill_trace",
                id=id_,
                exchanges=found.exchanges + len(kept),
                bytes=found.bytes + sum(len(each.exchange) for each in kept),
            )
            full = len(fitting) < len(exchanges)
            if full:
                yield self._sql("end_full_trace", id=id_, who=trace.FULL, why=_NO_ROOM, now=now)
                yield told(self._sql, TRACES)
            return not full

        return await self._db.write(script)

    # -- looking --------------------------------------------------------------------------------

    async def on(self, *, now: float) -> list[Trace]:
        """The traces that are on."""

        def script() -> Script[list[Trace]]:
            return [_trace(row) for row in (yield self._sql("list_traces_on", now=now))]

        return await self._db.read(script)

    async def latest(self, *, limit: int = 100) -> list[Trace]:
        """Traces, the newest first."""

        def script() -> Script[list[Trace]]:
            return [_trace(row) for row in (yield self._sql("list_traces", limit=limit))]

        return await self._db.read(script)

    async def get(self, id_: int) -> Trace:
        """One trace. Raises NotFound."""
        return await self._db.read(lambda: self._get(id_))

    async def exchanges(self, id_: int, *, after: int = 0, limit: int = 200) -> tuple[list[Kept], int | None]:
        """What was kept for one, and where to go on; None at the end."""

        def script() -> Script[tuple[list[Kept], int | None]]:
            rows = yield self._sql("list_trace_exchanges", trace_id=id_, after=after, limit=limit)
            found = [_decode_kept(row[1]) for row in rows]
            return found, int(rows[-1][0]) if len(rows) == limit else None

        return await self._db.read(script)

    async def all_exchanges(self, id_: int) -> list[Kept]:
        """Everything that was kept for one; its limits bound that."""
        found: list[Kept] = []
        after: int | None = 0
        while after is not None:
            page, after = await self.exchanges(id_, after=after)
            found += page
        return found

    # -- throwing away ------------------------------------------------------------------------

    async def throw(self, before: Mapping[int, float], *, traces_before: float, limit: int) -> int:
        """Delete exchanges of workspaces that are older than a time of their own, up to so many of each; how many.

        Traces of which nothing is left go when they were over before ``traces_before``.
        """

        def script() -> Script[int]:
            gone = 0
            for workspace_id, at in sorted(before.items()):
                gone += len(
                    (yield self._sql("delete_old_trace_exchanges", workspace_id=workspace_id, before=at, limit=limit))
                )
            yield self._sql("delete_old_traces", before=traces_before)
            return gone

        return await self._db.write(script)

    def _get(self, id_: int) -> Script[Trace]:
        rows = yield self._sql("get_trace", id=id_)
        if not rows:
            raise NotFound(f"there is no trace {id_}: penstock trace list shows those there are")
        return _trace(rows[0])


def _trace(row: Row) -> Trace:
    id_, kind, value, *rest = row
    return Trace(id_, {kind: value} if kind else {}, *rest)
