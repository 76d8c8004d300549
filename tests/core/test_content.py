"""Two tables have the same content exactly when they hold the same rows, however they are read."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.content import NOTHING, Content, content

VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
ROWS = st.lists(st.tuples(st.integers(0, 3), VALUES), max_size=12)


@given(rows=ROWS, cut=st.integers(0, 12), order=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_neither_order_nor_pages_matter(rows: list[tuple[Any, ...]], cut: int, order: Any) -> None:
    mixed = list(rows)
    order.shuffle(mixed)

    assert NOTHING.and_also(rows) == NOTHING.and_also(mixed[:cut]).and_also(mixed[cut:])


@given(rows=ROWS, other=ROWS)
@settings(max_examples=60, deadline=None)
def test_other_rows_are_other_content(rows: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> None:
    same = sorted(map(repr, rows)) == sorted(map(repr, other))

    assert (NOTHING.and_also(rows) == NOTHING.and_also(other)) == same


def test_a_row_twice_is_not_a_row_once() -> None:
    assert NOTHING.and_also([(1,), (1,)]) != NOTHING.and_also([(1,)])


def test_it_can_be_written_down() -> None:
    found = NOTHING.and_also([(1, "a"), (2, None)])

    assert content(found.rows, found.hex) == found
    assert len(Content(0, 1).hex) == 32
