"""Records the sample sounds and films: a babble as a voice note, a tune as an audio file, a sunrise as a video.

Sound is synthesised in plain Python, encoded by PyAV; nothing in it is random. Imported by ``samples`` on demand.
"""

import io
import math
from array import array
from fractions import Fraction
from functools import cache
from typing import Any

import av

from .sample_pictures import landscape

_RATE_HZ = 16_000
_SAMPLE_BYTES = 2
_LOUD = 9_000
_EXACT = {"fflags": "+bitexact"}  # no random stream numbers, no version strings: the same bytes every time
_FRAMES_PER_S = 12
_CLIP_S = 2
_CLIP_SIZE = (320, 240)

# pitch in hertz of each syllable or note, one row per variant
_SYLLABLES = (
    (140, 150, 170, 130, 0, 160, 150, 120),
    (210, 230, 0, 250, 220, 200, 0, 190),
    (110, 120, 115, 0, 130, 125, 105, 100),
    (180, 0, 200, 220, 190, 210, 170, 0),
)
_NOTES = (
    (262, 330, 392, 523, 392, 330, 262, 0),
    (294, 370, 440, 587, 440, 370, 294, 0),
    (220, 262, 330, 440, 330, 262, 220, 0),
    (392, 330, 294, 262, 294, 330, 392, 0),
)


def voice_note(variant: int) -> bytes:
    """Somebody babbling for two seconds: Opus in Ogg, mono."""
    return _encoded("ogg", "libopus", _tones(_SYLLABLES[variant], 0.26, (1.0, 0.6, 0.4, 0.25, 0.1)), bit_rate=16_000)


def melody(variant: int, container: str) -> bytes:
    """A short tune, as MP3 or as AAC in MP4 (``m4a``)."""
    sound = _tones(_NOTES[variant], 0.3, (1.0, 0.3, 0.1))
    if container == "mp3":
        return _encoded("mp3", "libmp3lame", sound, bit_rate=32_000)
    return _encoded("ipod", "aac", sound, bit_rate=48_000)


def clip(variant: int) -> bytes:
    """The sun crossing the sky, with a tune: H.264 and AAC in MP4."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options=_EXACT) as film:
        pictures: Any = film.add_stream("libx264", rate=_FRAMES_PER_S, options={"crf": "30", "threads": "1"})
        pictures.width, pictures.height = _CLIP_SIZE
        pictures.pix_fmt = "yuv420p"
        sounds = _sound_stream(film, "aac", 48_000)
        count = _FRAMES_PER_S * _CLIP_S
        for number in range(count):
            frame = _frame(landscape(variant, _CLIP_SIZE, number / count))
            frame.pts, frame.time_base = number, Fraction(1, _FRAMES_PER_S)
            film.mux(pictures.encode(frame))
        film.mux(pictures.encode())
        _play(film, sounds, _tones(_NOTES[variant], _CLIP_S / 8, (1.0, 0.3, 0.1)))
    return out.getvalue()


def _frame(picture: Any) -> Any:
    make: Any = av.VideoFrame.from_image  # untyped in PyAV
    return make(picture)


def _encoded(container: str, codec: str, sound: bytes, *, bit_rate: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=_EXACT) as file:
        _play(file, _sound_stream(file, codec, bit_rate), sound)
    return out.getvalue()


def _sound_stream(file: Any, codec: str, bit_rate: int) -> Any:
    stream = file.add_stream(codec, rate=_RATE_HZ, layout="mono")
    stream.bit_rate = bit_rate
    return stream


def _play(file: Any, stream: Any, sound: bytes) -> None:
    """Encode a sound, padded to whole frames, onto a stream."""
    size = stream.codec_context.frame_size or 960
    resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=_RATE_HZ, frame_size=size)
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(sound) // _SAMPLE_BYTES)
    frame.planes[0].update(sound)
    frame.sample_rate, frame.pts, frame.time_base = _RATE_HZ, 0, Fraction(1, _RATE_HZ)
    for piece in (*resampler.resample(frame), *resampler.resample(None)):
        file.mux(stream.encode(piece))
    file.mux(stream.encode(None))


def _tones(pitches: tuple[int, ...], each_s: float, overtones: tuple[float, ...]) -> bytes:
    """One tone after another, as 16-bit samples."""
    return b"".join(_tone(pitch, int(_RATE_HZ * each_s), overtones) for pitch in pitches)


@cache
def _tone(pitch: int, count: int, overtones: tuple[float, ...]) -> bytes:
    """A tone that swells and fades; overtones make it a voice or an instrument. Pitch 0 is silence."""
    if not pitch:
        return bytes(count * _SAMPLE_BYTES)
    samples = array("h")
    for number in range(count):
        swell = math.sin(math.pi * number / count) ** 0.7
        angle = 2 * math.pi * pitch * number / _RATE_HZ
        wave = sum(share * math.sin(angle * (place + 1)) for place, share in enumerate(overtones))
        samples.append(int(_LOUD * swell * wave / 2))
    return samples.tobytes()
