"""Ids, moments and texts: what may become a key or a column, and what may not."""

import doctest
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import reading_scalars
from penstock.core.reading_scalars import identity, integer, moment, words


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("wamid.ONE", "wamid.ONE"),
        ("x" * 512, "x" * 512),
        ("x" * 513, None),
        ("", None),
        ("a\x00b", None),
        ("a\nb", None),
        ("a\u202eb", None),
        (None, None),
        (7, "7"),
        (0, "0"),
        (-7, None),
        (10**40 - 1, "9" * 40),
        (10**40, None),
    ],
)
def test_an_id_is_a_short_printable_text(value: Any, key: str | None) -> None:
    assert identity(value) == key


def test_an_id_of_thousands_of_digits_is_none() -> None:
    assert identity(10**5000) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("22", 22),
        (23, 23),
        (0, 0),
        ("00", 0),
        (-1, None),
        ("-2", None),
        ("", None),
        ("22 bytes", None),
        ("٢٢", None),
        (1 << 63, None),
        ((1 << 63) - 1, (1 << 63) - 1),
        ("9" * 30, None),
        (None, None),
    ],
)
def test_a_whole_number_fits_a_column(value: Any, number: int | None) -> None:
    assert integer(value) == number


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("1795000000", 1_795_000_000.0),
        (1_795_000_001, 1_795_000_001.0),
        (1_795_000_000.5, 1_795_000_000.5),
        ("1795000000.25", 1_795_000_000.25),
        ("1795000000123", 1_795_000_000.123),
        (1_795_000_000_124, 1_795_000_000.124),
        (10**30, 0.0),
        ("9" * 40, 0.0),
        (0, 0.0),
        (-5, 0.0),
        ("-6", 0.0),
        ("nan", 0.0),
        ("1e9", 0.0),
        ("٢٢", 0.0),
        ("", 0.0),
        (None, 0.0),
    ],
)
def test_a_moment_is_epoch_seconds_or_nothing(value: Any, at: float) -> None:
    assert moment(value) == at


@given(st.none() | st.text(max_size=30) | st.integers() | st.floats())
@settings(max_examples=200, deadline=None)
def test_a_moment_is_always_a_number_of_this_age(value: Any) -> None:
    at = moment(value)

    assert math.isfinite(at)
    assert 0 <= at < 1e11


@pytest.mark.parametrize(
    ("text", "kept"),
    [("hello", "hello"), ("a\x00b\x00", "ab"), ("\x00", None), ("", None), (None, None), (" \n", " \n")],
)
def test_a_text_loses_only_its_nuls(text: str | None, kept: str | None) -> None:
    assert words(text) == kept


def test_a_text_is_cut_where_a_column_is_bounded() -> None:
    assert words("abcdef", 4) == "abcd"


def test_the_examples_of_the_module_hold() -> None:
    assert doctest.testmod(reading_scalars).failed == 0
