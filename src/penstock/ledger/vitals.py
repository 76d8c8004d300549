"""What failures do not show, as counted from the rows: arrivals, doors, ages, and first attempts by the minute.

Every question is answered from an index, whatever waits; ``every_lot`` alone reads all that is to be fetched, and says
so. The counts of arrivals and doors are added to by the receivers, the rest is read. Judged by ``core.vitals`` and its
signs. Called by ``flow.pulse`` and ``controls.watch``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from penstock.adapters.db.port import Database, Script
from penstock.core import ages
from penstock.core.ages import Lot
from penstock.core.burn import KEPT_MINUTES, MINUTE_S, Count
from penstock.core.doors import WINDOW_S, Came, Doors
from penstock.core.gate import Board, Hosts
from penstock.core.silence import ANY, HOUR_S, KEPT_HOURS
from penstock.ledger.held import gate_of, holding
from penstock.ledger.statements import Statements

HEAD = 500  # files that are looked at in any case: those that are here for the longest
_EVERY = (1 << 62) - 1
_NUMBERS = 50
_UNREAD = 100
_DOORS_KEPT_S = 86_400.0
_LAST_HOURS = 170  # in which something must have come to a number for its silence to be one

_new_lot: Callable[..., Lot] = Lot  # by position; the types of its columns are the schema's business


class Arrivals(NamedTuple):
    """What came to one number in an hour; the number 0 stands for all."""

    number_id: int
    hour: int
    minutes: int  # a bit for each
    bodies: int
    last_at: float


class Door(NamedTuple):
    """What one app's webhooks met in a minute; the app 0 is none that is known."""

    minute: int
    app_id: int
    taken: int
    refused: int
    ours: int  # of the refused, those that name a number of ours


class Vitals:
    """Arrivals, doors, ages and burn rates."""

    def __init__(self, db: Database, sql: Statements, hosts: Hosts | None = None) -> None:
        self._db = db
        self._sql = sql
        self._hosts = hosts

    # -- what receivers add ---------------------------------------------------------------------

    async def came(self, arrivals: Iterable[Arrivals], doors: Iterable[Door]) -> None:
        """Add what a receiver counted since it last did."""
        came = [each._asdict() for each in arrivals]
        met = [each._asdict() for each in doors]

        def script() -> Script[None]:
            for row in came:
                yield self._sql("add_arrivals", **row)
            for row in met:
                yield self._sql("add_door_minute", **row)

        await self._db.write(script)

    # -- the door -------------------------------------------------------------------------------

    async def doors(self, *, now: float) -> list[Doors]:
        """What was taken and refused in the window, by app."""

        def script() -> Script[list[Doors]]:
            rows = yield self._sql("list_doors", since=int((now - WINDOW_S) // MINUTE_S))
            return [Doors(row[0], int(row[1]), int(row[2]), int(row[3]), (row[4] or 0) * 60.0) for row in rows]

        return await self._db.read(script)

    async def last_arrivals(self, *, now: float, hours: int = _LAST_HOURS) -> dict[int, float]:
        """When something last came to each number that is registered, and to any (0), of so many hours."""

        def script() -> Script[dict[int, float]]:
            rows = yield self._sql("list_arrivals_since", since=int(now // HOUR_S) - hours)
            return {int(number): float(at) for number, at in rows}

        return await self._db.read(script)

    async def arrived(self, hours: Iterable[int]) -> dict[int, dict[int, int]]:
        """The minutes of some hours, by number and hour."""
        wanted = sorted(hours)

        def script() -> Script[dict[int, dict[int, int]]]:
            found: dict[int, dict[int, int]] = {ANY: {}}
            for hour in wanted:
                rows = yield self._sql("list_arrival_hour", hour=hour)
                for number, minutes in rows:
                    found.setdefault(int(number), {})[hour] = int(minutes)
            return found

        return await self._db.read(script)

    async def first_hour(self) -> int | None:
        """The first hour of which arrivals are known."""

        def script() -> Script[int | None]:
            ((hour,),) = yield self._sql("first_arrival_hour")
            return None if hour is None else int(hour)

        return await self._db.read(script)

    async def strays(self) -> list[Came]:
        """The numbers that nobody registered, and when something came for them; some of them when there are many."""

        def script() -> Script[list[Came]]:
            rows = yield self._sql("list_recent_strays", limit=_NUMBERS)
            return [Came(*row) for row in rows]

        return await self._db.read(script)

    async def unread(self) -> tuple[int, float | None]:
        """How many webhooks were not understood in full, up to a hundred, and when the last of them came."""

        def script() -> Script[tuple[int, float | None]]:
            ((bodies, last_at),) = yield self._sql("newest_unread", limit=_UNREAD)
            return int(bodies), last_at

        return await self._db.read(script)

    # -- what waits -----------------------------------------------------------------------------

    async def head(self, *, now: float) -> tuple[list[Lot], bool]:
        """The files that are here for the longest, by lane, and whether these are all that are to be fetched."""
        lots = await self._lots(now, HEAD)
        return lots, sum(lot.files for lot in lots) < HEAD

    async def every_lot(self, *, now: float) -> list[Lot]:
        """All that is to be fetched, by lane. It reads all of it: some seconds for a million."""
        return await self._lots(now, _EVERY)

    async def _lots(self, now: float, limit: int) -> list[Lot]:
        def script() -> Script[list[Lot]]:
            gates = yield self._sql("list_gates", now=now)
            board = Board((gate_of(row) for row in gates), self._hosts)
            rows = yield self._sql(
                "list_lots",
                late=now - ages.LATE_S,
                soon=now + ages.SOON_S,
                very_soon=now + ages.VERY_SOON_S,
                short_soon=now + ages.SHORT_SOON_S,
                short_very_soon=now + ages.SHORT_VERY_SOON_S,
                limit=limit,
            )
            found = []
            for row in rows:
                names: dict[str, str] = dict(
                    zip(("workspace", "app", "credential", "number", "kind"), row, strict=False)
                )
                gate = holding(board, now=now, **names)
                owner = gate.owner if gate is not None else ""
                found.append(_new_lot(*row[:5], bool(row[5]), bool(row[6]), *row[7:], owner))
            return found

        return await self._db.read(script)

    async def unstamped_since(self) -> float | None:
        """Since when the oldest event waits for its position; None when none does."""

        def script() -> Script[float | None]:
            ((at,),) = yield self._sql("oldest_unstamped")
            return None if at is None else float(at)

        return await self._db.read(script)

    # -- burn rates -----------------------------------------------------------------------------

    async def burnt(self, *, now: float) -> dict[str, dict[int, Count]]:
        """First attempts of the last hours, by operation and minute."""

        def script() -> Script[dict[str, dict[int, Count]]]:
            rows = yield self._sql("list_burn_minutes", since=int(now // MINUTE_S) - KEPT_MINUTES)
            found: dict[str, dict[int, Count]] = {}
            for operation, minute, outcomes, failures in rows:
                found.setdefault(operation, {})[int(minute)] = Count(int(outcomes), int(failures))
            return found

        return await self._db.read(script)

    async def set_burnt(self, minutes: Mapping[str, Sequence[tuple[int, Count]]], *, now: float) -> None:
        """Keep minutes as they were counted, and forget what nobody reads any more, here and at the door."""
        rows: list[dict[str, Any]] = [
            {"operation": operation, "minute": minute, "outcomes": count.outcomes, "failures": count.failures}
            for operation, counts in minutes.items()
            for minute, count in counts
        ]

        def script() -> Script[None]:
            for row in rows:
                yield self._sql("set_burn_minute", **row)
            yield self._sql("forget_burn_minutes", before=int(now // MINUTE_S) - KEPT_MINUTES)

        await self._db.write(script)

    async def forget(self, *, now: float) -> None:
        """Forget arrivals of more than four weeks ago, and doors of more than a day."""

        def script() -> Script[None]:
            yield self._sql("forget_arrivals", before=int(now // HOUR_S) - KEPT_HOURS)
            yield self._sql("forget_door_minutes", before=int((now - _DOORS_KEPT_S) // MINUTE_S))

        await self._db.write(script)
