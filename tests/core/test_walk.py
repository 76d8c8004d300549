"""A walk looks at every row in time, and goes past what cannot be due."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.walk import Walk

PAGE = 7


class Table:
    """Rows that are due at some time or never, walked through as the retention does it."""

    def __init__(self) -> None:
        self.rows: dict[int, float] = {}
        self.last = 0
        self.looked_at = 0
        self.walk = Walk()

    def add(self, due_at: float) -> None:
        self.last += 1
        self.rows[self.last] = due_at

    def round(self, now: float) -> None:
        while True:
            after, last = self.walk.next(now=now)
            page = [row for row in sorted(self.rows) if row > after and (last is None or row <= last)][:PAGE]
            if not page and last is None:
                return
            self.looked_at += len(page)
            whole = len(page) < PAGE
            left = [self.rows[row] for row in page if self.rows[row] > now]
            for row in page:
                if self.rows[row] <= now:
                    del self.rows[row]
            end = last if last is not None and whole else page[-1]
            self.walk.looked(after, end, due_at=min(left, default=float("inf")))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), rounds=st.integers(1, 12))
def test_after_a_round_nothing_is_left_that_is_due(seed: int, rounds: int) -> None:
    chance, table = random.Random(seed), Table()
    for now in range(rounds):
        for _ in range(chance.randrange(40)):
            table.add(chance.choice((float("inf"), float(now + chance.randrange(8)))))
        table.round(float(now))
        assert [due for due in table.rows.values() if due <= now] == []


def test_what_is_kept_for_good_is_looked_at_once() -> None:
    table = Table()
    for _ in range(10 * PAGE):
        table.add(float("inf"))
    for now in range(20):
        table.round(float(now))

    assert table.looked_at == 10 * PAGE
    assert len(table.walk._stretches) == 1


def test_after_a_reset_everything_is_looked_at_again() -> None:
    table = Table()
    for _ in range(PAGE):
        table.add(float("inf"))
    table.round(0.0)
    table.walk.reset()
    table.round(0.0)

    assert table.looked_at == 2 * PAGE


def test_a_part_of_a_stretch_leaves_the_rest_for_the_next_look() -> None:
    walk = Walk()
    walk.looked(0, 100, due_at=5.0)
    walk.looked(0, 40, due_at=9.0)

    assert walk.next(now=6.0) == (40, 100)
    walk.looked(40, 100, due_at=9.0)
    assert walk.next(now=6.0) == (100, None)
    assert walk.next(now=9.0) == (0, 100)
