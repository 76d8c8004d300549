"""Tickets: counts first attempts by the minute, and opens an incident of low severity where a budget burns too fast.

The detector pages for what breaks; this is for what smoulders. The minutes are kept in the ledger, so that the next
leader of the watch knows the six hours before it. What rings is ``core.burn``'s decision. One of the controls of
``controls.rounds``.
"""

from collections.abc import Sequence

from penstock.controls.watch.notices import Notices, told_already
from penstock.controls.watch.signs import FAILING
from penstock.core import burn
from penstock.core.burn import BURN_RATE, MINUTE_S, Count, Minutes
from penstock.core.detector import FAMILIES, Key
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

_EVERY_S = 15.0
_KEEP_EVERY_S = 30.0
_OPEN = 1_000


class Tickets:
    """The budgets of every operation."""

    def __init__(self, ledger: Ledger, *, every_s: float = _EVERY_S) -> None:
        self._ledger = ledger
        self._every_s = every_s
        self._notices = Notices(ledger, lambda key: key.family == BURN_RATE)
        self._minutes: dict[str, Minutes] = {}
        self._known_until: dict[str, int] = {}  # operation -> the last minute that an earlier leader kept
        self._dirty: dict[str, set[int]] = {}
        self._begun = False
        self._look_at = self._keep_at = float("-inf")

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """Count what was tried, and look at the windows when it is time."""
        if not self._begun:
            await self._begin(now)
        for each in seen:
            if each.first:
                self._count(each)
        if now - self._keep_at >= _KEEP_EVERY_S:
            self._keep_at = now
            await self._keep(now)
        if now - self._look_at < self._every_s:
            return
        self._look_at = now
        rows = await self._ledger.incidents.latest(only_open=True, limit=_OPEN)
        operations = {*self._minutes, *(key.operation for key in self._notices.open)}
        signs = [
            burn.ticket(
                Key(operation, BURN_RATE),
                self._minutes.setdefault(operation, Minutes()),
                now,
                covered=told_already(rows, FAILING, operation=operation),
            )
            for operation in sorted(operations)
        ]
        await self._notices.look(signs, now)

    async def _begin(self, now: float) -> None:
        self._begun = True
        await self._notices.begin(now)
        for operation, counts in (await self._ledger.vitals.burnt(now=now)).items():
            self._minutes[operation] = Minutes(counts)
            self._known_until[operation] = max(counts)

    def _count(self, seen: Seen) -> None:
        failed = seen.outcome in FAMILIES or seen.outcome is Outcome.CONTRACT
        if not failed and seen.outcome is not Outcome.DELIVERED:
            return  # throttled, or a trouble of our own side: no word on the operation
        minute = int(seen.at // MINUTE_S)
        if minute <= self._known_until.get(seen.operation, -1):  # the earlier leader counted it
            return
        self._minutes.setdefault(seen.operation, Minutes()).add(seen.at, failed=failed)
        self._dirty.setdefault(seen.operation, set()).add(minute)

    async def _keep(self, now: float) -> None:
        """Write down the minutes that changed."""
        changed: dict[str, list[tuple[int, Count]]] = {
            operation: [(minute, self._minutes[operation].minute(minute)) for minute in sorted(minutes)]
            for operation, minutes in self._dirty.items()
        }
        for minutes in self._minutes.values():
            minutes.forget(now)
        if changed:
            await self._ledger.vitals.set_burnt(changed, now=now)
            self._dirty = {}
