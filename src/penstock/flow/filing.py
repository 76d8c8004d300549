"""The files of a running instance, watched: that they cannot be written is told in one line, and fetching rests.

While nothing can be written, to download is to waste Meta's patience and the files' attempts; so the fetcher asks here
whether files are away, and a small trial of our own finds out when they are back. What was under way when it happened
is tried again as after any other failure. It keeps no files itself. Put around the store of files by ``wiring``.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog

from penstock.adapters.blobs.port import Store, Upload
from penstock.ledger.telling import Teller

_log = structlog.get_logger()

MEANING = "files wait, messages do not: nothing is lost, and the files come by themselves once mended"
_READ, _WRITE = "read", "write"
_TRY_EVERY_S = 2.0


class Filing:
    """A store of files in front of another one. ``back`` is called when files can be written again."""

    def __init__(self, store: Store, *, back: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._teller = Teller("files", meaning=MEANING)
        self._trying: asyncio.Task[None] | None = None
        self._stopping = False
        self.back = back
        self.away = False  # the last thing that was to be written was not

    async def start(self) -> None:
        """Make sure that files can be written. Raises Unreachable; a store that is away for now is only told of."""
        try:
            await self._store.start()
        except OSError as error:
            self._failed(error)

    async def stop(self) -> None:
        """Finish what is being written."""
        self._stopping = True
        if self._trying is not None:
            self._trying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._trying
            self._trying = None
        await self._store.stop()

    @asynccontextmanager
    async def upload(self, key: str, *, sha256: bytes | None = None) -> AsyncIterator[Upload]:
        """Begin a blob."""
        async with self._store.upload(key, sha256=sha256) as upload:
            yield _WatchedUpload(self, upload)

    async def size(self, key: str) -> int | None:
        """Bytes of a blob; None when there is none. Raises OSError."""
        with self._reading():
            return await self._store.size(key)

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end`` (exclusive). Raises FileNotFoundError, OSError."""
        with self._reading():
            async for chunk in self._store.read(key, start=start, end=end):
                yield chunk

    async def digest(self, key: str) -> tuple[int, bytes] | None:
        """(bytes, sha256) of a blob as it lies there; None when there is none. Raises OSError."""
        with self._reading():
            return await self._store.digest(key)

    async def delete(self, key: str) -> None:
        """Remove a blob for good. Raises OSError."""
        await self._store.delete(key)

    async def presign(self, key: str, *, seconds: int, content_type: str, disposition: str) -> str | None:
        """An address that gives the blob to whoever has it; None when there is no such."""
        return await self._store.presign(key, seconds=seconds, content_type=content_type, disposition=disposition)

    def keys_older_than(self, before: float) -> AsyncIterator[str]:
        """The keys of blobs that were last written before a moment. Raises OSError."""
        return self._store.keys_older_than(before)

    async def drop_unfinished(self, before: float) -> int:
        """Remove what is left of uploads that never ended; how many. Raises OSError."""
        return await self._store.drop_unfinished(before)

    async def probe(self) -> None:
        """Write something that is no file. Raises OSError."""
        with self.writing():
            await self._store.probe()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Note whether what is done inside can be done; ``wrote`` says so when it was."""
        try:
            yield
        except OSError as error:
            self._failed(error)
            raise

    def wrote(self) -> None:
        """Something was written, durably."""
        self._teller.went(_WRITE)
        if self.away:
            self.away = False
            self.back()

    def _failed(self, error: OSError) -> None:
        if self._stopping:
            return
        self.away = True
        self._teller.failed(_WRITE, reason_of(error))
        if self._trying is None:
            self._trying = asyncio.create_task(self._keep_trying(), name="files trial")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            if not self._stopping:
                self._teller.failed(_READ, reason_of(error))
            raise
        self._teller.went(_READ)

    async def _keep_trying(self) -> None:
        """Until it works, and has worked for long enough to be told of."""
        try:
            while self.away or self._teller.lacks(_WRITE):
                try:
                    await self.probe()
                except OSError:
                    pass  # it is told of
                except Exception:  # noqa: BLE001 -- a mistake of ours must not keep the files away for ever
                    _log.exception("files.not_tried")
                    self.wrote()
                else:
                    self.wrote()
                await asyncio.sleep(_TRY_EVERY_S)
        finally:
            self._trying = None


class _WatchedUpload:
    """One blob on its way in."""

    def __init__(self, filing: Filing, upload: Upload) -> None:
        self._filing = filing
        self._upload = upload

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises OSError."""
        with self._filing.writing():
            await self._upload.write(chunk)

    async def commit(self) -> None:
        """Make it durable and visible. Raises OSError."""
        with self._filing.writing():
            await self._upload.commit()
        self._filing.wrote()


def reason_of(error: OSError) -> str:
    """What is said of an error: the system's own words, or the adapter's line."""
    return error.strerror or type(error).__name__
