"""Counting: how many files stand where, what a gate holds, and the journal for those who count it again.

The tallies come from the rows; what they are compared with comes from the journal and the imports, through
``flow.auditing``. Called by the audit, ``status``, the metrics and, for its budgets, the fetcher.
"""

from collections.abc import Callable, Mapping

import msgspec

from penstock.adapters.db.port import Database, Script
from penstock.core import expiry
from penstock.core.expiry import Expiring, Waiting
from penstock.core.filekey import Key
from penstock.core.gate import Board, Hosts, holds
from penstock.core.operation import LOOK_UP
from penstock.core.work import Outcome
from penstock.ledger.held import attributed, gate_of
from penstock.ledger.journal import UNDER_WAY
from penstock.ledger.rows import Tally
from penstock.ledger.statements import Statements

_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_new_waiting: Callable[..., Waiting] = Waiting  # by position; the types of its columns are the schema's business
_NEWEST_ATTEMPTS = 200_000  # more than an hour of a process whose look-ups are limited at all


class AttachedFile(msgspec.Struct, frozen=True, gc=False):
    """What the ledger says of a blob."""

    media_row: int
    workspace: str
    size: int  # bytes
    sha256: bytes


class Imported(msgspec.Struct, frozen=True, gc=False):
    """A media id that was imported."""

    workspace: str
    number_id: int
    wamid: str  # "" when nobody knew it
    media_id: str


class Moment(msgspec.Struct, frozen=True):
    """What the rows say, and how far the journal and the imports had come when they said it."""

    tallies: tuple[Tally, ...]
    last_webhook_id: int
    recent_from: int  # of the ids above this one, only those in ``recent`` were there
    recent: frozenset[int]
    imports: tuple[Imported, ...]
    registrations: dict[int, tuple[str, str]]  # every one there ever was: id → (phone_number_id, workspace)


class Backlog(msgspec.Struct, frozen=True, gc=False):
    """How old the oldest items are, and how many of those that wait may be gone within a day, and within an hour."""

    oldest_waiting_s: float | None
    expiring_24h: int
    expiring_1h: int = 0
    oldest_undelivered_s: float | None = None  # waiting or fetching


class Counts:
    """Tallies of the rows and the material of the audit."""

    def __init__(self, db: Database, sql: Statements, hosts: Hosts | None = None) -> None:
        self._db = db
        self._sql = sql
        self._hosts = hosts

    async def tallies(self) -> list[Tally]:
        """Every workspace's items by state, from one snapshot; ``received`` is the number of rows."""
        now = await self._db.now()
        return await self._db.read(lambda: self._tallies(now))

    async def holding(self) -> dict[int, int]:
        """How many waiting items each shut gate holds, by gate id."""
        behind = await self.behind_gates()
        return {id_: found.waiting.files for id_, found in behind.items() if found.waiting.files}

    async def behind_gates(self) -> dict[int, Expiring]:
        """What waits behind each shut gate and how long it has, by gate id."""
        now = await self._db.now()

        def script() -> Script[dict[int, Expiring]]:
            _, by_gate = yield from self._held(now)
            return {id_: expiry.add_up(rows) for id_, rows in by_gate.items()}

        return await self._db.read(script)

    async def in_scope(self, scope: Mapping[str, str], *, until: float | None = None) -> Expiring:
        """What waits in a gate's scope, whatever holds it, and how much of it expires before ``until`` or in a day."""
        now = await self._db.now()

        def script() -> Script[Expiring]:
            rows = yield from self._waiting(now, until)
            return expiry.add_up(row for row in rows if expiry.in_scope(scope, row))

        return await self._db.read(script)

    async def backlog(self) -> Backlog:
        """The age of what waits, and what is near its end."""
        now = await self._db.now()

        def script() -> Script[Backlog]:
            rows = yield self._sql("oldest_waiting", hour=now + _HOUR_S, soon=now + _DAY_S)
            oldest, expiring, soonest, undelivered = rows[0]
            return Backlog(_age(oldest, now), int(expiring), int(soonest), _age(undelivered, now))

        return await self._db.read(script)

    async def contradictions(self) -> tuple[int, int]:
        """(open items without work, work on items that have ended); both are 0 unless something is broken."""

        def script() -> Script[tuple[int, int]]:
            rows = yield self._sql("count_orphans")
            return int(rows[0][0]), int(rows[0][1])

        return await self._db.read(script)

    async def refused(self) -> int:
        """How many items wait because their last request was not the declared one, and was not sent."""

        def script() -> Script[int]:
            rows = yield self._sql("count_refused", outcome=Outcome.CONTRACT.value)
            return int(rows[0][0])

        return await self._db.read(script)

    async def failed_look_ups(self, *, since: float) -> list[tuple[str, float]]:
        """(number, when) of look-ups that an upstream may have counted as failing, earliest first."""

        def script() -> Script[list[tuple[str, float]]]:
            rows = yield self._sql("list_failed_look_ups", operation=LOOK_UP.name, since=since, newest=_NEWEST_ATTEMPTS)
            return [(str(number), float(at)) for number, at in rows]

        return await self._db.read(script)

    async def moment(self) -> Moment:
        """What the audit compares, all of one snapshot."""
        now = await self._db.now()

        def script() -> Script[Moment]:
            tallies = yield from self._tallies(now)
            last = int((yield self._sql("last_webhook"))[0][0])
            recent_from = max(0, last - UNDER_WAY)
            recent = yield self._sql("list_recent_webhooks", after=recent_from)
            imports = yield self._sql("list_imports")
            registrations = yield self._sql("list_registrations")
            return Moment(
                tuple(tallies),
                last,
                recent_from,
                frozenset(row[0] for row in recent),
                tuple(Imported(*row) for row in imports),
                {row[0]: (row[1], row[2]) for row in registrations},
            )

        return await self._db.read(script)

    async def departed(self, *, after: Key, limit: int = 5_000) -> list[Key]:
        """Files whose bodies have left the journal, in the order of their keys."""

        def script() -> Script[list[Key]]:
            rows = yield self._sql("list_departed", **after._asdict(), limit=limit)
            return [Key(*row) for row in rows]

        return await self._db.read(script)

    async def attached(self, *, after: int, limit: int = 200) -> list[AttachedFile]:
        """Attached items in the order of their rows."""

        def script() -> Script[list[AttachedFile]]:
            rows = yield self._sql("list_attached", after=after, limit=limit)
            return [AttachedFile(*row) for row in rows]

        return await self._db.read(script)

    def _tallies(self, now: float) -> Script[list[Tally]]:
        held, _ = yield from self._held(now)
        rows = yield self._sql("tally")
        return [Tally(row[0], row[1], row[2], held.get(row[0], 0), *row[3:]) for row in rows]

    def _held(self, now: float) -> Script[tuple[dict[str, int], dict[int, list[Waiting]]]]:
        """Held items by workspace and by gate; costs nothing while no gate is set."""
        rows = yield self._sql("list_gates", now=now)
        board = Board((gate_of(row) for row in rows), self._hosts)
        by_workspace: dict[str, int] = {}
        if not any(map(holds, board.gates.values())):
            return by_workspace, {}
        by_gate = attributed(board, (yield from self._waiting(now, None)), now)
        for behind in by_gate.values():
            for row in behind:
                by_workspace[row.workspace] = by_workspace.get(row.workspace, 0) + row.files
        return by_workspace, by_gate

    def _waiting(self, now: float, until: float | None) -> Script[list[Waiting]]:
        rows = yield self._sql(
            "count_waiting_scopes",
            now=now,
            hour=now + expiry.HOUR_S,
            six_hours=now + expiry.SIX_HOURS_S,
            day=now + expiry.DAY_S,
            before=expiry.horizon(now, until),
        )
        return [_new_waiting(*row[:5], bool(row[5]), *row[6:]) for row in rows]


def _age(since: float | None, now: float) -> float | None:
    return None if since is None else max(0.0, now - since)
