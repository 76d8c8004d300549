"""Buckets: the same place for the same key, another one with another salt, and shares that only ever grow."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import buckets

KEYS = st.text(max_size=40)
SALTS = st.text(min_size=1, max_size=20)
SHARES = st.floats(0, 1)


@settings(max_examples=150, deadline=None)
@given(SALTS, KEYS, SHARES, SHARES)
def test_a_larger_share_holds_all_that_a_smaller_one_held(salt: str, key: str, one: float, other: float) -> None:
    place = buckets.bucket(salt, key)

    assert place == buckets.bucket(salt, key)
    assert 0 <= place < buckets.BUCKETS
    assert not buckets.inside(place, min(one, other)) or buckets.inside(place, max(one, other))
    assert buckets.inside(place, 1.0)
    assert not buckets.inside(place, 0.0)


@settings(max_examples=20, deadline=None)
@given(SALTS, SHARES)
def test_a_share_holds_about_so_many(salt: str, share: float) -> None:
    keys = [f"workspace {number}" for number in range(2_000)]
    held = sum(buckets.inside(buckets.bucket(salt, key), share) for key in keys)

    # Five standard deviations and a bit: hashes do not know that they are tested.
    assert abs(held - share * 2_000) < 130


@settings(max_examples=20, deadline=None)
@given(st.lists(SALTS, min_size=2, max_size=2, unique=True))
def test_each_salt_shuffles_anew(salts: list[str]) -> None:
    keys = [f"workspace {number}" for number in range(1_000)]
    first, second = ({key for key in keys if buckets.inside(buckets.bucket(salt, key), 0.25)} for salt in salts)

    assert first != second
    assert 20 < len(first & second) < 130  # 62 of 1,000 are in both by chance


def test_small_installations_are_split_by_conversation() -> None:
    assert buckets.unit(1) == buckets.unit(199) == "conversation"
    assert buckets.unit(200) == "workspace"
