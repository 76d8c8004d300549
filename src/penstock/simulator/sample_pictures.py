"""Draws the sample pictures: a landscape at four times of the day as a photo, a face as a sticker.

Plain Pillow, no randomness. Imported by ``samples`` and by the film maker when somebody asks for a picture.
"""

import io
import math

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

_SIZE = (640, 480)
# sky above, sky at the horizon, sun, far hills, near hills
_MOODS: tuple[tuple[Colour, Colour, Colour, Colour, Colour], ...] = (
    ((92, 150, 214), (226, 236, 240), (255, 246, 200), (96, 132, 150), (58, 104, 72)),
    ((66, 60, 116), (248, 160, 104), (255, 214, 130), (112, 84, 118), (58, 52, 70)),
    ((18, 26, 52), (60, 78, 120), (236, 236, 222), (38, 50, 82), (18, 26, 38)),
    ((150, 172, 186), (232, 216, 196), (255, 236, 214), (134, 148, 146), (92, 108, 84)),
)
_FACES = ((255, 205, 70), (120, 200, 120), (120, 180, 240), (240, 140, 160))


def landscape(variant: int, size: tuple[int, int] = _SIZE, moment: float = 0.3) -> Image.Image:
    """Hills under a sky; ``moment`` from 0 to 1 moves the sun along."""
    width, height = size
    above, below, sun, far, near = _MOODS[variant % len(_MOODS)]
    picture = Image.new("RGB", size)
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        draw.line(((0, y), (width, y)), fill=_between(above, below, min(1.0, y / height * 1.5)))
    radius = height // 14
    right, down = width * (0.15 + 0.7 * moment), height * (0.36 - 0.2 * math.sin(math.pi * moment))
    draw.ellipse((right - radius, down - radius, right + radius, down + radius), fill=sun)
    for level, (colour, base) in enumerate(((far, 0.52), (_between(far, near, 0.5), 0.64), (near, 0.78))):
        _hills(draw, size, colour, base, level + variant)
    return picture


def photo(variant: int, format_: str) -> bytes:
    """A landscape as JPEG or PNG."""
    return _encoded(landscape(variant), format_, quality=82)


def sticker(variant: int) -> bytes:
    """A face on nothing, WebP with transparency."""
    return _encoded(_face(variant, 0.0), "WEBP", quality=80)


def animated_sticker(variant: int) -> bytes:
    """A face that winks."""
    first, *others = [_face(variant, wink) for wink in (0.0, 0.5, 1.0, 0.5)]
    out = io.BytesIO()
    first.save(out, "WEBP", save_all=True, append_images=others, duration=180, loop=0, quality=70)
    return out.getvalue()


def _face(variant: int, wink: float) -> Image.Image:
    picture = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((36, 36, 476, 476), fill=(*_FACES[variant % len(_FACES)], 255), outline=(70, 60, 50, 255), width=10)
    closed = int(44 * (1 - wink)) + 6
    for eye, half in ((186, 44), (326, closed)):
        draw.ellipse((eye - 26, 206 - half, eye + 26, 206 + half), fill=(70, 60, 50, 255))
    draw.arc((150, 200, 362, 396), start=20, end=160, fill=(70, 60, 50, 255), width=18)
    return picture


def _hills(draw: ImageDraw.ImageDraw, size: tuple[int, int], colour: Colour, base: float, phase: int) -> None:
    width, height = size
    ridge = [
        (x, height * (base + 0.05 * math.sin(x / width * 7 + phase * 1.7) + 0.025 * math.sin(x / width * 19 + phase)))
        for x in range(0, width + 8, 8)
    ]
    draw.polygon([(0, height), *ridge, (width + 8, height)], fill=colour)


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (int(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _encoded(picture: Image.Image, format_: str, *, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, format_, quality=quality)
    return out.getvalue()
