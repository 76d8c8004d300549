"""What went over the wire in one exchange, as it was: filled in by the Graph adapter for whoever asked for it.

It has secrets in it and somebody's words, so it is shown by no ``repr`` and never kept as it is: what may be kept of it
says ``core.withholding``. Nobody fills one in unless a trace is on. Made by ``controls.traces``; handed through by the
fetcher's turn.
"""

from collections.abc import Iterable

import msgspec

from penstock.core.contract import Prepared

Header = tuple[str, str]


class FileSeen(msgspec.Struct, frozen=True, gc=False):
    """What came of a file, whole or not. Its first bytes are a customer's."""

    size: int  # bytes
    sha256: bytes  # of what came
    head: bytes

    def __repr__(self) -> str:
        """Without the bytes."""
        return f"FileSeen({self.size} bytes)"


class Wire(msgspec.Struct, kw_only=True):
    """One exchange. Moments are seconds of one clock that only rises; None is what did not happen."""

    token: str | None = None  # that was sent
    prepared: Prepared | None = None
    status: int | None = None
    reason: str | None = None
    headers: tuple[Header, ...] = ()  # of the answer
    body: bytes | None = None  # of an answer that is no file
    file: FileSeen | None = None
    asked_at: float | None = None  # the call was made
    slot_at: float | None = None  # it was its turn
    connected_at: float | None = None  # it had a connection
    headed_at: float | None = None  # the head of the answer was there
    ended_at: float | None = None

    def __repr__(self) -> str:
        """Without anything that went over it."""
        return f"Wire(status={self.status})"

    def connecting(self) -> None:
        """Nothing is known of a connection yet, or no longer."""
        self.connected_at = None

    def answered(self, status: int, reason: str | None, headers: Iterable[Header], *, at: float) -> None:
        """The head of an answer is there."""
        self.status, self.reason, self.headers, self.headed_at = status, reason, tuple(headers), at
