"""The shelf of media."""

import hashlib

import pytest

from penstock.simulator.accounts import Number
from penstock.simulator.media import MediaShelf, file_of, kind_of
from penstock.simulator.scenario import DAY_S, Rules

SHORT = Number("1", "2", "3", "http://127.0.0.1/", b"s", no_storage=True)


@pytest.mark.parametrize(
    ("number", "inbound", "life_s"), [(None, True, 7 * DAY_S), (None, False, 30 * DAY_S), (SHORT, True, 3600.0)]
)
def test_a_media_dies_by_its_number_and_by_who_uploaded_it(number: Number | None, inbound: bool, life_s: float) -> None:
    media = MediaShelf(0).add(file_of(b"x", "image/jpeg"), kind="image", number=number, now=100.0, inbound=inbound)

    assert media.alive(Rules(), 100.0 + life_s - 1)
    assert not media.alive(Rules(), 100.0 + life_s)


def test_a_deleted_media_is_dead() -> None:
    media = MediaShelf(0).add(file_of(b"x", "image/jpeg"), kind="image", number=None, now=0.0)
    media.deleted = True

    assert not media.alive(Rules(), 0.0)


def test_ids_follow_from_the_seed_and_urls_from_both() -> None:
    one, same, other = MediaShelf(1), MediaShelf(1), MediaShelf(2)
    made = [shelf.add(file_of(b"x", "image/jpeg"), kind="image", number=None, now=0.0) for shelf in (one, same, other)]
    urls = [
        shelf.url("https://files", media, source="webhook", expires_at=5)
        for shelf, media in zip((one, same, other), made, strict=True)
    ]

    assert made[0].id == made[1].id != made[2].id
    assert urls[0] == urls[1] != urls[2]
    assert urls[0].startswith(
        f"https://files/whatsapp_business/attachments/?mid={made[0].id}&source=webhook&ext=5&hash=A"
    )
    assert one.get(made[0].id) is made[0]
    assert one.get("0") is None


def test_a_file_knows_its_hash_in_both_spellings() -> None:
    file = file_of(b"penstock-example-image", "image/jpeg")

    assert file.sha256 == hashlib.sha256(b"penstock-example-image").hexdigest()
    assert file.sha256_base64 == "plr/ZehTE6kszlpgIZV2VWRq1xPmgKmdJnvtwbCigXQ="


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/jpeg", "image"),
        ("image/webp", "sticker"),
        ("audio/ogg; codecs=opus", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "document"),
        ("nonsense", "document"),
    ],
)
def test_a_type_belongs_to_a_kind(mime_type: str, kind: str) -> None:
    assert kind_of(mime_type) == kind
