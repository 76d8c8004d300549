"""Files in a folder of this machine, durable before anybody is told of them.

An upload is an unnamed temporary file in the target folder (``O_TMPFILE``), so a process that dies leaves nothing; it
is fsynced, linked under its key, and its folder is fsynced, one fsync for all who wait at that moment. Where the file
system knows no unnamed files, a dot file takes its place and is swept at a start an hour later. Disk work happens in
threads of its own, a small file in one hop. Not for network file systems. Chosen by ``wiring``; called through
``port.Store``.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from penstock.core.errors import Unreachable

P = ParamSpec("P")
T = TypeVar("T")

_KEY = re.compile(r"[0-9a-f]{8}/[0-9a-f]{16}")
_BATCH_BYTES = 262_144  # written at once: fewer thread hops, and a small file needs only one
_BATCH_PIECES = 512  # fewer than writev takes (IOV_MAX is 1,024)
_READ_BYTES = 262_144
_THREADS = 16  # most of them wait for an fsync
_LEFT_S = 3_600.0  # a temporary file that nobody has written to for so long was left by a dead process
_TRIAL_BYTES = 1_048_576  # as much as a photo: on a nearly full disk a few bytes prove nothing
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_UNNAMED = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}


class DiskBlobs:
    """A folder with one file per key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs")
        self._known: set[Path] = set()
        self._syncs: dict[Path, _SharedSync] = {}
        self._unnamed = True
        self._folders: dict[str, Path] = {}

    async def start(self) -> None:
        """Make the folder, try a durable write in it, sweep what a dead process left.

        Raises Unreachable when it cannot be used, OSError when it is only full.
        """
        try:
            await self._in_thread(self._prepare)
        except OSError as error:
            if error.errno in _FULL:
                raise
            raise Unreachable(f"the folder for files {self._folder} cannot be used: {error.strerror}") from error

    async def stop(self) -> None:
        """Wait for what the threads are doing."""
        await asyncio.to_thread(self._pool.shutdown)

    @asynccontextmanager
    async def upload(self, key: str, *, sha256: bytes | None = None) -> AsyncIterator["DiskUpload"]:
        """Begin a blob. A folder keeps no word on what the bytes should be: their row does."""
        del sha256
        upload = DiskUpload(self, self._path(key))
        try:
            yield upload
        finally:
            await upload.close()

    async def size(self, key: str) -> int | None:
        """Bytes of a blob; None when there is none."""
        path = self._path(key)

        def look() -> int | None:
            with contextlib.suppress(FileNotFoundError):
                return path.stat().st_size
            return None

        return await self._in_thread(look)

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end`` (exclusive). Raises FileNotFoundError."""
        path = self._path(key)
        fd = await self._in_thread(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            at = start
            while end is None or at < end:
                want = _READ_BYTES if end is None else min(_READ_BYTES, end - at)
                chunk = await self._in_thread(os.pread, fd, want, at)
                if not chunk:
                    return
                at += len(chunk)
                yield chunk
        finally:
            os.close(fd)

    async def digest(self, key: str) -> tuple[int, bytes] | None:
        """(bytes, sha256) of a blob as it lies there; None when there is none."""
        return await self._in_thread(_digest, self._path(key))

    async def delete(self, key: str) -> None:
        """Remove a blob for good."""
        path = self._path(key)

        def remove() -> bool:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                return True
            return False

        if await self._in_thread(remove):
            await self.sync_folder(path.parent)

    async def presign(self, key: str, *, seconds: int, content_type: str, disposition: str) -> str | None:
        """A folder has no addresses."""
        del key, seconds, content_type, disposition
        return None

    # -- for the sweeping -------------------------------------------------------------------

    async def keys_older_than(self, before: float) -> AsyncIterator[str]:
        """Keys that were last written before a moment, in order."""
        for folder in await self._in_thread(_names, self._folder):
            for key in await self._in_thread(_older, self._folder / folder, before):
                if _KEY.fullmatch(key):
                    yield key

    async def drop_unfinished(self, before: float) -> int:
        """Remove temporary files that no upload has written to since a moment; how many."""
        return await self._in_thread(self._drop_unfinished, before)

    async def probe(self) -> None:
        """Write a temporary file, durably, and throw it away. Raises OSError."""
        await self._in_thread(self._try)

    # -- for uploads ------------------------------------------------------------------------

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Run a piece of an upload in the pool, to its end even when the caller is cancelled meanwhile."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await future  # the thread still uses the descriptor: it may not be closed under it
            raise

    async def sync_folder(self, folder: Path) -> None:
        """Return once the entries of a folder are durable. Raises OSError."""
        shared = self._syncs.get(folder)
        if shared is None:
            shared = self._syncs[folder] = _SharedSync(partial(self._in_thread, _fsync_folder, folder))
        await shared.wait()

    def open_unnamed(self, folder: Path) -> tuple[int, Path | None]:
        """A temporary file in a folder: its descriptor, and its name if it has to have one. Runs in a thread."""
        self._make(folder)
        if self._unnamed:
            try:
                return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600), None
            except OSError as error:
                if error.errno not in _NO_UNNAMED:
                    raise
                self._unnamed = False
        name = folder / f".{secrets.token_hex(12)}"
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), name

    # -- insides ----------------------------------------------------------------------------

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **nothing: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **nothing))

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError("not a key of this store")
        name, _, file = key.partition("/")
        folder = self._folders.get(name)
        if folder is None:
            folder = self._folders[name] = self._folder / name
        return folder / file

    def _prepare(self) -> None:
        self._make(self._folder)
        self._drop_unfinished(time.time() - _LEFT_S)
        self._try()

    def _try(self) -> None:
        fd, name = self.open_unnamed(self._folder)
        try:
            _write_all(fd, [bytes(_TRIAL_BYTES)])
            os.fsync(fd)
        finally:
            os.close(fd)
            if name is not None:
                name.unlink()

    def _drop_unfinished(self, before: float) -> int:
        dropped = 0
        for left in self._folder.glob("**/.*"):
            with contextlib.suppress(FileNotFoundError):
                if left.stat().st_mtime < before:
                    left.unlink()
                    dropped += 1
        return dropped

    def _make(self, folder: Path) -> None:
        """Make a folder once, durably."""
        if folder in self._known:
            return
        missing = [folder]
        while not missing[-1].parent.exists():
            missing.append(missing[-1].parent)
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
            _fsync_folder(each.parent)
        self._known.add(folder)


class DiskUpload:
    """One file on its way in."""

    def __init__(self, blobs: DiskBlobs, path: Path) -> None:
        self._blobs = blobs
        self._path = path
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._fd: int | None = None
        self._name: Path | None = None

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        if self._pending_bytes >= _BATCH_BYTES or len(self._pending) >= _BATCH_PIECES:
            await self._blobs.in_thread(self._write_pending)

    async def commit(self) -> None:
        """Fsync, link under the key, fsync the folder."""
        await self._blobs.in_thread(self._publish)
        await self._blobs.sync_folder(self._path.parent)

    async def close(self) -> None:
        """Give the descriptor back; without a commit the file is gone with it."""
        self._pending = []
        if self._fd is not None or self._name is not None:
            await self._blobs.in_thread(self._drop)

    # Each of these runs in one thread at a time: an upload never has two pieces of work under way.

    def _write_pending(self) -> None:
        if self._fd is None:
            self._fd, self._name = self._blobs.open_unnamed(self._path.parent)
        pending = self._pending
        self._pending, self._pending_bytes = [], 0
        _write_all(self._fd, pending)

    def _publish(self) -> None:
        self._write_pending()
        assert self._fd is not None
        os.fsync(self._fd)
        try:
            self._link(self._path)
        except FileExistsError:
            # An attempt got this far before its process died. Its bytes are nearly always these very bytes.
            self._replace()
        self._drop()

    def _link(self, target: Path) -> None:
        if self._name is not None:
            os.link(self._name, target)
            return
        # Only linkat() follows the link in /proc, and os.link calls it only when it is given a folder's descriptor;
        # with an absolute path that descriptor is ignored.
        os.link(f"/proc/self/fd/{self._fd}", target, src_dir_fd=self._fd, follow_symlinks=True)

    def _replace(self) -> None:
        there = _digest(self._path)
        ours = _digest(self._name if self._name is not None else Path(f"/proc/self/fd/{self._fd}"))
        if there == ours:
            return
        between = self._path.parent / f".{secrets.token_hex(12)}"
        self._link(between)
        between.replace(self._path)

    def _drop(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        if self._name is not None:
            self._name.unlink(missing_ok=True)
            self._name = None


class _SharedSync:
    """One folder's fsync, shared by all who wait when it begins; whoever comes during one waits for the next."""

    def __init__(self, sync: Callable[[], Awaitable[None]]) -> None:
        self._sync = sync
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None

    async def wait(self) -> None:
        """Return once an fsync has begun and ended after this call. Raises OSError."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(durable)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await durable

    async def _run(self) -> None:
        while self._waiting:
            served, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await self._sync()
            except Exception as failure:  # noqa: BLE001 -- whatever it is, those who wait must be told
                error = failure
            for durable in served:
                if durable.done():
                    continue
                if error is None:
                    durable.set_result(None)
                else:
                    durable.set_exception(error)
        self._task = None


def _write_all(fd: int, pieces: list[bytes]) -> None:
    written = os.writev(fd, pieces) if pieces else 0
    if written < sum(map(len, pieces)):  # a write may take less than it was given
        view = memoryview(b"".join(pieces))[written:]
        while view:
            view = view[os.write(fd, view) :]


def _digest(path: Path) -> tuple[int, bytes] | None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256")
            return file.tell(), found.digest()
    except FileNotFoundError:
        return None


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _older(folder: Path, before: float) -> list[str]:
    """Keys of the files in one folder that were last written before a moment."""
    found = []
    for name in _names(folder):
        with contextlib.suppress(FileNotFoundError):
            if (folder / name).stat().st_mtime < before:
                found.append(f"{folder.name}/{name}")
    return found


def _fsync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
