"""Opens what lasts: the ledger and the files of an installation. Light, so that quick commands stay quick.

Called by the commands, and by ``wiring.instance`` for the running process.
"""

import contextlib
from collections.abc import AsyncIterator

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import Unreachable
from penstock.ledger.book import Ledger
from penstock.settings import Settings
from penstock.settings.key_file import secret_keys


@contextlib.asynccontextmanager
async def open_ledger(settings: Settings, *, create: bool = False) -> AsyncIterator[Ledger]:
    """The ledger of an installation, beside a running instance or without one.

    With ``create`` a database is made where there is none, and brought up to this release; otherwise either is
    Unreachable. Raises what ``Ledger.start`` and ``secret_keys`` raise.
    """
    path = settings.database_url.path
    if not create and not path.exists():
        raise Unreachable(
            f"there is no database at {path}: start Penstock with `penstock serve`, or set PENSTOCK_DATABASE_URL"
        )
    ledger = ledger_of(settings)
    await ledger.start(migrate=create)
    try:
        yield ledger
    finally:
        await ledger.stop()


def open_blobs(settings: Settings) -> DiskBlobs:
    """Where the files are kept. Not started."""
    return DiskBlobs(settings.blobs_url.path)


def ledger_of(settings: Settings) -> Ledger:
    """The ledger of an installation. Not started. Raises what ``secret_keys`` raises."""
    return Ledger(SqliteDatabase(settings.database_url.path), FernetSealer(secret_keys(settings)))
