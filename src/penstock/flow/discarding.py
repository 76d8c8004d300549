"""Deletes the bytes of files whose rows are erased: of each when whoever was fetching it must have let go.

The rows were erased before, in a transaction that noted these bytes, so nothing is forgotten when a process dies in
between; what is deleted already is deleted once more without harm. Called by the erasing and by the retention.
"""

from penstock.adapters.blobs.port import Attic
from penstock.core import blobkey
from penstock.ledger.book import Ledger

_AT_ONCE = 100


async def discard(ledger: Ledger, blobs: Attic) -> int:
    """Delete what is due; how many files. Raises OSError or Unreachable when a store cannot be asked."""
    done, now = 0, await ledger.now()
    while rows := await ledger.keeping.doomed(now=now, limit=_AT_ONCE):
        for row in rows:
            await blobs.delete(blobkey.key(row))
        await ledger.keeping.discarded(rows, now=now)
        done += len(rows)
    return done
