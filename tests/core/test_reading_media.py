"""Media objects: the id is needed, everything else is a claim that may be missing or malformed."""

import hashlib
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.reading_media import digest, expiry, kind_of, reference
from penstock.core.reading_shapes import File
from penstock.core.updates import MediaRef

DIGEST = hashlib.sha256(b"a file").digest()


def test_a_file_needs_nothing_but_its_id() -> None:
    assert reference("image", File(id="101")) == MediaRef("101", "image")


@pytest.mark.parametrize("media_id", [None, "", "a/b", "../x", "a b", "x" * 129, "a\x00", "é", "a?b", "a%2fb", -1])
def test_an_id_that_could_be_no_part_of_a_url_names_no_file(media_id: str | int | None) -> None:
    assert reference("image", File(id=media_id)) is None


def test_no_media_object_is_no_file() -> None:
    assert reference("image", None) is None


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("image/jpeg", "image/jpeg"),
        ("audio/ogg; codecs=opus", "audio/ogg; codecs=opus"),
        ('text/plain; charset="utf-8"', 'text/plain; charset="utf-8"'),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",) * 2,
        ("image", None),
        ("", None),
        ("text/html\r\nX-Evil: 1", None),
        ("image/" + "x" * 20_000 + "\n", None),
        ("image/jpeg;" + "x" * 300, None),
    ],
)
def test_a_declared_type_is_kept_with_its_parameters_if_it_is_one(declared: str, kept: str | None) -> None:
    ref = reference("document", File(id="1", mime_type=declared))

    assert ref is not None
    assert ref.mime_type == kept


@pytest.mark.parametrize(("size", "kept"), [("22", 22), (23, 23), ("22.5", None), (-1, None), (None, None)])
def test_a_size_may_be_text_or_number(size: str | int | None, kept: int | None) -> None:
    ref = reference("image", File(id="1", file_size=size))

    assert ref is not None
    assert ref.size == kept


@pytest.mark.parametrize(
    "written",
    [
        b64encode(DIGEST).decode(),
        b64encode(DIGEST).decode().rstrip("="),
        urlsafe_b64encode(DIGEST).decode(),
        DIGEST.hex(),
        DIGEST.hex().upper(),
    ],
)
def test_a_hash_is_read_from_base64_and_from_hex(written: str) -> None:
    assert digest(written) == DIGEST


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "abc",
        "x" * 64,
        DIGEST.hex()[:-1],
        DIGEST.hex() + "0",
        b64encode(DIGEST[:31]).decode(),
        b64encode(DIGEST + b"x").decode(),
        "=" * 44,
        "é" * 44,
        b64encode(DIGEST).decode()[:-1] + "\n",
        "A" * 1_000_000,
    ],
)
def test_a_malformed_hash_is_none(written: str | None) -> None:
    assert digest(written) is None


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=80, deadline=None)
def test_every_hash_is_the_same_in_every_spelling(value: bytes) -> None:
    spellings = (b64encode(value).decode(), urlsafe_b64encode(value).decode(), value.hex())

    assert {digest(spelling) for spelling in spellings} == {value}


@given(st.text(max_size=70))
@settings(max_examples=150, deadline=None)
def test_a_hash_is_32_bytes_or_nothing(written: str) -> None:
    found = digest(written)

    assert found is None or len(found) == 32


BASE = "https://lookaside.fbsbx.com/whatsapp_business/attachments/"


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("?mid=1&source=webhook&ext=1795000301&hash=H", 1_795_000_301.0),
        ("?ext=1795000301", 1_795_000_301.0),
        ("?mid=1&ext=1795000301000&hash=H", 1_795_000_301.0),
        ("?mid=1&text=1795000301", None),
        ("?mid=1&ext=", None),
        ("?mid=1&ext=soon", None),
        ("?mid=1&ext=0", None),
        ("", None),
    ],
)
def test_a_url_says_when_it_dies(query: str, at: float | None) -> None:
    assert expiry(BASE + query) == at


@pytest.mark.parametrize("url", ["ftp://x/y", "javascript:alert(1)", "https://a b/", "https://x/\n", "", "//x/y"])
def test_what_is_no_web_address_is_no_fast_path(url: str) -> None:
    ref = reference("image", File(id="1", url=url))

    assert ref is not None
    assert (ref.url, ref.url_expires_at) == (None, None)


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/png", "image"),
        ("audio/aac", "audio"),
        ("video/mp4", "video"),
        ("text/plain", "document"),
        (None, "document"),
    ],
)
def test_the_kind_of_a_file_follows_from_its_declared_type(mime_type: str | None, kind: str) -> None:
    assert kind_of(mime_type) == kind
