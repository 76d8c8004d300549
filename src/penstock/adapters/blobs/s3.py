"""Files in a bucket of an object store that speaks S3, durable when the store has acknowledged them.

A key is the blob's own under the prefix of the URL. No put is conditional, for some servers ignore conditions silently:
the database row is the commit point. Files are read by ranges, so that a slow reader holds no connection and no memory.
Retries are few and bounded, for the work itself is tried again by whoever asked. Chosen by ``wiring``; called through
``port.Store``.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import obstore
from obstore.exceptions import GenericError
from obstore.store import S3Store

from penstock.adapters.blobs import s3_unfinished
from penstock.adapters.blobs.s3_errors import BucketRefusedError, told
from penstock.adapters.blobs.s3_signing import Keys, signed
from penstock.adapters.blobs.s3_upload import MIB, S3Upload
from penstock.core import blobkey
from penstock.core.errors import Unreachable

if TYPE_CHECKING:
    from obstore.store import S3Config

_RANGE_BYTES = 2 * MIB  # read at once; a reader takes its time between two
_PAGE = 1_000  # keys of one listing
_CLOSING_S = 5.0
_PROBE = "probe/start"  # written again at every start and trial; not a key, so nothing reads or sweeps it
_NO_RANGES = "non-partial"  # how the client calls a server that answers a range with 200


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a request may take, and how often it is repeated before the caller hears of it."""

    connect_s: float = 5.0
    request_s: float = 30.0
    retries: int = 3
    retry_within_s: float = 20.0


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Where files are kept. Without ``keys`` the machine's role is asked, as AWS's own tools do."""

    name: str
    prefix: str = ""  # without slashes at its ends
    address: str  # of the bucket itself, without a slash at its end
    region: str = "us-east-1"
    keys: Keys | None = None

    def __str__(self) -> str:
        """As it is written in the settings."""
        return f"s3://{self.name}/{self.prefix}".rstrip("/")


class S3Blobs:
    """A bucket, or a prefix of one, with one object per key."""

    def __init__(self, bucket: Bucket, *, patience: Patience | None = None) -> None:
        patience = patience or Patience()
        self._bucket = bucket
        self._store = _store(bucket, patience)
        self._patience = patience
        self._ranges = True  # until the server shows that it knows none
        self._closing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Try the bucket. Raises Unreachable when it refuses, OSError when it is away for now."""
        try:
            await self.probe()
        except BucketRefusedError as error:
            raise Unreachable(f"{self._bucket} cannot be used: {error.strerror}") from error

    async def stop(self) -> None:
        """Wait a little for uploads that are being aborted."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=_CLOSING_S)

    @asynccontextmanager
    async def upload(self, key: str, *, sha256: bytes | None = None) -> AsyncIterator[S3Upload]:
        """Begin a blob."""
        upload = S3Upload(self._store, self._bucket.name, _checked(key), sha256)
        try:
            yield upload
        finally:
            await self._close(upload)

    async def size(self, key: str) -> int | None:
        """Bytes of a blob; None when there is none. Raises OSError."""
        _checked(key)
        try:
            with told(self._bucket.name, "a look at a file"):
                return (await obstore.head_async(self._store, key))["size"]
        except FileNotFoundError:
            # Such an answer has no body: a bucket that is gone looks like a file that is gone.
            await self._missing(key)
            return None

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end`` (exclusive). Raises FileNotFoundError, OSError."""
        size = await self.size(key)
        if size is None:
            raise FileNotFoundError(f"there is no blob {key}")
        at, stop = start, size if end is None else min(end, size)
        while at < stop:
            if not self._ranges:
                async for chunk in self._read_through(key, at, stop):
                    yield chunk
                return
            to = min(at + _RANGE_BYTES, stop)
            stretch = await self._read_range(key, at, to, whole=(at, to) == (0, size))
            if stretch is not None:
                yield stretch
                at = to

    async def digest(self, key: str) -> tuple[int, bytes] | None:
        """(bytes, sha256) of a blob as it lies there; None when there is none. Raises OSError."""
        found, size = hashlib.sha256(), 0
        try:
            async for chunk in self.read(key):
                found.update(chunk)
                size += len(chunk)
        except FileNotFoundError:
            return None
        return size, found.digest()

    async def delete(self, key: str) -> None:
        """Remove a blob for good. Raises OSError."""
        await self._delete(_checked(key))

    async def presign(self, key: str, *, seconds: int, content_type: str, disposition: str) -> str | None:
        """An address from which the blob can be had without us for a while, as that type and by that disposition.

        With a role instead of keys the two cannot be chosen: then the object's own hold, which no browser runs.
        """
        _checked(key)
        if self._bucket.keys is None:
            with told(self._bucket.name, "an address"):
                return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=seconds))
        shown = {"response-content-type": content_type, "response-content-disposition": disposition}
        return signed(
            "GET",
            f"{self._bucket.address}/{self._name(key)}",
            query={**shown, "response-cache-control": "private, no-store"},
            keys=self._bucket.keys,
            region=self._bucket.region,
            at=time.time(),
            seconds=seconds,
        )

    # -- for the sweeping -------------------------------------------------------------------

    async def keys_older_than(self, before: float) -> AsyncIterator[str]:
        """Keys that were last written before a moment, in order. Raises OSError."""
        with told(self._bucket.name, "a listing"):
            async for page in obstore.list(self._store, chunk_size=_PAGE):
                for found in page:
                    if blobkey.row_of(found["path"]) is not None and found["last_modified"].timestamp() < before:
                        yield found["path"]

    async def drop_unfinished(self, before: float) -> int:
        """Abort uploads in parts that began before a moment; how many. Raises OSError.

        Only with keys: for a role the bucket's own rule must do it.
        """
        if self._bucket.keys is None:
            return 0
        return await s3_unfinished.drop(
            self._bucket.address,
            self._name(""),
            bucket=self._bucket.name,
            keys=self._bucket.keys,
            region=self._bucket.region,
            before=before,
            within_s=self._patience.request_s,
        )

    async def probe(self) -> None:
        """Put a small object that is no blob. Raises OSError."""
        with told(self._bucket.name, "a file"):
            await obstore.put_async(self._store, _PROBE, b"penstock", use_multipart=False)

    async def examine(self) -> list[tuple[str, str | None]]:
        """Try everything that is needed, with an object of its own: (what, None or what was wrong)."""
        probe = f"probe/{secrets.token_hex(8)}"
        steps: tuple[tuple[str, Callable[[], Awaitable[object]]], ...] = (
            ("written", lambda: obstore.put_async(self._store, probe, b"penstock", use_multipart=False)),
            ("read", lambda: obstore.head_async(self._store, probe)),
            ("listed", lambda: anext(obstore.list(self._store, chunk_size=1), None)),
            ("deleted", lambda: obstore.delete_async(self._store, probe)),
        )
        found: list[tuple[str, str | None]] = []
        for what, step in steps:
            try:
                with told(self._bucket.name, f"to be {what}"):
                    await step()
            except OSError as error:
                found.append((what, error.strerror))
                if what == "written":
                    break
            else:
                found.append((what, None))
        return found

    # -- insides ----------------------------------------------------------------------------

    def _name(self, key: str) -> str:
        return f"{self._bucket.prefix}/{key}" if self._bucket.prefix else key

    async def _close(self, upload: S3Upload) -> None:
        """Abort in a task of its own: whoever is cancelled must not take the abort along."""
        task = asyncio.create_task(upload.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        await asyncio.shield(task)

    async def _missing(self, key: str) -> None:
        """Make sure that it is the file that is missing. Raises OSError when it is the bucket."""
        try:
            with told(self._bucket.name, "a look at a file"):
                await obstore.get_async(self._store, key)
        except FileNotFoundError:
            pass

    async def _read_range(self, key: str, start: int, end: int, *, whole: bool) -> bytes | None:
        """A stretch of a blob; None when this server knows no ranges."""
        with told(self._bucket.name, "the reading of a file"):
            if whole:
                return (await (await obstore.get_async(self._store, key)).bytes_async()).to_bytes()
            try:
                return (await obstore.get_range_async(self._store, key, start=start, end=end)).to_bytes()
            except GenericError as error:
                if _NO_RANGES not in str(error):
                    raise
        self._ranges = False
        return None

    async def _read_through(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """A stretch of a blob from a server without ranges: from its beginning, and the rest thrown away."""
        at = 0
        with told(self._bucket.name, "the reading of a file"):
            async for chunk in (await obstore.get_async(self._store, key)).stream(min_chunk_size=_RANGE_BYTES):
                if at + len(chunk) > start:
                    yield bytes(memoryview(chunk)[max(0, start - at) : end - at])
                at += len(chunk)
                if at >= end:
                    return

    async def _delete(self, name: str) -> None:
        with told(self._bucket.name, "a deletion"):
            await obstore.delete_async(self._store, name)


def _store(bucket: Bucket, patience: Patience) -> S3Store:
    # The address holds the bucket's name already, in its host or in its path.
    config: S3Config = {
        "aws_endpoint_url_s3": bucket.address,
        "virtual_hosted_style_request": True,
        "region": bucket.region,
    }
    if bucket.keys is not None:
        config["access_key_id"] = bucket.keys.key_id
        config["secret_access_key"] = bucket.keys.secret
        if bucket.keys.session_token is not None:
            config["session_token"] = bucket.keys.session_token
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=config,
        client_options={
            "allow_http": bucket.address.startswith("http://"),
            "connect_timeout": timedelta(seconds=patience.connect_s),
            "timeout": timedelta(seconds=patience.request_s),
        },
        retry_config={
            "max_retries": patience.retries,
            "retry_timeout": timedelta(seconds=patience.retry_within_s),
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
        },
    )


def _checked(key: str) -> str:
    if blobkey.row_of(key) is None:
        raise ValueError("not a key of this store")
    return key
