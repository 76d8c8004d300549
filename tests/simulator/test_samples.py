"""The sample files."""

import hashlib

import pytest

from penstock.simulator import KINDS, SAMPLES, sample
from penstock.simulator.draft import DECLARED
from penstock.simulator.kinds import MEDIA_KINDS

BEGINNINGS: dict[str, bytes | tuple[bytes, ...]] = {
    "image": b"\xff\xd8\xff",
    "png": b"\x89PNG",
    "sticker": b"RIFF",
    "animated_sticker": b"RIFF",
    "voice": b"OggS",
    "audio": (b"ID3", b"\xff"),
    "m4a": b"\x00\x00\x00",
    "video": b"\x00\x00\x00",
    "document": b"%PDF-",
    "text": b"Packing",
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sample_is_small_real_and_always_the_same(kind: str) -> None:
    file = sample(kind)

    assert file.data.startswith(BEGINNINGS[kind])
    assert 0 < len(file.data) < 60_000
    assert file.sha256 == hashlib.sha256(file.data).hexdigest()
    assert sample(kind) is file
    assert sample(kind, 4) is not None


def test_there_is_a_sample_of_every_kind_that_customers_send() -> None:
    assert set(MEDIA_KINDS) <= set(SAMPLES)
    assert set(MEDIA_KINDS) <= set(KINDS)
    assert {kind: sample(kind).mime_type for kind in MEDIA_KINDS} == DECLARED


def test_only_documents_have_a_file_name() -> None:
    assert sample("document").filename is not None
    assert sample("image").filename is None


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        sample("hologram")
