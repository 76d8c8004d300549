"""The shapes of Meta's JSON: nothing is required, ids may be numbers, and updates stay raw inside the envelope."""

import inspect

import msgspec
import pytest

from penstock.core import reading_shapes
from penstock.core.reading_shapes import Called, Envelope, Shape, Written

SHAPES = [
    each
    for _, each in inspect.getmembers(reading_shapes, inspect.isclass)
    if issubclass(each, Shape) and each is not Shape
]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_may_be_empty(shape: type[Shape]) -> None:
    assert msgspec.json.decode(b"{}", type=shape) == shape()


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_skips_what_it_does_not_name(shape: type[Shape]) -> None:
    assert msgspec.json.decode(b'{"something_new":[{"deep":{"er":1}}]}', type=shape) == shape()


@pytest.mark.parametrize("shape", SHAPES)
def test_every_member_may_be_null(shape: type[Shape]) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(shape)]
    raw = msgspec.json.encode(dict.fromkeys(names))

    assert msgspec.json.decode(raw, type=shape) == shape()


@pytest.mark.parametrize("shape", [Written, Called])
def test_the_sender_is_called_from(shape: type[Written | Called]) -> None:
    assert msgspec.json.decode(b'{"from":15550001234}', type=shape).sender == 15550001234


def test_messages_stay_as_they_are_inside_the_envelope() -> None:
    raw = b'{"entry":[{"changes":[{"value":{"messages":[ {"id" : "x\\/y"} , 7]}}]}]}'
    envelope = msgspec.json.decode(raw, type=Envelope)

    assert envelope.entry is not None
    changes = envelope.entry[0].changes
    assert changes is not None and changes[0].value is not None
    assert [bytes(message) for message in changes[0].value.messages or ()] == [b'{"id" : "x\\/y"}', b"7"]
