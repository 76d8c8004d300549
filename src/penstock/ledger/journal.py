"""The journal: every signed body as it came, and everything that was read from it, in one transaction.

Storing is idempotent by unique keys, so a body may come twice, at once or again years later, or be read again by a
better reader. What a body brings is taken in by ``intake``. Called by the receiver, by re-reading and by the audit.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.adapters.db.port import Call, Database, Row, Script
from penstock.core import filekey
from penstock.core.reading import read
from penstock.core.redaction import Who, redacted
from penstock.core.updates import Reading
from penstock.ledger import burying, facts, threads, usual
from penstock.ledger.gathering import Gathering
from penstock.ledger.intake import Intake, Usual
from penstock.ledger.rows import JournaledBody, Receipt, Route, Stray
from penstock.ledger.statements import Statements

_PAGE_BYTES = 8 << 20  # bodies of one page together, unless a single one is larger
_LAST = (1 << 63) - 1
_CAME_BACK = "it brought back what had been erased"

# On PostgreSQL bodies that are stored at once become visible in another order than they take their ids. One that is
# under way has an id among so many newest ones: a receiver stores a few hundred at once, on a few connections.
UNDER_WAY = 20_000


class JournalEntry(msgspec.Struct, frozen=True, gc=False):
    """A journaled body and the registrations that it was read for."""

    webhook_id: int
    number_ids: tuple[int, ...]
    body: bytes


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A signed body on its way into the journal, with everything that can be known before the database is asked."""

    app_id: int
    body: bytes
    signature: str
    reading: Reading
    routes: Mapping[str, Route]
    version: int
    now: float
    plan: usual.Plan | None


class Journal:
    """Receives, re-reads and shows journaled bodies."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql
        self._do = Usual(sql)
        self._known = threads.Known()
        self._deliveries = Gathering(self._receive, weigh=lambda delivery: len(delivery.body))

    async def receive(
        self,
        *,
        app_id: int,
        body: bytes,
        signature: str,
        reading: Reading,
        routes: Mapping[str, Route],
        version: int,
        now: float,
    ) -> Receipt | None:
        """Store a signed body and all that was read from it; durable when it returns.

        ``version`` is the provisioning's when ``routes`` were looked up. None when a number of the body is registered
        otherwise by now: nothing was stored, look again. Raises StoreUnavailable when nothing could be: then Meta must
        not be told that it was.
        """
        plan = usual.plan(reading, routes, self._known)
        return await self._deliveries.bring(Delivery(app_id, body, signature, reading, routes, version, now, plan))

    async def _receive(self, deliveries: list[Delivery]) -> list[Receipt | None]:
        """Store bodies that came at about the same time, in one transaction."""
        learned: dict[threads.Names, int] = {}

        def script() -> Script[list[Receipt | None]]:
            outdated = yield from self._outdated(deliveries)
            current = [delivery for index, delivery in enumerate(deliveries) if index not in outdated]
            ids = yield self._do.webhook.many([_webhook_values(delivery) for delivery in current])
            intakes = [
                Intake(self._do, self._known, row, at=delivery.now, due_at=delivery.now)
                for delivery, (row,) in zip(current, ids, strict=True)
            ]
            run: list[tuple[Intake, usual.Plan]] = []
            for delivery, intake in zip(current, intakes, strict=True):
                if delivery.plan is not None:
                    run.append((intake, delivery.plan))
                    continue
                yield from usual.take(self._do, run)
                run = []
                yield from intake.take(delivery.app_id, delivery.reading, delivery.routes)
            yield from usual.take(self._do, run)
            for delivery, intake in zip(current, intakes, strict=True):
                if intake.gone:
                    yield from self._without(delivery, intake)
            learned.clear()
            for intake in intakes:
                learned.update(intake.learned)
            receipts = (intake.receipt() for intake in intakes)
            return [None if index in outdated else next(receipts) for index in range(len(deliveries))]

        receipts = await self._db.write(script)
        self._known.learn(learned)
        return receipts

    async def reread(self, *, body: JournaledBody, reading: Reading, now: float) -> Receipt:
        """Store what a body says once more: what is there stays, what was missed is added, quarantine is left.

        A number that the body was read for before stays with that registration, wherever it belongs by now; any other
        is read for the one that it has now, if the body's app is its app. Files count from the body's own arrival, so
        that a late reading does not promise a longer life than Meta gives.
        """

        def script() -> Script[Receipt]:
            yield self._sql("lock_body", id=body.id)
            rows = yield self._sql("get_body", id=body.id)
            before = set(json.loads(rows[0][4]))
            routes = yield from self._routes_of(body, reading, before)
            intake = Intake(self._do, self._known, body.id, at=body.received_at, due_at=now)
            yield from intake.take(body.app_id, reading, routes)
            read_for = {routes[number].number_id for number in reading.numbers if number in routes}
            yield self._sql(
                "set_webhook_read",
                id=body.id,
                numbers=_as_json(before | read_for),
                problems="\n".join(reading.problems) or None,
            )
            for phone_number_id in reading.numbers & routes.keys():
                yield self._sql("delete_stray", phone_number_id=phone_number_id, webhook_id=body.id)
            return intake.receipt()

        return await self._db.write(script)

    # -- what is in it ----------------------------------------------------------------------

    async def bodies(self, *, after: int = 0, limit: int = 500) -> list[JournaledBody]:
        """Journaled bodies in the order of their arrival. A page is short of ``limit`` when the bodies are large."""
        return await self._page(self._sql("list_bodies", after=after, until=_LAST, limit=limit))

    async def unread(self, *, after: int = 0, limit: int = 100) -> list[JournaledBody]:
        """Bodies of which something was not understood; empty after the last one."""
        return await self._page(self._sql("list_unread_bodies", after=after, limit=limit))

    async def stray_bodies(self, phone_number_id: str, *, after: int = 0, limit: int = 100) -> list[JournaledBody]:
        """Bodies in quarantine for a registered number that its own app signed; empty after the last one."""
        return await self._page(
            self._sql("list_stray_bodies", phone_number_id=phone_number_id, after=after, limit=limit)
        )

    async def entries(self, *, after: int, until: int, limit: int = 500) -> list[JournalEntry]:
        """The journal as the audit reads it, up to a place; empty after the last one."""
        call = self._sql("list_bodies", after=after, until=until, limit=limit)

        def script() -> Script[list[JournalEntry]]:
            found = yield from self._bodies(call)
            return [JournalEntry(row[0], tuple(json.loads(row[4])), row[3]) for row in found]

        return await self._db.read(script)

    async def strays(self) -> list[Stray]:
        """The numbers that nobody registered and that something came for."""

        def script() -> Script[list[Stray]]:
            rows = yield self._sql("list_strays")
            return [Stray(row[0], row[1] or "", *row[2:]) for row in rows]

        return await self._db.read(script)

    async def readable_strays(self) -> list[str]:
        """Registered numbers for which something is still in quarantine that can be read now."""

        def script() -> Script[list[str]]:
            rows = yield self._sql("list_readable_strays")
            return [str(row[0]) for row in rows]

        return await self._db.read(script)

    async def unread_count(self) -> int:
        """How many bodies hold something that was not understood."""

        def script() -> Script[int]:
            rows = yield self._sql("count_unread_bodies")
            return int(rows[0][0])

        return await self._db.read(script)

    # -- parts of the scripts above ---------------------------------------------------------

    async def _page(self, call: Call) -> list[JournaledBody]:
        def script() -> Script[list[JournaledBody]]:
            found = yield from self._bodies(call)
            return [JournaledBody(*row[:4], *row[5:7]) for row in found]

        return await self._db.read(script)

    def _bodies(self, call: Call) -> Script[list[Row]]:
        """Rows of ``get_body`` for what a statement lists as (id, length); as many as fit into memory easily."""
        listed = yield call
        found: list[Row] = []
        left = _PAGE_BYTES
        for id_, length in listed:
            left -= length
            if found and left < 0:
                break
            rows = yield self._sql("get_body", id=id_)
            found += rows
        return found

    def _without(self, delivery: Delivery, intake: Intake) -> Script[None]:
        """A body that brings back what has been erased is kept without it."""
        person = Who(wamids=frozenset(intake.gone))
        registrations = {route.number_id: number for number, route in delivery.routes.items()}
        yield from redact(self._sql, intake.webhook_id, delivery.body, registrations, person, at=delivery.now)

    def _outdated(self, deliveries: list[Delivery]) -> Script[set[int]]:
        """Which deliveries were read for numbers that are registered otherwise by now; nearly always none."""
        version = (yield self._sql("get_version"))[0][0]
        found: set[int] = set()
        for index, delivery in enumerate(deliveries):
            if delivery.version == version:
                continue
            for phone_number_id in delivery.reading.numbers:
                rows = yield self._sql("get_number", phone_number_id=phone_number_id)
                if delivery.routes.get(phone_number_id) != (facts.route(rows[0]) if rows else None):
                    found.add(index)
        return found

    def _routes_of(self, body: JournaledBody, reading: Reading, before: set[int]) -> Script[dict[str, Route]]:
        """Where the updates of a body belong that is read again."""
        routes: dict[str, Route] = {}
        for number_id in sorted(before):
            rows = yield self._sql("get_registration", id=number_id)
            for row in rows:
                routes[row[1]] = facts.route(row)
        for phone_number_id in reading.numbers - routes.keys():
            rows = yield self._sql("get_number", phone_number_id=phone_number_id)
            for row in rows:
                if row[4] == body.app_id:
                    routes[phone_number_id] = facts.route(row)
        return routes


def redact(
    sql: Statements,
    webhook_id: int,
    body: bytes,
    registrations: Mapping[int, str],
    person: Who,
    *,
    at: float,
    why: str = _CAME_BACK,
    numbers: frozenset[str] | None = None,
) -> Script[bool]:
    """Take a customer out of a journaled body, as part of a script; whether they were in it.

    What it counted for (its registrations, id → phone_number_id) goes on being counted.
    """
    less = redacted(body, person, numbers=numbers)
    if less is None:
        return False
    yield from burying.depart(sql, filekey.named(read(body), registrations) - filekey.named(read(less), registrations))
    yield sql("set_body", id=webhook_id, body=less, now=at, why=why)
    return True


def _webhook_values(delivery: Delivery) -> tuple[Any, ...]:
    """Those of ``insert_webhook``."""
    reading, routes = delivery.reading, delivery.routes
    return (
        delivery.app_id,
        delivery.now,
        delivery.signature,
        _as_json({routes[number].number_id for number in reading.numbers if number in routes}),
        "\n".join(reading.problems) or None,
        delivery.body,
    )


def _as_json(number_ids: set[int]) -> str:
    """The registrations that a body is read for, as the journal's column has them."""
    if len(number_ids) == 1:  # as nearly always
        return f"[{next(iter(number_ids))}]"
    return f"[{','.join(map(str, sorted(number_ids)))}]"
