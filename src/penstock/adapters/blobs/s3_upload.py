"""One blob on its way into a bucket: small ones in one request, larger ones in parts while they are still coming.

Memory stays bounded: what comes faster than the store takes it waits in front of ``write``. An upload that is left
without a commit is ended by an error inside its stream, so that the client aborts it and no part stays. Made by
``s3.S3Blobs`` only.
"""

import asyncio
import contextlib
import errno
import hashlib

import obstore
from obstore.store import S3Store

from penstock.adapters.blobs.s3_errors import told

MIB = 1_024 * 1_024
WHOLE_BYTES = 8 * MIB  # up to this in one request: parts would cost two or three more
PART_BYTES = 5 * MIB  # the least that a part may have
_PIECE_BYTES = 1 * MIB  # handed over at once
_PIECES = 2  # waiting to be handed over
_PARTS_AT_ONCE = 2
_ABORT_S = 5.0  # longer than this nobody waits for an abort; what stays then is swept

# Whoever opens an object's address gets a download that no browser runs, whatever the file is.
_HARMLESS = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}


class AbandonedError(Exception):
    """Raised inside a stream so that its upload is aborted."""


class S3Upload:
    """One file on its way in. ``sha256`` is what its bytes are said to be."""

    def __init__(self, store: S3Store, bucket: str, key: str, sha256: bytes | None) -> None:
        self._store = store
        self._bucket = bucket
        self._key = key
        self._said = sha256
        self._digest = hashlib.sha256()
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._stream: _Stream | None = None
        self._task: asyncio.Task[None] | None = None

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes; waits while the store is slower than they come. Raises OSError."""
        self._digest.update(chunk)
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        if self._stream is None and self._pending_bytes > WHOLE_BYTES:
            self._begin()
        if self._stream is not None and self._pending_bytes >= _PIECE_BYTES:
            await self._hand_over()

    async def commit(self) -> None:
        """Return once the store has acknowledged the whole. Raises OSError."""
        if self._said is not None and self._digest.digest() != self._said:
            raise OSError(errno.EIO, "the bytes are not those that were announced")
        if self._stream is None:
            with told(self._bucket, "a file"):
                await obstore.put_async(
                    self._store, self._key, self._taken(), use_multipart=False, attributes=self._attributes()
                )
            return
        assert self._task is not None
        await self._hand_over()
        await self._stream.put(None)
        await asyncio.shield(self._task)

    async def close(self) -> None:
        """Abort what was not committed."""
        self._pending.clear()
        if self._stream is None or self._task is None or self._task.done():
            return
        self._stream.abandon()
        # The client aborts in a task of its own: cancelling it would leave the parts.
        await asyncio.wait({self._task}, timeout=_ABORT_S)

    # -- insides ----------------------------------------------------------------------------

    def _begin(self) -> None:
        stream = self._stream = _Stream()
        self._task = asyncio.create_task(self._send(stream), name=f"upload {self._key}")
        self._task.add_done_callback(stream.ended)

    async def _send(self, stream: "_Stream") -> None:
        with told(self._bucket, "a file in parts"), contextlib.suppress(AbandonedError):
            await obstore.put_async(
                self._store,
                self._key,
                stream,
                chunk_size=PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
                attributes=self._attributes(),
            )

    async def _hand_over(self) -> None:
        """Give the stream what is pending, piece by piece. Raises OSError when the upload has failed."""
        assert self._stream is not None
        assert self._task is not None
        data = memoryview(self._taken())
        for at in range(0, len(data), _PIECE_BYTES):
            await self._stream.put(bytes(data[at : at + _PIECE_BYTES]))
            if self._task.done():
                self._task.result()
                raise OSError(errno.EIO, f"the bucket {self._bucket} ended a file in the middle")

    def _taken(self) -> bytes:
        data = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        return data

    def _attributes(self) -> dict[str, str]:
        """What the object says of itself. A streamed one cannot say a hash that was not known when it began."""
        known = self._said if self._stream is not None else self._digest.digest()
        return _HARMLESS if known is None else {**_HARMLESS, "sha256": known.hex()}


class _Stream:
    """The pieces as the client asks for them: an asynchronous iterator with a short queue."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_PIECES)
        self._abandoned = False
        self._over = False

    def __aiter__(self) -> "_Stream":
        return self

    async def __anext__(self) -> bytes:
        piece = await self._pieces.get()
        if self._abandoned:
            raise AbandonedError
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def put(self, piece: bytes | None) -> None:
        """Wait for room; returns at once when nobody reads any more."""
        if not self._over:
            await self._pieces.put(piece)

    def abandon(self) -> None:
        """Let the reader meet an error instead of the next piece."""
        self._abandoned = True
        self._clear()
        self._pieces.put_nowait(None)

    def ended(self, task: asyncio.Task[None]) -> None:
        """Nobody reads any more: let whoever waits for room go on."""
        self._over = True
        if not task.cancelled():
            task.exception()  # told by the next write, or by nobody when the upload was left
        self._clear()

    def _clear(self) -> None:
        while not self._pieces.empty():
            self._pieces.get_nowait()
