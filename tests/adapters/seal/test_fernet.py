"""Secrets at rest: sealed with the first key, opened with any, and never opened by another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import WrongUse


@given(st.binary(max_size=500), st.text(min_size=1, max_size=60))
def test_what_was_sealed_can_be_opened(clear: bytes, key: str) -> None:
    sealer = FernetSealer([key])

    assert sealer.unseal(sealer.seal(clear)) == clear


def test_sealing_twice_gives_different_bytes_and_shows_nothing() -> None:
    sealer = FernetSealer(["a key"])
    first, second = sealer.seal(b"EAAGsecret"), sealer.seal(b"EAAGsecret")

    assert first != second
    assert b"EAAGsecret" not in first


def test_a_rotated_key_still_opens_what_is_old() -> None:
    old = FernetSealer(["old"]).seal(b"token")
    rotated = FernetSealer(["new", "old"])

    assert rotated.unseal(old) == b"token"
    assert FernetSealer(["new"]).unseal(rotated.seal(b"token")) == b"token"  # the first one seals


def test_another_key_is_told_in_one_line_without_a_secret() -> None:
    sealed = FernetSealer(["one"]).seal(b"token")

    with pytest.raises(WrongUse, match="PENSTOCK_SECRET_KEY") as caught:
        FernetSealer(["another"]).unseal(sealed)
    assert "\n" not in str(caught.value)
    assert "another" not in str(caught.value).replace("another key", "")


@pytest.mark.parametrize("spoiled", [b"", b"garbage", b"gAAAAA=="])
def test_what_was_never_sealed_does_not_open(spoiled: bytes) -> None:
    with pytest.raises(WrongUse):
        FernetSealer(["key"]).unseal(spoiled)


@pytest.mark.parametrize("keys", [[], [""], ["good", ""], [b""]])
def test_an_empty_key_is_refused(keys: list[str | bytes]) -> None:
    with pytest.raises(WrongUse):
        FernetSealer(keys)


def test_text_and_its_bytes_are_the_same_key() -> None:
    assert FernetSealer([b"k\xc3\xa9y"]).unseal(FernetSealer(["kéy"]).seal(b"x")) == b"x"
