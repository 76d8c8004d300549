"""Throws out bytes that nobody owns: blobs whose file came to another end, and uploads that never ended.

A process that dies between storing a blob and recording it leaves one; nearly always the next attempt overwrites it and
owns it. What is left belongs to a file that has expired, failed or been erased. Only what is older than a day is looked
at, and the row is read again just before each deletion, so an upload under way is never touched. Nor is what may be put
back to work at any moment, which is so for as long as Meta keeps the file. A blob of which the database knows no row at
all is told of and left: the bucket may be another installation's, or the database an old copy.
Started by ``wiring``.
"""

import asyncio
import contextlib

import msgspec
import structlog

from penstock.adapters.blobs.port import Attic
from penstock.core import blobkey, outage
from penstock.core.errors import PenstockError
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

AGE_S = 86_400.0
_FIRST_S = 600.0  # after the start, when there is more important work
_EVERY_S = 6 * 3_600.0
_PAGE = 1_000
_LOST = frozenset({"expired", "failed"})  # until the deadline they may be reprocessed, at this very moment
_ERASED = (
    "erased"  # for good. A file in any other state may be fetched at any moment, or is attached: it keeps its blob
)


class Swept(msgspec.Struct, frozen=True):
    """What a sweep did."""

    orphans: int = 0  # blobs deleted
    unfinished: int = 0  # uploads that were ended
    unknown: int = 0  # blobs without a row, left


class Sweeping:
    """Sweeps now and then, while the process lives. Several at once harm nothing."""

    def __init__(
        self,
        ledger: Ledger,
        blobs: Attic,
        *,
        age_s: float = AGE_S,
        first_s: float = _FIRST_S,
        every_s: float = _EVERY_S,
    ) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._age_s = age_s
        self._first_s = first_s
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to wait for the first time."""
        self._task = asyncio.create_task(self._keep(), name="sweeping")

    async def stop(self) -> None:
        """Leave it as it is; the next sweep goes on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def sweep(self) -> Swept:
        """One sweep over everything. Raises OSError or Unreachable when a store cannot be asked."""
        before = await self._ledger.now() - self._age_s
        orphans = unknown = 0
        attached = _Attached(self._ledger)
        async for key in self._blobs.keys_older_than(before):
            row = blobkey.row_of(key)
            if row is None or await attached.has(row):
                continue
            standing = await self._ledger.shelf.stage(row)
            stage, deadline = standing or (None, 0.0)
            if stage is None:
                unknown += 1
            elif stage == _ERASED or (stage in _LOST and deadline < before):
                await self._blobs.delete(key)
                orphans += 1
        return Swept(orphans, await self._blobs.drop_unfinished(before), unknown)

    async def _keep(self) -> None:
        pause_s = self._first_s
        while True:
            await asyncio.sleep(pause_s)
            pause_s = self._every_s
            try:
                _tell(await self.sweep())
            except (PenstockError, OSError) as error:
                _log.log(outage.level(error), "files.not_swept", reason=getattr(error, "strerror", None) or str(error))
            except Exception:  # noqa: BLE001 -- a mistake of ours: what is left over waits for the next sweep
                _log.exception("files.not_swept")


def _tell(swept: Swept) -> None:
    if swept.orphans or swept.unfinished:
        _log.info("files.swept", orphans=swept.orphans, unfinished=swept.unfinished)
    if swept.unknown:
        _log.warning("files.of_no_row", files=swept.unknown, kept=True)


class _Attached:
    """Which rows are attached, asked in rising order, a page at a time: it spares a question for nearly every key.

    It only ever spares questions: a row that it does not know as attached is read by itself.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._rows: frozenset[int] = frozenset()
        self._last = 0
        self._ended = False

    async def has(self, row: int) -> bool:
        """Was this row attached when its page was read?"""
        while row > self._last and not self._ended:
            page = await self._ledger.counts.attached(after=max(self._last, row - 1), limit=_PAGE)
            self._rows = frozenset(file.media_row for file in page)
            self._ended = len(page) < _PAGE
            self._last = page[-1].media_row if page else row
        return row in self._rows
