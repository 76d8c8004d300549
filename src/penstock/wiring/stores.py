"""Opens what lasts: the ledger and the files of an installation. Light, so that quick commands stay quick.

Called by the commands, and by ``wiring.instance`` for the running process.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.blobs.port import Store
from penstock.adapters.db.port import Database
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import Unreachable
from penstock.core.gate import Hosts
from penstock.core.operation import DOWNLOAD, LOOK_UP, UPLOAD
from penstock.ledger.book import Ledger
from penstock.ledger.watched import Measuring, WatchedDatabase
from penstock.settings import PostgresUrl, S3Url, Settings, SqliteUrl
from penstock.settings.key_file import secret_keys

if TYPE_CHECKING:
    from penstock.adapters.blobs.s3 import S3Blobs
    from penstock.adapters.db.postgres import Standing


@contextlib.asynccontextmanager
async def open_ledger(settings: Settings, *, create: bool = False) -> AsyncIterator[Ledger]:
    """The ledger of an installation, beside a running instance or without one.

    With ``create`` a database is made where there is none, and brought up to this release; otherwise either is
    Unreachable. Raises what ``Ledger.start`` and ``secret_keys`` raise.
    """
    path = settings.database_file
    if not create and path is not None and not path.exists():
        raise Unreachable(
            f"there is no database at {path}: start Penstock with `penstock serve`, or set PENSTOCK_DATABASE_URL"
        )
    ledger = ledger_of(settings)
    await ledger.start(migrate=create)
    try:
        yield ledger
    finally:
        await ledger.stop()


def open_blobs(settings: Settings) -> Store:
    """Where the files are kept. Not started."""
    url = settings.blobs_url
    return open_bucket(url) if isinstance(url, S3Url) else DiskBlobs(url.path)


def open_bucket(url: S3Url) -> "S3Blobs":
    """A bucket of files. Not started."""
    from penstock.adapters.blobs.s3 import Bucket, S3Blobs  # its client takes a tenth of a second to load
    from penstock.adapters.blobs.s3_signing import Keys

    access = url.access
    keys = None
    if access.key_id is not None and access.secret is not None:
        keys = Keys(access.key_id, access.secret, access.session_token)
    address = access.address(url.bucket)
    return S3Blobs(Bucket(name=url.bucket, prefix=url.prefix, address=address, region=access.region, keys=keys))


def ledger_of(settings: Settings, *, watched: bool = False, measuring: Measuring | None = None) -> Ledger:
    """The ledger of an installation. Not started. Raises what ``secret_keys`` raises.

    One that is ``watched`` tells the log when its database is away, and when it is back; ``measuring`` is told of every
    transaction of it.
    """
    database = open_database(settings)
    return Ledger(
        WatchedDatabase(database, measuring) if watched else database,
        FernetSealer(secret_keys(settings)),
        hosts=hosts_of(settings),
    )


def hosts_of(settings: Settings) -> Hosts:
    """Where each operation's requests may go."""
    graph = (urlsplit(settings.graph_url).hostname or "",)
    return {LOOK_UP.name: graph, DOWNLOAD.name: settings.media_hosts, UPLOAD.name: graph}


async def ask_server(settings: Settings) -> tuple["Standing", float]:
    """What a PostgreSQL server says of itself, and its clock. Raises UnsafeStore or Unreachable."""
    from penstock.adapters.db.postgres import PostgresDatabase

    assert isinstance(settings.database_url, PostgresUrl)
    db = PostgresDatabase(settings.database_url.dsn, connections=2, patience_s=1.0)
    await db.start()
    try:
        return db.standing, await db.now()
    finally:
        await db.stop()


def open_database(settings: Settings) -> Database:
    """Where the ledger is kept. Not started."""
    url = settings.database_url
    if isinstance(url, SqliteUrl):
        return SqliteDatabase(url.path)
    from penstock.adapters.db.postgres import PostgresDatabase  # its client takes a tenth of a second to load

    return PostgresDatabase(url.dsn, connections=settings.database_connections)
