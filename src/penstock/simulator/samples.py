"""Small real files of every kind, made here when they are first asked for and kept: nothing is downloaded or shipped.

Four variants of each kind, the same bytes every time on the same machine. Needs PyAV and Pillow (the ``simulator``
extra). Used by drafts that are given no data of their own, by demos, and by tests that need a file that is valid.
"""

from collections.abc import Callable
from functools import cache

from .media import File, file_of
from .sample_papers import file_name

VARIANTS = 4


class SamplesUnavailable(RuntimeError):  # noqa: N818 - it says how things are
    """PyAV or Pillow is not installed: ``penstock[simulator]`` brings both."""


@cache
def sample(kind: str, variant: int = 0) -> File:
    """A file of this kind; ``SAMPLES`` names them. Raises KeyError for another, SamplesUnavailable without PyAV."""
    make, mime_type, name = SAMPLES[kind]
    variant %= VARIANTS
    try:
        data = make(variant)
    except ImportError as error:
        raise SamplesUnavailable(f"{error.name} is missing; install penstock[simulator]") from error
    return file_of(data, mime_type, name(variant) if name else None)


def _image(variant: int) -> bytes:
    from .sample_pictures import photo

    return photo(variant, "JPEG")


def _png(variant: int) -> bytes:
    from .sample_pictures import photo

    return photo(variant, "PNG")


def _sticker(variant: int) -> bytes:
    from .sample_pictures import sticker

    return sticker(variant)


def _animated_sticker(variant: int) -> bytes:
    from .sample_pictures import animated_sticker

    return animated_sticker(variant)


def _voice(variant: int) -> bytes:
    from .sample_recordings import voice_note

    return voice_note(variant)


def _audio(variant: int) -> bytes:
    from .sample_recordings import melody

    return melody(variant, "mp3")


def _m4a(variant: int) -> bytes:
    from .sample_recordings import melody

    return melody(variant, "m4a")


def _video(variant: int) -> bytes:
    from .sample_recordings import clip

    return clip(variant)


def _document(variant: int) -> bytes:
    from .sample_papers import letter

    return letter(variant)


def _text(variant: int) -> bytes:
    return f"Packing list {variant + 1}\r\n\r\n2 cups\r\n1 teapot, blué, fragile\r\n".encode()


SAMPLES: dict[str, tuple[Callable[[int], bytes], str, Callable[[int], str] | None]] = {
    "image": (_image, "image/jpeg", None),
    "png": (_png, "image/png", None),
    "sticker": (_sticker, "image/webp", None),
    "animated_sticker": (_animated_sticker, "image/webp", None),
    "voice": (_voice, "audio/ogg; codecs=opus", None),
    "audio": (_audio, "audio/mpeg", None),
    "m4a": (_m4a, "audio/mp4", None),
    "video": (_video, "video/mp4", None),
    "document": (_document, "application/pdf", file_name),
    "text": (_text, "text/plain", lambda variant: f"packing list {variant + 1}.txt"),
}
