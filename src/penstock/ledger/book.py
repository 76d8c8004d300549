"""The ledger as one thing: every store over one database.

It opens the database, brings its schema up to this release and hands out the stores. It holds no logic of its own. Made
by ``wiring``; used by everything above.
"""

import time
from typing import NamedTuple

from penstock.adapters.db.port import Database, Script
from penstock.core.gate import Hosts
from penstock.ledger import schema, statements
from penstock.ledger.alerts import Alerts
from penstock.ledger.audit_log import AuditLog
from penstock.ledger.counts import Counts
from penstock.ledger.erasing import Erasing
from penstock.ledger.feed import Feed
from penstock.ledger.gates import Gates
from penstock.ledger.impact import Impacts
from penstock.ledger.imports import Imports
from penstock.ledger.incidents import Incidents
from penstock.ledger.journal import Journal
from penstock.ledger.keeping import Keeping
from penstock.ledger.leaders import Leaders
from penstock.ledger.moving import refuse_half
from penstock.ledger.partitions import Partitions
from penstock.ledger.probes import Probes
from penstock.ledger.processes import Processes
from penstock.ledger.provisioning import Provisioning
from penstock.ledger.queue import Queue
from penstock.ledger.recipes import Recipes
from penstock.ledger.renewal import Renewal
from penstock.ledger.reprocess import Reprocess
from penstock.ledger.rollouts import Rollouts
from penstock.ledger.sealing import Sealer
from penstock.ledger.shelf import Shelf
from penstock.ledger.signals import Signals
from penstock.ledger.steering import Steering
from penstock.ledger.tail import Tail
from penstock.ledger.tokens import Tokens
from penstock.ledger.traces import Traces
from penstock.ledger.vitals import Vitals


class Connections(NamedTuple):
    """The connections to a server that this process has."""

    limit: int
    in_use: int
    idle: int


class Ledger:
    """The durable record. ``start`` it before use, ``stop`` it after.

    ``hosts`` says where each operation's requests may go, so that a gate on a host is known to hold what needs it.
    """

    def __init__(self, db: Database, sealer: Sealer, *, hosts: Hosts | None = None) -> None:
        self._db = db
        self.hosts = hosts or {}
        self._ahead_s: float | None = None  # how far its clock is ahead of our monotonic one
        self._sql = sql = statements.load(db.dialect)
        self.journal = Journal(db, sql)
        self.queue = Queue(db, sql)
        self.shelf = Shelf(db, sql, self.hosts)
        self.feed = Feed(db, sql, self.shelf)
        self.counts = Counts(db, sql, self.hosts)
        self.provisioning = Provisioning(db, sql, sealer)
        self.tokens = Tokens(db, sql)
        self.imports = Imports(db, sql)
        self.erasing = Erasing(db, sql)
        self.keeping = Keeping(db, sql)
        self.partitions = Partitions(db, sql)
        self.gates = Gates(db, sql)
        self.steering = Steering(db, sql)
        self.processes = Processes(db, sql)
        self.renewal = Renewal(db, sql)
        self.incidents = Incidents(db, sql)
        self.impacts = Impacts(db, sql)
        self.probes = Probes(db, sql)
        self.vitals = Vitals(db, sql, self.hosts)
        self.alerts = Alerts(db, sql)
        self.traces = Traces(db, sql)
        self.leaders = Leaders(db, sql)
        self.reprocess = Reprocess(db, sql)
        self.recipes = Recipes(db, sql)
        self.rollouts = Rollouts(db, sql)
        self.audit_log = AuditLog(db, sql)
        self.signals = Signals(db, sql)

    @property
    def profile(self) -> str:
        """What kind of installation this is: "embedded" in one file, or a "cluster" over a server."""
        return "embedded" if self._db.dialect == "sqlite" else "cluster"

    @property
    def connections(self) -> Connections | None:
        """Its connections to a server; None where there is none, or it is not open."""
        told = getattr(self._db, "connections", None)
        return None if told is None else Connections(*told)

    async def start(self, *, migrate: bool = True, moving: bool = False) -> list[str]:
        """Open the database and bring it up to this release; the names of the migrations that were applied.

        Without ``migrate`` nothing is changed, and a database that lacks something is Unreachable; so is one that a
        move has not ended in, but for the move itself. Raises NewerSchema, UnsafeStore, Unreachable, StoreUnavailable,
        or WrongUse when the database belongs to something else.
        """
        await self._db.start()
        try:
            missing = await self._db.read(lambda: schema.lacking(self._db.dialect))
            if not migrate:
                schema.refuse_older(missing)
            applied: list[str] = []
            if missing:
                applied = await self._db.write(schema.bring_up(self._db.dialect, await self._db.now()))
            if not moving:
                await self._db.read(lambda: refuse_half(self._sql))
            return applied
        except BaseException:
            await self._db.stop()
            raise

    async def stop(self) -> None:
        """Finish what is being written and close."""
        await self.signals.stop()
        await self._db.stop()

    def tail(self) -> Tail:
        """A reader of the attempts that are made from now on, with a place of its own."""
        return Tail(self._db, self._sql)

    async def now(self) -> float:
        """The database's clock, epoch seconds."""
        now = await self._db.now()
        self._ahead_s = now - time.monotonic()
        return now

    def clock(self) -> float:
        """The database's clock as it was read last, carried on from there: for whoever cannot wait."""
        return time.time() if self._ahead_s is None else time.monotonic() + self._ahead_s

    async def can_store(self) -> None:
        """Make one durable write. Raises StoreUnavailable when the store takes none."""

        def script() -> Script[None]:
            yield self._sql("can_store")

        await self._db.write(script)
