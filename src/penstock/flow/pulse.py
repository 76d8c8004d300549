"""What came to the door, counted in memory and added to the ledger at times: for which numbers, and what was refused.

At most one small transaction in some seconds, whoever knocks how often; with several receivers the counts add up. A
process that is killed loses its last seconds of counts, and nothing else: they say how things are, and prove nothing.
Fed by ``flow.receiver``; started by ``wiring``.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterable

import structlog

from penstock.core import outage, silence
from penstock.core.errors import PenstockError
from penstock.core.silence import ANY, HOUR_S
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.vitals import Arrivals, Door

_log = structlog.get_logger()

_EVERY_S = 5.0
_NUMBER = re.compile(rb'"phone_number_id"\s*:\s*"(\d{1,32})"')
_SEARCHED_BYTES = 65_536  # of a body that nobody signed
_MOST = 50_000  # rows that are kept for a ledger that is away; the oldest are dropped then


class Pulse:
    """The counts of one receiver. ``start`` it before use, ``stop`` it after."""

    def __init__(self, ledger: Ledger, registry: Registry, *, every_s: float = _EVERY_S) -> None:
        self._ledger = ledger
        self._registry = registry
        self._every_s = every_s
        self._came: dict[tuple[int, int], Arrivals] = {}
        self._met: dict[tuple[int, int], Door] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to add what is counted."""
        self._task = asyncio.create_task(self._keep(), name="pulse")

    async def stop(self) -> None:
        """Add what is left, and end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            with contextlib.suppress(PenstockError):
                await self.flush()

    def took(self, app_id: int, numbers: Iterable[str], at: float) -> None:
        """A body of an app was stored, with updates for these numbers."""
        hour, minute = int(at // HOUR_S), silence.bit(at)
        routes = self._registry.routes()
        known = {routes[number].number_id for number in numbers if number in routes}
        for number_id in (ANY, *known):
            before = self._came.get((number_id, hour))
            if before is None:
                self._came[number_id, hour] = Arrivals(number_id, hour, minute, 1, at)
            else:
                self._came[number_id, hour] = Arrivals(
                    number_id, hour, before.minutes | minute, before.bodies + 1, max(before.last_at, at)
                )
        self._count(app_id, at, taken=1)

    def refused(self, body: bytes, header: bytes | None, app: str | None, at: float) -> None:
        """A body was refused for its signature. One that has none at all is nobody's who could be Meta."""
        if header is None:
            return
        found = _NUMBER.search(body, 0, _SEARCHED_BYTES)
        route = self._registry.route(found[1].decode("ascii")) if found is not None else None
        named = self._registry.app(app) if app is not None else None
        app_id = named.id if named is not None else route.app_id if route is not None else 0
        self._count(app_id, at, refused=1, ours=int(route is not None))

    async def flush(self) -> None:
        """Add what was counted. Raises what the ledger raises; then it is kept for the next time."""
        came, met = self._came, self._met
        if not came and not met:
            return
        self._came, self._met = {}, {}
        try:
            await self._ledger.vitals.came(came.values(), met.values())
        except BaseException:
            self._keep_back(came, met)
            raise

    def _count(self, app_id: int, at: float, *, taken: int = 0, refused: int = 0, ours: int = 0) -> None:
        minute = int(at // 60)
        before = self._met.get((minute, app_id)) or Door(minute, app_id, 0, 0, 0)
        self._met[minute, app_id] = Door(
            minute, app_id, before.taken + taken, before.refused + refused, before.ours + ours
        )

    def _keep_back(self, came: dict[tuple[int, int], Arrivals], met: dict[tuple[int, int], Door]) -> None:
        """Put back what could not be added, below what was counted since."""
        for place, old in came.items():
            new = self._came.get(place)
            self._came[place] = (
                old
                if new is None
                else Arrivals(
                    old.number_id,
                    old.hour,
                    old.minutes | new.minutes,
                    old.bodies + new.bodies,
                    max(old.last_at, new.last_at),
                )
            )
        for place, known in met.items():
            more = self._met.get(place)
            self._met[place] = (
                known
                if more is None
                else Door(*place, known.taken + more.taken, known.refused + more.refused, known.ours + more.ours)
            )
        while len(self._came) > _MOST:
            del self._came[min(self._came, key=lambda place: place[1])]
        while len(self._met) > _MOST:
            del self._met[min(self._met)]

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.flush()
            except PenstockError as error:
                _log.log(outage.level(error), "pulse.store_unavailable", reason=str(error))
            except Exception:  # noqa: BLE001 -- a mistake of ours: webhooks are taken all the same, only uncounted
                _log.exception("pulse.failed")
