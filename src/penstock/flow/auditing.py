"""The proof that nothing is missing: what the journal says was received against what the rows say became of it.

*Received* is counted from the journaled bodies and the imports, never from the media rows. What has left the journal
since has left its keys behind. ``deep`` reads every blob again. It changes nothing. Called by ``penstock audit`` and
the demo.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from penstock.core import blobkey, filekey
from penstock.core.filekey import GAP, Key
from penstock.core.reading import read
from penstock.ledger.book import Ledger
from penstock.ledger.counts import Moment
from penstock.ledger.journal import JournalEntry
from penstock.ledger.rows import Tally

_NAMED = 20  # problems of one kind that are named one by one
_TRIES = 3
_FIRST = Key(-(1 << 63), 0, 0)  # before every key
_BREATH_BYTES = 1 << 18  # bodies that are read before anybody else gets a turn


class Digests(Protocol):
    """What a deep audit asks of the blobs."""

    async def digest(self, key: str) -> tuple[int, bytes] | None:
        """(size in bytes, sha256) of a blob as it lies there; None when there is none."""


class Report(msgspec.Struct, frozen=True):
    """What an audit found."""

    ok: bool
    workspaces: tuple[Tally, ...]
    problems: tuple[str, ...]


async def audit(
    ledger: Ledger,
    blobs: Digests | None = None,
    *,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Count everything again; with ``blobs``, compare every attached file's size and sha256 with its bytes, too.

    The rows are of one moment, and the journal is read up to that moment, so webhooks may arrive meanwhile. Only
    reading again (``penstock reprocess``, a number that is added) changes what older bodies count for, and a body that
    comes and goes meanwhile counts although it should not; then it counts once more.
    """
    for _ in range(_TRIES):
        moment = await ledger.counts.moment()
        received = await _received(ledger, moment)
        compared = [_with_received(tally, received.get(tally.workspace, 0)) for tally in moment.tallies]
        problems = [problem for tally in compared for problem in _imbalance(tally)]
        if not problems:
            break
    if problems and await ledger.journal.unread_count():
        problems.append("bodies that were not understood in full may hold the rest: run `penstock reprocess --unread`")
    problems += await _contradictions(ledger)
    if blobs is not None:
        problems += await _damaged(ledger, blobs, progress)
    return Report(not problems, tuple(compared), tuple(problems))


class _Count:
    """The files of one workspace, each once. A gap (a file that Meta did not deliver) counts until a file fills it."""

    def __init__(self) -> None:
        self._files: set[int] = set()  # hashes: the keys of ten million files would not fit into memory
        self._with_file: set[int] = set()
        self._gaps: set[int] = set()

    def add(self, key: Key) -> None:
        """A file that the journal or an import names, or named once."""
        message = hash(key[:2])
        if key.file != GAP:
            self._files.add(hash((key.number_id, key.file)))
            self._with_file.add(message)
        else:
            self._gaps.add(message)

    def total(self) -> int:
        """How many files there are."""
        return len(self._files) + len(self._gaps - self._with_file)


async def _received(ledger: Ledger, moment: Moment) -> dict[str, int]:
    """Media items by workspace, counted from the journal and the imports, each key once.

    What has left them is looked at last: what leaves meanwhile is then found in one place at least.
    """
    counts: dict[str, _Count] = {}
    for row in moment.imports:
        counts.setdefault(row.workspace, _Count()).add(filekey.key(row.number_id, row.wamid, row.media_id))
    after = unheard = 0
    while page := await ledger.journal.entries(after=after, until=moment.last_webhook_id):
        for entry in page:
            after = entry.webhook_id
            if after > moment.recent_from and after not in moment.recent:
                continue  # it was under way at that moment, and its rows are not among those that were counted
            _count(entry, moment.registrations, counts)
            unheard += len(entry.body)
            if unheard > _BREATH_BYTES:
                unheard = 0
                await asyncio.sleep(0)  # a long journal must not keep webhooks waiting
    last = _FIRST
    while keys := await ledger.counts.departed(after=last):
        last = keys[-1]
        for key in keys:
            if key.number_id in moment.registrations:
                counts.setdefault(moment.registrations[key.number_id][1], _Count()).add(key)
    return {workspace: found.total() for workspace, found in counts.items()}


def _count(entry: JournalEntry, registrations: dict[int, tuple[str, str]], counts: dict[str, _Count]) -> None:
    """Add what a body brought, to the registrations that it was read for."""
    if not entry.number_ids:
        return
    read_for = {number_id: registrations[number_id][0] for number_id in entry.number_ids if number_id in registrations}
    for key in filekey.named(read(entry.body), read_for):
        counts.setdefault(registrations[key.number_id][1], _Count()).add(key)


def _with_received(tally: Tally, received: int) -> Tally:
    return msgspec.structs.replace(tally, received=received)


def _imbalance(tally: Tally) -> list[str]:
    accounted = tally.waiting + tally.fetching + tally.attached + tally.expired + tally.failed + tally.erased
    if tally.received == accounted:
        return []
    told = f"workspace {tally.workspace}: the journal says {tally.received} file(s) were received"
    return [f"{told}, the rows account for {accounted}"]


async def _contradictions(ledger: Ledger) -> list[str]:
    idle, ended = await ledger.counts.contradictions()
    found = []
    if idle:
        found.append(f"{idle} file(s) wait without being in the queue; restart Penstock and tell its makers")
    if ended:
        found.append(f"{ended} file(s) are in the queue although they have ended; tell the makers of Penstock")
    return found


async def _damaged(ledger: Ledger, blobs: Digests, progress: Callable[[int, int], None]) -> list[str]:
    """Attached files whose bytes are missing or are not what was attached."""
    of = sum(tally.attached for tally in await ledger.counts.tallies())
    problems: list[str] = []
    after = done = 0
    while page := await ledger.counts.attached(after=after):
        after = page[-1].media_row
        for file in page:
            digest = await blobs.digest(blobkey.key(file.media_row))
            if digest is None:
                problems.append(f"workspace {file.workspace}: the bytes of {blobkey.key(file.media_row)} are missing")
            elif digest != (file.size, file.sha256):
                problems.append(f"workspace {file.workspace}: the bytes of {blobkey.key(file.media_row)} have changed")
            done += 1
        progress(done, of)
    if len(problems) > _NAMED:
        return [*problems[:_NAMED], f"and {len(problems) - _NAMED} more like these"]
    return problems
