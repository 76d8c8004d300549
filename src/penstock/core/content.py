"""What a table holds, as one number: equal for two tables that hold the same rows, in whatever order they are read.

Two databases sort texts differently, so their tables are compared by a sum over the digests of their rows. It is a
guard against mistakes, not against somebody who makes rows on purpose. Used by ``ledger.moving``.

>>> one = NOTHING.and_also([(1, "a"), (2, None)])
>>> one == NOTHING.and_also([(2, None)]).and_also([(1, "a")])
True
>>> one == NOTHING.and_also([(1, "a"), (2, "")])
False
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, NamedTuple, Self

import msgspec

_BYTES = 16
_ROUND = 1 << 8 * _BYTES
_pack = msgspec.msgpack.Encoder().encode


class Content(NamedTuple):
    """So many rows, and the sum of their digests."""

    rows: int
    sum: int

    def and_also(self, rows: Iterable[tuple[Any, ...]]) -> Self:
        """The same with more rows."""
        count, total = self
        for row in rows:
            count += 1
            total += int.from_bytes(blake2b(_pack(row), digest_size=_BYTES).digest(), "big")
        return type(self)(count, total % _ROUND)

    @property
    def hex(self) -> str:
        """The sum as a text of 32 digits."""
        return f"{self.sum:0{2 * _BYTES}x}"


NOTHING = Content(0, 0)


def content(rows: int, hex_: str) -> Content:
    """What was written down of one."""
    return Content(rows, int(hex_, 16))
