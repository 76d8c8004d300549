"""What the flow and the pages need of a store of files.

A blob's key is derived from its media row (``core.blobkey``), so it does not depend on the attempt: writing it twice
leaves one blob. The database row is the commit point; a blob without an attached row is nobody's. Not a file system:
no names given by customers, and only the sweeping lists. Implemented by ``disk`` and ``s3``; called by the fetcher, the
web room, the audit and the sweeping, in a running instance through ``flow.filing``.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Upload(Protocol):
    """One blob on its way in. Nothing of it is visible before ``commit``, and nothing stays without it."""

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises OSError when the store cannot."""

    async def commit(self) -> None:
        """Make it durable and visible; both are true when this returns. Raises OSError when they cannot be."""


class Blobs(Protocol):
    """Files by key."""

    async def start(self) -> None:
        """Make sure that files can be written. Raises Unreachable, or OSError when it is only away for now."""

    async def stop(self) -> None:
        """Finish what is being written."""

    def upload(self, key: str, *, sha256: bytes | None = None) -> AbstractAsyncContextManager[Upload]:
        """Begin a blob; leaving the context without a commit leaves nothing behind.

        ``sha256`` is what its bytes were said to be, for a store that keeps such a word beside them.
        """

    async def size(self, key: str) -> int | None:
        """Bytes of a blob; None when there is none. Raises OSError when the store cannot tell."""

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end`` (exclusive). Raises FileNotFoundError."""

    async def digest(self, key: str) -> tuple[int, bytes] | None:
        """(bytes, sha256) of a blob as it lies there; None when there is none."""

    async def delete(self, key: str) -> None:
        """Remove a blob for good; nothing happens when there is none."""

    async def presign(self, key: str, *, seconds: int, content_type: str, disposition: str) -> str | None:
        """An address that gives the blob to whoever has it, for so long and so labelled; None when there is no such."""


class Attic(Protocol):
    """What is asked of a store by whoever throws out what nobody owns. Every moment is in seconds since the epoch."""

    def keys_older_than(self, before: float) -> AsyncIterator[str]:
        """The keys of blobs that were last written before a moment, in order. Raises OSError."""

    async def drop_unfinished(self, before: float) -> int:
        """Remove what is left of uploads that began before a moment and never ended; how many. Raises OSError."""

    async def delete(self, key: str) -> None:
        """Remove a blob for good; nothing happens when there is none."""


class Trial(Protocol):
    """What is asked of a store by whoever waits for it to be back."""

    async def probe(self) -> None:
        """Write something durably that is no blob and does not stay in anybody's way. Raises OSError when it cannot."""


class Store(Blobs, Attic, Trial, Protocol):
    """All of it: what the wiring opens."""
