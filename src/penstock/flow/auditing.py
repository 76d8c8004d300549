"""The proof that nothing is missing: what the journal says was received against what the rows say became of it.

*Received* is counted from the journaled bodies and the imports, never from the media rows. ``deep`` reads every blob
again. It changes nothing. Called by ``penstock audit`` and the demo.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from penstock.core import blobkey, reception
from penstock.core.reading import read
from penstock.core.updates import Message
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Tally

_PAGE = 500
_NAMED = 20  # problems of one kind that are named one by one

Key = tuple[int, str, str]  # registration, message id, media id


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

    While webhooks arrive, the two counts are of slightly different moments; they are taken again before a difference
    is called a problem.
    """
    for _ in range(3):
        before = await ledger.counts.tallies()
        received = await _received(ledger)
        tallies = await ledger.counts.tallies()
        compared = [_with_received(tally, received.get(tally.workspace, 0)) for tally in tallies]
        problems = [problem for tally in compared for problem in _imbalance(tally)]
        if not problems or [tally.received for tally in before] == [tally.received for tally in tallies]:
            break
    problems += await _contradictions(ledger)
    if blobs is not None:
        problems += await _damaged(ledger, blobs, progress)
    return Report(not problems, tuple(compared), tuple(problems))


async def _received(ledger: Ledger) -> dict[str, int]:
    """Media items by workspace, counted from the journal and the imports, each key once."""
    registrations = await ledger.counts.registrations()
    keys: dict[str, set[Key]] = {}
    for workspace, number_id, wamid, media_id in await ledger.counts.imported():
        keys.setdefault(workspace, set()).add((number_id, wamid, media_id))
    after = 0
    while page := await ledger.counts.journal(after=after, limit=_PAGE):
        after = page[-1].webhook_id
        for entry in page:
            read_for = {registrations[id_][0]: id_ for id_ in entry.number_ids}
            if not read_for:
                continue
            for update in read(entry.body).updates:
                if isinstance(update, Message) and update.phone_number_id in read_for:
                    number_id = read_for[update.phone_number_id]
                    for item in reception.items(update):
                        key = (number_id, item.wamid, item.ref.media_id)
                        keys.setdefault(registrations[number_id][1], set()).add(key)
        await asyncio.sleep(0)  # a long journal must not keep webhooks waiting
    return {workspace: len(found) for workspace, found in keys.items()}


def _with_received(tally: Tally, received: int) -> Tally:
    return msgspec.structs.replace(tally, received=received)


def _imbalance(tally: Tally) -> list[str]:
    accounted = tally.waiting + tally.fetching + tally.attached + tally.expired + tally.failed + tally.erased
    if tally.received == accounted:
        return []
    return [
        f"workspace {tally.workspace}: the journal says {tally.received} file(s) were received, "
        f"the rows account for {accounted}"
    ]


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
