"""A walk through a long table by id, again and again, that goes past what cannot be due yet.

Whoever throws old rows away looks at a table in stretches. Of each it remembers when the first of the rows that were
left there will be due; until then nobody looks there again. New rows have higher ids, so they are found behind the last
stretch. It is remembered in memory only: after a start everything is looked at once. Called by ``flow.retention``.

>>> walk = Walk()
>>> walk.next(now=0.0)
(0, None)
>>> walk.looked(0, 500, due_at=60.0)
>>> walk.next(now=0.0), walk.next(now=61.0)
((500, None), (0, 500))
"""

from typing import NamedTuple


class Stretch(NamedTuple):
    """Rows behind ``after`` up to ``last``, of which none is due before a time."""

    after: int
    last: int
    due_at: float


class Walk:
    """Which stretch of a table is to be looked at next."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []  # side by side, from 0 on

    def reset(self) -> None:
        """Look at everything again: what is wished has changed."""
        self._stretches = []

    def next(self, *, now: float) -> tuple[int, int | None]:
        """(after, last) of the first stretch with something that is due; behind all of them last is None."""
        for stretch in self._stretches:
            if stretch.due_at <= now:
                return stretch.after, stretch.last
        return (self._stretches[-1].last if self._stretches else 0), None

    def looked(self, after: int, last: int, *, due_at: float) -> None:
        """The stretch that was next was looked at as far as ``last``; what was left there is due at a time."""
        begun = next((place for place, each in enumerate(self._stretches) if each.after == after), None)
        if begun is None:
            self._stretches.append(Stretch(after, last, due_at))
            begun = len(self._stretches) - 1
        else:
            old = self._stretches[begun]
            rest = [Stretch(last, old.last, old.due_at)] if last < old.last else []
            self._stretches[begun : begun + 1] = [
                Stretch(after, max(last, old.last) if not rest else last, due_at),
                *rest,
            ]
        self._merge(begun)
        self._merge(begun - 1)

    def _merge(self, left: int) -> None:
        """Two neighbours that are due at the same time, as those that never are, become one: that costs no memory."""
        if 0 <= left < len(self._stretches) - 1:
            first, second = self._stretches[left : left + 2]
            if first.due_at == second.due_at:
                self._stretches[left : left + 2] = [Stretch(first.after, second.last, first.due_at)]
