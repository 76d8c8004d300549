"""Penstock's own ids: opaque outside, row numbers inside.

An id such as ``med_7h3k…`` is a row number passed through a fixed permutation of 64 bits, so that ids do not tell how
many rows there are and cannot be mistaken for one another's kind. It is no secret and no access control: what a caller
may see is decided by workspace. Used by the web room, the command line and the feed.

>>> decode(Kind.MEDIA, encode(Kind.MEDIA, 1))
1
>>> decode(Kind.MESSAGE, encode(Kind.MEDIA, 1)) is None
True
"""

from enum import StrEnum

_MASK = (1 << 64) - 1
_FACTOR = 0x9E3779B97F4A7C15  # odd, so multiplication by it is a permutation of 64 bits
_INVERSE = pow(_FACTOR, -1, 1 << 64)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_LETTERS = 13  # of 5 bits each hold 64


class Kind(StrEnum):
    """What an id names; its value is the prefix."""

    MESSAGE = "msg"
    MEDIA = "med"
    CONVERSATION = "cnv"
    EVENT = "evt"
    WORKSPACE = "wsp"
    APP = "app"
    CREDENTIAL = "crd"
    NUMBER = "num"
    TOKEN = "tok"  # noqa: S105  a prefix, no secret
    RUN = "rep"  # of reprocessing


def encode(kind: Kind, row: int) -> str:
    """The public id of a row (a positive 63-bit number)."""
    value = _mixed(row * _FACTOR & _MASK)
    letters = [_ALPHABET[value >> shift & 31] for shift in range(5 * (_LETTERS - 1), -1, -5)]
    return f"{kind.value}_{''.join(letters)}"


def decode(kind: Kind, text: str) -> int | None:
    """The row number of a public id; None when the text is not an id of this kind."""
    prefix, _, letters = text.partition("_")
    if prefix != kind.value or len(letters) != _LETTERS or not set(letters) <= _VALUES.keys():
        return None
    value = 0
    for letter in letters:
        value = value << 5 | _VALUES[letter]
    row = _mixed(value) * _INVERSE & _MASK if value <= _MASK else 0
    return row if 0 < row < 1 << 63 else None


def _mixed(value: int) -> int:
    """Fold the upper half into the lower one; its own inverse."""
    return value ^ (value >> 32)
