"""Recordings that can be played."""

import io
from typing import Any

import av
import pytest

from penstock.simulator import sample_recordings


def streams(data: bytes) -> tuple[str, list[str], list[int], float]:
    """Container, codecs, decoded frames of each stream, seconds."""
    with av.open(io.BytesIO(data)) as file:
        container: Any = file
        codecs = [stream.codec_context.name for stream in container.streams]
        seconds = container.duration / 1_000_000
    frames = []
    for index in range(len(codecs)):
        with av.open(io.BytesIO(data)) as file:
            container = file
            frames.append(sum(1 for _ in container.decode(container.streams[index])))
    return file.format.name, codecs, frames, seconds


def test_a_voice_note_is_opus_in_ogg() -> None:
    container, codecs, frames, seconds = streams(sample_recordings.voice_note(0))

    assert (container, codecs) == ("ogg", ["opus"])
    assert frames[0] > 50
    assert 1.5 < seconds < 3


@pytest.mark.parametrize(("container", "codec"), [("mp3", "mp3float"), ("m4a", "aac")])
def test_a_melody_is_what_it_says(container: str, codec: str) -> None:
    format_, codecs, frames, seconds = streams(sample_recordings.melody(1, container))

    assert container in format_
    assert codecs == [codec]
    assert frames[0] > 20
    assert 1.5 < seconds < 3


def test_a_clip_has_picture_and_sound_that_browsers_play() -> None:
    container, codecs, frames, seconds = streams(sample_recordings.clip(2))

    assert "mp4" in container
    assert codecs == ["h264", "aac"]
    assert frames[0] == 24
    assert 1.5 < seconds < 3


def test_variants_differ_and_repeat() -> None:
    assert sample_recordings.voice_note(0) != sample_recordings.voice_note(1)
    assert sample_recordings.voice_note(3) == sample_recordings.voice_note(3)
