"""A chain of entries: nothing in it can be changed, dropped, doubled or moved unnoticed."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.chain import START, Head, Kept, after, canonical, ended, follow

ENTRIES = st.lists(st.binary(max_size=12), min_size=1, max_size=12)


def chained(entries: list[bytes]) -> tuple[list[Kept], Head]:
    head, kept = START, []
    for entry in entries:
        head = after(head, entry)
        kept.append(Kept(head.entries, entry, head.digest))
    return kept, head


def problems(kept: list[Kept], noted: Head) -> list[str]:
    head, found = follow(START, kept)
    end = ended(head, noted)
    return [*found, *([end] if end else [])]


def test_a_digest_is_the_hash_of_the_one_before_and_the_entry() -> None:
    assert after(START, b"x") == Head(1, hashlib.sha256(bytes(32) + b"x").digest())
    assert after(Head(7, b"before"), b"x") == Head(8, hashlib.sha256(b"beforex").digest())


def test_an_entry_has_one_way_to_be_written() -> None:
    assert (
        canonical({"b": 1, "a": {"y": None, "x": "ü\0\udc80"}}) == rb'{"a":{"x":"\u00fc\u0000\udc80","y":null},"b":1}'
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})
    with pytest.raises(TypeError):
        canonical({"a": b"bytes"})


@settings(max_examples=50, deadline=None)
@given(ENTRIES)
def test_a_chain_that_nobody_touched_is_followed_to_its_head(entries: list[bytes]) -> None:
    kept, head = chained(entries)

    assert problems(kept, head) == []
    half, found = follow(START, kept[: len(kept) // 2])
    assert (follow(half, kept[len(kept) // 2 :]), found) == ((head, []), [])


@settings(max_examples=100, deadline=None)
@given(ENTRIES, st.data())
def test_whatever_is_done_to_one_entry_shows(entries: list[bytes], data: st.DataObject) -> None:
    kept, head = chained(entries)
    place = data.draw(st.integers(0, len(kept) - 1))
    number, entry, digest = kept[place]
    deed = data.draw(st.sampled_from(["entry", "digest", "number", "drop", "double", "swap"]))
    if deed == "entry":
        kept[place] = Kept(number, entry + b"!", digest)
    elif deed == "digest":
        kept[place] = Kept(number, entry, bytes(32))
    elif deed == "number":
        kept[place] = Kept(number + 1, entry, digest)
    elif deed == "drop":
        del kept[place]
    elif deed == "double":
        kept.insert(place, kept[place])
    elif len(kept) > 1:
        other = (place + 1) % len(kept)
        kept[place], kept[other] = kept[other], kept[place]
    else:
        return

    assert problems(kept, head)


@settings(max_examples=50, deadline=None)
@given(ENTRIES, st.data())
def test_a_chain_rewritten_to_its_end_loses_every_later_head_that_was_noted(
    entries: list[bytes], data: st.DataObject
) -> None:
    kept, _ = chained(entries)
    place = data.draw(st.integers(0, len(entries) - 1))
    rewritten, head = chained([*entries[:place], entries[place] + b"!", *entries[place + 1 :]])

    assert problems(rewritten, head) == []
    assert {each.digest for each in kept[place:]} & {each.digest for each in rewritten} == set()


def test_one_fault_is_told_once() -> None:
    kept, head = chained([b"a", b"b", b"c", b"d", b"e"])

    changed = [kept[0], kept[1]._replace(entry=b"B"), *kept[2:]]
    assert problems(changed, head) == ["entry 2 of the audit log is not what was written, or the one before it is not"]
    assert problems([kept[0], kept[3], kept[4]], head) == ["entries 2 to 3 of the audit log are missing"]
    assert problems(kept[:4], head) == ["entry 5 of the audit log is missing"]
    assert problems(kept, Head(4, kept[3].digest)) == [
        "the audit log has 5 entries, and 4 were counted when they were written"
    ]
    assert problems(kept, Head(5, bytes(32))) == [
        "the audit log does not end with the head that was kept when its last entry was written"
    ]
