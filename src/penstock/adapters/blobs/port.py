"""What the flow and the pages need of a store of files.

A blob's key is derived from its media row (``core.blobkey``), so it does not depend on the attempt: writing it twice
leaves one blob. The database row is the commit point; a blob without an attached row is nobody's. Not a file system:
no listing, no names given by customers. Implemented by ``disk``; called by the fetcher, the web room and the audit.
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
        """Make sure that files can be written. Raises Unreachable."""

    async def stop(self) -> None:
        """Finish what is being written."""

    def upload(self, key: str) -> AbstractAsyncContextManager[Upload]:
        """Begin a blob; leaving the context without a commit leaves nothing behind."""

    async def size(self, key: str) -> int | None:
        """Bytes of a blob; None when there is none."""

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end`` (exclusive). Raises FileNotFoundError."""

    async def digest(self, key: str) -> tuple[int, bytes] | None:
        """(bytes, sha256) of a blob as it lies there; None when there is none."""

    async def delete(self, key: str) -> None:
        """Remove a blob for good; nothing happens when there is none."""
