"""The error budgets of all numbers, as one fetcher keeps them: what failed lately and what is under way.

In memory; what failed before the start is told once, from the record of attempts, so that a restart does not begin
with a full budget. ``core.budget`` decides. Asked by a turn before its look-up, and told after it.
"""

from bisect import insort
from collections import Counter, defaultdict, deque
from collections.abc import Iterable

from penstock.core import budget
from penstock.core.budget import Limit
from penstock.core.exchange import Exchange


class Budgets:
    """The budgets of this process. The limit is the recipe's; with none every look-up may go on."""

    def __init__(self) -> None:
        self._failed: defaultdict[str, deque[float]] = defaultdict(deque)
        self._under_way: Counter[str] = Counter()

    def remember(self, failures: Iterable[tuple[str, float]]) -> None:
        """Look-ups that failed before: (number, when), earliest first."""
        for number, at in failures:
            self._failed[number].append(at)

    def take(self, number: str, now: float, limit: Limit | None) -> float | None:
        """None = the look-up may go on, and ``settle`` must be called after it. Otherwise when to ask again."""
        if limit is None:
            return None
        failed = self._failed[number]
        while failed and failed[0] <= now - limit.window_s:
            failed.popleft()
        again_at = budget.again_at(failed, under_way=self._under_way[number], limit=limit, now=now)
        if again_at is None:
            self._under_way[number] += 1
        return again_at

    def settle(self, number: str, exchange: Exchange | None, limit: Limit | None) -> None:
        """The look-up is over; None when it was broken off. ``limit`` is the one with which it was taken."""
        if limit is None:
            return
        self._under_way[number] -= 1
        if exchange is not None and budget.counts(exchange):
            # At its end: upstream counted it before that, so our window is never ahead of theirs.
            insort(self._failed[number], exchange.at + exchange.duration_s)
        if not self._under_way[number]:
            del self._under_way[number]
        if not self._failed[number]:
            del self._failed[number]
