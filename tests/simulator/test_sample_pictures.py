"""Pictures that are pictures."""

import io

from PIL import Image

from penstock.simulator import sample_pictures


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def test_photos_are_landscapes_of_many_colours_in_both_formats() -> None:
    for format_ in ("JPEG", "PNG"):
        pictures = [opened(sample_pictures.photo(variant, format_)) for variant in range(4)]

        assert {(picture.format, picture.size, picture.mode) for picture in pictures} == {(format_, (640, 480), "RGB")}
        assert all(len(picture.getcolors(1_000_000) or []) > 50 for picture in pictures)
        assert len({picture.tobytes() for picture in pictures}) == 4


def test_stickers_are_square_and_transparent_at_the_corners() -> None:
    picture = opened(sample_pictures.sticker(0))

    assert (picture.format, picture.size, picture.mode) == ("WEBP", (512, 512), "RGBA")
    assert picture.getpixel((0, 0)) == (0, 0, 0, 0)
    assert len(sample_pictures.sticker(0)) < 100_000


def test_an_animated_sticker_moves() -> None:
    picture = opened(sample_pictures.animated_sticker(0))

    assert getattr(picture, "n_frames", 1) > 1


def test_the_sun_moves() -> None:
    assert (
        sample_pictures.landscape(0, (64, 48), 0.1).tobytes() != sample_pictures.landscape(0, (64, 48), 0.9).tobytes()
    )
