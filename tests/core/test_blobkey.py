"""Where a media row's bytes are kept: one key for each row, and no other name leads to it."""

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import blobkey
from penstock.core.blobkey import key, row_of

rows = st.integers(1, (1 << 63) - 1)


@given(rows)
@settings(max_examples=100, deadline=None)
def test_a_key_leads_back_to_its_row(row: int) -> None:
    assert row_of(key(row)) == row


@given(rows, rows)
@settings(max_examples=100, deadline=None)
def test_rows_never_share_a_key(one: int, other: int) -> None:
    assert (key(one) == key(other)) == (one == other)


def test_neighbours_share_a_folder() -> None:
    folders = {key(row).partition("/")[0] for row in range(4096, 8192)}

    assert folders == {"00000001"}


def test_a_key_is_a_plain_relative_path() -> None:
    assert key(1) == "00000000/0000000000000001"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "00000000/0000000000000000",
        "-0000001/-000000000000001",
        "0000000000000001",
        "00000001/0000000000000001",
        "00000000/00000000000000A1",
        "00000000/ 000000000000001",
        "00000000/0_0000000000001",
        "../00000000/0000000000000001",
        "00000000/0000000000000001.part",
        "zzz/zzz",
        "8000000000000/8000000000000000",
    ],
)
def test_another_name_is_no_rows(name: str) -> None:
    assert row_of(name) is None


def test_the_examples_of_the_module_hold() -> None:
    assert doctest.testmod(blobkey).failed == 0
