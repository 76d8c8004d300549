"""Gates through the API: viewers see them, operators set and open them; and the audit log, for admins of everything.

A token with a workspace sees and sets only gates of that workspace and of its numbers: what others have shut, and why,
does not exist for it. The answer to setting one says what it costs. Entries of the table in ``routes``.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from penstock.controls.gates.operating import Operating, Order
from penstock.core.errors import NotFound
from penstock.core.expiry import Expiring
from penstock.core.gate import SCOPES, holds
from penstock.core.gate import Gate as Row
from penstock.ledger.audit_log import readable
from penstock.ledger.book import Ledger
from penstock.web.api import scopes
from penstock.web.api.endpoint import Ask, NoQuery, missing
from penstock.web.api.scopes import Scope
from penstock.web.api.shapes import Hex, Time
from penstock.web.problems import ProblemError
from penstock.web.words import THIN, rfc3339, utc

Why = Annotated[str, Meta(min_length=1, max_length=500, description="kept in the audit log and shown to others")]
Opening = Annotated[float, Meta(ge=0, description="files a second; 0 is shut")]
Before = Annotated[int, Meta(ge=1, description="`next` of the page before")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a time zone")]


class GateNew(Struct, forbid_unknown_fields=True):
    """A gate to set, or to change: there is one of an operator for each scope."""

    scope: Scope
    why: Why
    opening: Annotated[Opening | None, Meta(description="null: wide open, which only overriding makes sense of")] = 0
    until: Annotated[Moment | None, Meta(description="when it opens by itself")] = None
    override_automatic: Annotated[bool, Meta(description="gates that no person set do not count in this scope")] = False


class GateQuery(Struct, forbid_unknown_fields=True):
    """Which gate is to be opened; exactly one of the scopes, or `all`."""

    why: Why
    all_: Annotated[bool, Meta(description="the gate of everything")] = field(name="all", default=False)
    host: str | None = None
    operation: str | None = None
    app: str | None = None
    workspace: str | None = None
    credential: str | None = None
    number: str | None = None
    kind: str | None = None


class Gate(Struct, frozen=True):
    """A gate that is set."""

    id: int
    scope: Scope
    opening: Annotated[float | None, Meta(description="files a second; 0 is shut, null wide open")]
    owner: Annotated[str, Meta(description="operator, breaker, auth, throttle or flag")]
    by: str
    why: str
    since: Time
    until: Time | None
    holding: Annotated[int, Meta(description="waiting files that it holds")]
    override_automatic: bool


class Cost(Struct, frozen=True):
    """What a gate costs, of what waits in its scope at this moment."""

    waiting: int
    workspaces: int
    expiring: Annotated[int, Meta(description="expire before the gate opens, or within a day")]
    expiring_workspaces: int
    no_storage_within_1h: int
    past: Annotated[int, Meta(description="past the time that Meta keeps them")]
    sentence: str


class GateSet(Struct, frozen=True):
    """A gate as it is now, and its cost."""

    gate: Gate
    cost: Cost


class GateList(Struct, frozen=True):
    """The gates that the token may see."""

    gates: list[Gate]


class ChangeQuery(Struct, forbid_unknown_fields=True):
    """Which changes."""

    since: Moment | None = None
    before: Before | None = None
    limit: Annotated[int, Meta(ge=1, le=200, description="the last so many")] = 50


class Change(Struct, frozen=True):
    """An entry of the audit log."""

    number: int
    at: Time
    who: Annotated[str, Meta(description="cli: a user of the machine, token: an API token, or an automatic control")]
    action: str
    subject: dict[str, Any] | str
    why: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    digest: Annotated[Hex, Meta(description="of this entry and all before it")]


class ChangePage(Struct, frozen=True):
    """Changes, the newest last."""

    changes: list[Change]
    next: Annotated[int | None, Meta(description="older ones are before this number")]


class Gates:
    """The handlers."""

    def __init__(self, ledger: Ledger, operating: Operating) -> None:
        self._ledger = ledger
        self._operating = operating

    async def gates(self, ask: Ask, _query: NoQuery) -> GateList:
        """The gates that the token may see."""
        rows = await self._ledger.gates.active(now=await self._ledger.now())
        mine = await scopes.of(self._ledger, ask.access)
        rows = [row for row in rows if mine is None or row.scope in mine]
        holding = await self._ledger.counts.holding() if rows else {}
        return GateList([_gate(row, holding.get(row.id, 0)) for row in rows])

    async def set_gate(self, ask: Ask, _query: NoQuery, new: GateNew) -> GateSet:
        """Shut or narrow a gate; then say what that costs."""
        scope = scopes.named(new.scope)
        await scopes.check(self._ledger, ask.access, scope)
        if new.opening is None and not new.override_automatic:
            raise ProblemError(400, "a gate that is wide open does nothing", do="take it away with DELETE")
        order = self._order(ask, scope, new.why, new.opening, new.until, override=new.override_automatic)
        if new.opening is None:
            gate = (await self._operating.open(order)).gate
            assert gate is not None  # one that overrules stays
        else:
            gate = await self._operating.shut(order)
        found, sentence = await self._operating.cost(gate)
        return GateSet(_gate(gate, found.waiting.files if holds(gate) else 0), _cost(found, sentence))

    async def open_gate(self, ask: Ask, query: GateQuery) -> None:
        """Take the operator's gate of a scope away."""
        scope = scopes.named(query)
        if len(scope) + query.all_ != 1:
            raise ProblemError(400, "name exactly one scope", do=f"one of {', '.join(SCOPES)}, or all=true")
        await scopes.check(self._ledger, ask.access, scope)
        try:
            await self._operating.open(self._order(ask, scope, query.why, None, None, override=False))
        except NotFound:
            if ask.access.workspace is not None:
                raise missing() from None  # its sentence names gates of others
            raise

    async def changes(self, _ask: Ask, query: ChangeQuery) -> ChangePage:
        """The audit log."""
        since = 0.0 if query.since is None else query.since.timestamp()
        found = await self._ledger.audit_log.latest(since=since, before=query.before, limit=query.limit + 1)
        rows = found[-query.limit :]
        return ChangePage(
            [Change(**readable(row)) for row in rows], rows[0].number if len(found) > query.limit else None
        )

    def _order(
        self,
        ask: Ask,
        scope: dict[str, str],
        why: str,
        opening: float | None,
        until: datetime | None,
        *,
        override: bool,
    ) -> Order:
        return Order(
            scope=scope,
            by=f"token:{ask.access.name}",
            why=why,
            opening=opening,
            until=None if until is None else until.timestamp(),
            override_automatic=override,
        )


def _gate(row: Row, holding: int) -> Gate:
    return Gate(
        id=row.id,
        scope=msgspec.convert(row.scope, Scope),
        opening=row.opening,
        owner=row.owner,
        by=row.by,
        why=row.why,
        since=rfc3339(row.since),
        until=utc(row.until),
        holding=holding,
        override_automatic=row.override_automatic,
    )


def _cost(found: Expiring, sentence: str) -> Cost:
    return Cost(
        waiting=found.waiting.files,
        workspaces=found.waiting.workspaces,
        expiring=found.before.files,
        expiring_workspaces=found.before.workspaces,
        no_storage_within_1h=found.no_storage(),
        past=found.past,
        sentence=sentence.replace(THIN, ""),
    )
