"""Public ids: a permutation of row numbers that cannot be mistaken for one another's kind."""

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import ids
from penstock.core.ids import Kind, decode, encode

rows = st.integers(1, (1 << 63) - 1)


@given(st.sampled_from(Kind), rows)
@settings(max_examples=200, deadline=None)
def test_an_id_leads_back_to_its_row(kind: Kind, row: int) -> None:
    assert decode(kind, encode(kind, row)) == row


@given(rows, rows)
@settings(max_examples=100, deadline=None)
def test_two_rows_never_share_an_id(one: int, other: int) -> None:
    assert (encode(Kind.MEDIA, one) == encode(Kind.MEDIA, other)) == (one == other)


def test_an_id_of_one_kind_is_none_of_another() -> None:
    for kind in Kind:
        assert [each for each in Kind if decode(each, encode(kind, 7)) is not None] == [kind]


def test_ids_do_not_tell_how_many_rows_there_are() -> None:
    one, next_one = encode(Kind.MESSAGE, 1), encode(Kind.MESSAGE, 2)

    assert len(one) == len(next_one) == 17
    assert sum(a != b for a, b in zip(one, next_one, strict=True)) > 5


def test_prefixes_are_distinct() -> None:
    assert len({kind.value for kind in Kind}) == len(Kind)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "med",
        "med_",
        "med_123",
        "med_" + "0" * 13,
        "med_" + "z" * 13,
        "med_" + "u" * 13,
        "MED_" + "1" * 13,
        encode(Kind.MEDIA, 1).upper(),
        encode(Kind.MEDIA, 1) + "0",
        encode(Kind.MEDIA, 1)[:-1] + "\x00",
        "wamid.HBgLMTU1NTAwMDEyMzQVAgASAA==",
    ],
)
def test_what_is_no_id_has_no_row(text: str) -> None:
    assert decode(Kind.MEDIA, text) is None


@given(st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_decoding_never_raises(text: str) -> None:
    for kind in Kind:
        row = decode(kind, text)
        assert row is None or encode(kind, row) == text


@given(st.text(alphabet="0123456789abcdefghjkmnpqrstvwxyz", min_size=13, max_size=13))
@settings(max_examples=200, deadline=None)
def test_every_row_has_exactly_one_spelling(letters: str) -> None:
    row = decode(Kind.MEDIA, f"med_{letters}")

    assert row is None or encode(Kind.MEDIA, row) == f"med_{letters}"


def test_the_examples_of_the_module_hold() -> None:
    assert doctest.testmod(ids).failed == 0
