"""Carries the bytes of attached files from one store to another, as from a folder into a bucket in a move.

Which files there are is the ledger's word, and so is what their bytes must be: each one's size and sha256 are compared
while it is read, and what differs is not stored. What is there already in its size was carried before, and is not
carried again. Nothing is removed from the source. Called by ``penstock migrate --blobs-to``.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator

import msgspec

from penstock.adapters.blobs.port import Blobs
from penstock.core import blobkey
from penstock.ledger.book import Ledger
from penstock.ledger.counts import AttachedFile

_PAGE = 200
_AT_ONCE = 8
_NAMED = 20  # problems that are named one by one


class Carried(msgspec.Struct, kw_only=True):
    """What became of the files."""

    files: int = 0  # carried by this run
    bytes: int = 0
    before: int = 0  # carried by an earlier one
    problems: list[str] = msgspec.field(default_factory=list)

    @property
    def seen(self) -> int:
        """How many files have been dealt with."""
        return self.files + self.before + len(self.problems)


async def carry(
    ledger: Ledger,
    source: Blobs,
    target: Blobs,
    *,
    tell: Callable[[int], None] = lambda _done: None,
    at_once: int = _AT_ONCE,
) -> Carried:
    """Carry every attached file that is not there yet. Raises OSError when one of the stores is away."""
    carried = Carried()
    after = 0
    while page := await ledger.counts.attached(after=after, limit=_PAGE):
        after = page[-1].media_row
        left = iter(page)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(_some(left, source, target, carried, tell))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
    if len(carried.problems) > _NAMED:
        rest = len(carried.problems) - _NAMED
        carried.problems[_NAMED:] = [f"and {rest} more like these"]
    return carried


async def _some(
    left: Iterator[AttachedFile], source: Blobs, target: Blobs, carried: Carried, tell: Callable[[int], None]
) -> None:
    for file in left:
        await _one(file, source, target, carried)
        tell(carried.seen)


async def _one(file: AttachedFile, source: Blobs, target: Blobs, carried: Carried) -> None:
    key = blobkey.key(file.media_row)
    if await target.size(key) == file.size:
        carried.before += 1
        return
    if await source.size(key) is None:
        carried.problems.append(f"workspace {file.workspace}: the bytes of {key} are missing")
        return
    digest, size = hashlib.sha256(), 0
    async with target.upload(key, sha256=file.sha256) as upload:
        async for chunk in source.read(key):
            digest.update(chunk)
            size += len(chunk)
            await upload.write(chunk)
        if (size, digest.digest()) != (file.size, file.sha256):
            carried.problems.append(f"workspace {file.workspace}: the bytes of {key} have changed, and stay behind")
            return
        await upload.commit()
    carried.files += 1
    carried.bytes += size
