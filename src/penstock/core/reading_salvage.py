"""Decoding JSON that is not quite as it should be, without losing its good parts.

What fits its shape is decoded in one go. What does not is taken apart, and only the part that does not fit is left out
and named. Bytes that no parser takes (half an emoji, invalid UTF-8, brackets without end) are mended first. No opinion
on what the parts mean. Called by ``reading`` and ``reading_messages``.
"""

import re
import types
import typing
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

T = TypeVar("T")

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_DEPTH = 64  # Meta's deepest known body has 12 levels; parsers give up near 1,000
_LONGEST = 20_000  # members of a list that is taken apart; Meta puts at most 1,000 updates into a body
# One escape after the other, so that a backslash which is itself escaped begins none; halves of a pair are the group.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
_LIST = msgspec.json.Decoder(list[Raw])
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_MISSING: Any = object()
_CONTROL = bytes(max(byte, 0x20) for byte in range(256))


def decoded(raw: bytes | Raw, shape: type[T], spoiled: list[str], path: str = "") -> T | None:
    """The value of this shape; parts that do not fit are left out and their paths appended to ``spoiled``.

    None when nothing of it fits, and then the path of the whole is appended.
    """
    wanted: Any = shape
    try:
        return typing.cast("T", _decoder(wanted).decode(raw))
    except UNREADABLE:
        pass
    for option in _options(wanted):
        found = _pieces(raw, option, spoiled, path)
        if found is not _MISSING:
            return typing.cast("T", found)
    spoiled.append(path)
    return None


def parts(raw: bytes | Raw) -> dict[str, Raw]:
    """The members of an object, undecoded; none when it is no object."""
    try:
        return _OBJECT.decode(raw)
    except UNREADABLE:
        return {}


class Mended(msgspec.Struct, frozen=True):
    """Bytes that a parser may take, and what was wrong with them beyond broken emoji."""

    body: bytes
    problems: tuple[str, ...]


def mended(body: bytes) -> Mended:
    """Replace what no parser takes, and leave everything else as it is.

    Half a surrogate pair comes from text that was cut at a number of UTF-16 units: ordinary enough to be no problem.
    """
    problems = []
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        body.decode()
    except UnicodeDecodeError:
        problems.append("the body is not valid UTF-8")
        body = body.decode("utf-8", "replace").encode()
    body = _whole_pairs(body.translate(_CONTROL))
    shallow = _shallow(body)
    if len(shallow) != len(body):
        problems.append("the body is nested too deeply")
    return Mended(shallow, tuple(problems))


def _whole_pairs(body: bytes) -> bytes:
    """The body with U+FFFD in place of halves of surrogate pairs."""
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], body)


def _shallow(body: bytes) -> bytes:
    """The body with ``null`` in place of whatever is nested deeper than anything of Meta's."""
    kept: list[bytes] = []
    depth = start = 0
    for token in _BRACKET.finditer(body):
        mark = body[token.start()]
        if mark in b"[{":
            depth += 1
            if depth == _DEPTH + 1:
                kept += (body[start : token.start()], b"null")
        elif mark in b"]}":
            if depth == _DEPTH + 1:
                start = token.end()
            depth -= 1
    if not kept or depth > _DEPTH:
        return body  # shallow enough, or brackets that nobody closes: no JSON in any case
    kept.append(body[start:])
    return b"".join(kept)


# -- taking apart ---------------------------------------------------------------------------


@cache
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


@cache
def _options(shape: Any) -> tuple[Any, ...]:
    """What a member may be, apart from absent."""
    if isinstance(shape, types.UnionType) or typing.get_origin(shape) is typing.Union:
        return tuple(option for option in typing.get_args(shape) if option is not types.NoneType)
    return (shape,)


@cache
def _fields(shape: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(shape)


def _pieces(raw: bytes | Raw, shape: Any, spoiled: list[str], path: str) -> Any:
    """What can be had of a list or an object of which some part does not fit."""
    if typing.get_origin(shape) is list:
        try:
            items = _LIST.decode(raw)
        except UNREADABLE:
            return _MISSING
        (inner,) = typing.get_args(shape)
        taken = [decoded(item, inner, spoiled, path) for item in items[:_LONGEST]]
        if len(items) > _LONGEST:
            spoiled.append(path)
        return [item for item in taken if item is not None]
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        try:
            members = _OBJECT.decode(raw)
        except UNREADABLE:
            return _MISSING
        values = {
            info.name: decoded(members[info.encode_name], info.type, spoiled, f"{path}.{info.encode_name}".lstrip("."))
            for info in _fields(shape)
            if info.encode_name in members
        }
        return shape(**values)
    return _MISSING
