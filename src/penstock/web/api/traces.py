"""Traces through the API: operators put them on and off, and read what was kept, as rows or as an HTTP Archive.

A token with a workspace sees and makes only traces of that workspace and of its numbers; others do not exist for it.
Its endpoints are part of the table in ``routes``.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from penstock import __version__
from penstock.controls.traces.operating import Operating, Order
from penstock.core import har
from penstock.core import trace as core
from penstock.ledger.book import Ledger
from penstock.web.api import scopes
from penstock.web.api.endpoint import Ask, Endpoint, NoQuery, as_json, missing
from penstock.web.api.scopes import Scope
from penstock.web.api.shapes import Time
from penstock.web.words import rfc3339, utc

Why = Annotated[str, Meta(min_length=1, max_length=500, description="kept in the audit log and shown to others")]
Limit = Annotated[int, Meta(ge=1, le=200)]
_MOST_DIGITS = 18  # of a row's number


class TraceNew(Struct, forbid_unknown_fields=True):
    """A trace to put on."""

    scope: Scope
    why: Why
    until: Annotated[datetime, Meta(tz=True, description="when it ends by itself, within a day; RFC 3339")]
    most_exchanges: Annotated[int, Meta(ge=1, le=core.MOST_EXCHANGES)] = core.EXCHANGES
    most_bytes: Annotated[int, Meta(ge=1, le=core.MOST_BYTES)] = core.BYTES


class TraceQuery(Struct, forbid_unknown_fields=True):
    """Which traces."""

    limit: Limit = 50


class TraceEnd(Struct, forbid_unknown_fields=True):
    """Why a trace ends."""

    why: Why


class ExchangeQuery(Struct, forbid_unknown_fields=True):
    """Which of the exchanges."""

    after: Annotated[int, Meta(ge=0, description="`next` of the page before")] = 0
    limit: Limit = 50


class Trace(Struct, frozen=True):
    """A scope of which whole exchanges are kept for a while."""

    id: int
    scope: Scope
    state: Annotated[str, Meta(description="on, over, full or off")]
    by: str
    why: str
    since: Time
    until: Time
    most_exchanges: int
    most_bytes: int
    exchanges: Annotated[int, Meta(description="that were kept")]
    bytes: int
    dropped: Annotated[int, Meta(description="not kept, so that nothing had to wait")]
    ended_at: Time | None
    ended_by: str | None
    ended_why: str | None


class TraceList(Struct, frozen=True):
    """The traces that the token may see, the newest first."""

    traces: list[Trace]


class TraceWhole(Struct, frozen=True):
    """A trace and some of what it has kept."""

    trace: Trace
    exchanges: Annotated[
        list[dict[str, Any]], Meta(description="requests and answers, without secrets, phone numbers and files")
    ]
    next: Annotated[int | None, Meta(description="more are after this number")]


class Traces:
    """The handlers."""

    def __init__(self, ledger: Ledger, operating: Operating) -> None:
        self._ledger = ledger
        self._operating = operating

    async def traces(self, ask: Ask, query: TraceQuery) -> TraceList:
        """The traces that the token may see."""
        mine = await scopes.of(self._ledger, ask.access)
        rows = await self._ledger.traces.latest(limit=query.limit)
        now = await self._ledger.now()
        return TraceList([_trace(row, now) for row in rows if mine is None or row.scope in mine])

    async def put_on(self, ask: Ask, _query: NoQuery, new: TraceNew) -> Trace:
        """Begin a trace."""
        scope = scopes.named(new.scope)
        await scopes.check(self._ledger, ask.access, scope)
        order = Order(
            scope=scope,
            by=f"token:{ask.access.name}",
            why=new.why,
            until=new.until.timestamp(),
            most_exchanges=new.most_exchanges,
            most_bytes=new.most_bytes,
        )
        return _trace(await self._operating.put_on(order), await self._ledger.now())

    async def trace(self, ask: Ask, query: ExchangeQuery) -> TraceWhole:
        """One trace and a page of what it has kept."""
        row = await self._mine(ask)
        kept, further = await self._ledger.traces.exchanges(row.id, after=query.after, limit=query.limit)
        told = [msgspec.to_builtins(each) | {"at": rfc3339(each.at)} for each in self._visible(ask, kept)]
        return TraceWhole(_trace(row, await self._ledger.now()), told, further)

    async def archive(self, ask: Ask, _query: NoQuery) -> Response:
        """Everything that a trace has kept, as an HTTP Archive."""
        row = await self._mine(ask)
        kept = self._visible(ask, await self._ledger.traces.all_exchanges(row.id))
        disposition = {"Content-Disposition": f'attachment; filename="trace-{row.id}.har"'}
        return as_json(har.document(row, kept, version=__version__), headers=disposition)

    async def put_off(self, ask: Ask, query: TraceEnd) -> None:
        """End a trace before its time."""
        row = await self._mine(ask)
        await self._operating.put_off(row.id, by=f"token:{ask.access.name}", why=query.why)

    async def _mine(self, ask: Ask) -> core.Trace:
        """The trace that is asked for. Raises ProblemError 404 when it is not the token's to see."""
        text = ask.text("id")
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            raise missing()
        row = await self._ledger.traces.get(int(text))
        mine = await scopes.of(self._ledger, ask.access)
        if mine is not None and row.scope not in mine:
            raise missing()
        return row

    @staticmethod
    def _visible(ask: Ask, kept: list[core.Kept]) -> list[core.Kept]:
        """A number may have been another workspace's before."""
        workspace = ask.access.workspace
        return [each for each in kept if workspace is None or each.workspace == workspace]


def endpoints(to: Traces) -> tuple[Endpoint, ...]:
    """What ``routes`` serves of this."""
    return (
        Endpoint(
            method="GET",
            path="/traces",
            summary="Traces, the newest first; a token with a workspace sees those of it and of its numbers",
            work=to.traces,
            query=TraceQuery,
            answer=TraceList,
            role="operator",
        ),
        Endpoint(
            method="POST",
            path="/traces",
            summary="Keep whole exchanges of a scope for a while, without secrets",
            work=to.put_on,
            body=TraceNew,
            answer=Trace,
            status=201,
            role="operator",
            errors=(404, 408, 409, 413),
        ),
        Endpoint(
            method="GET",
            path="/traces/{id}",
            summary="One trace and what it has kept, page by page",
            work=to.trace,
            query=ExchangeQuery,
            answer=TraceWhole,
            role="operator",
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/traces/{id}/har",
            summary="Everything that a trace has kept, as an HTTP Archive (HAR 1.2)",
            work=to.archive,
            answer=None,
            role="operator",
            errors=(404,),
        ),
        Endpoint(
            method="DELETE",
            path="/traces/{id}",
            summary="End a trace before its time; what it has kept stays for a week",
            work=to.put_off,
            query=TraceEnd,
            answer=None,
            status=204,
            role="operator",
            errors=(404, 409),
        ),
    )


def _trace(row: core.Trace, now: float) -> Trace:
    return Trace(
        id=row.id,
        scope=msgspec.convert(row.scope, Scope),
        state=core.state(row, now),
        by=row.by,
        why=row.why,
        since=rfc3339(row.since),
        until=rfc3339(row.until),
        most_exchanges=row.most_exchanges,
        most_bytes=row.most_bytes,
        exchanges=row.exchanges,
        bytes=row.bytes,
        dropped=row.dropped,
        ended_at=utc(row.ended_at),
        ended_by=row.ended_by,
        ended_why=row.ended_why,
    )
