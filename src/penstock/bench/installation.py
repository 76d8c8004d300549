"""A small installation in a folder of its own, for one round: settings, somebody to serve, a backlog of files.

Everything is made new each time and removed afterwards, so no round profits from what another one left. Used by the
processes under test.
"""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from penstock.bench import bodies
from penstock.core.errors import Unreachable
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.settings import PostgresUrl, Settings
from penstock.settings.values import Bind, FolderUrl, SqliteUrl
from penstock.wiring.stores import open_ledger

_KEY = "a key of the benchmark"
_AT_ONCE = 250  # bodies of a backlog that share a commit


@contextlib.contextmanager
def own_folder(parent: Path) -> Iterator[Path]:
    """A new folder for a run, removed with everything in it at the end. Raises Unreachable when it cannot be made."""
    folder, found = parent / f"bench-{secrets.token_hex(4)}", parent.exists()
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise Unreachable(
            f"the folder {folder} cannot be made: {error.strerror}; name another with --folder"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if not found:
            with contextlib.suppress(OSError):  # something else has been put there meanwhile
                parent.rmdir()


@contextlib.contextmanager
def round_folder(folder: Path, name: str) -> Iterator[Path]:
    """A folder for one side of one round; what is in it is on the disk no longer than the round."""
    own = folder / name
    own.mkdir()
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def settings(
    folder: Path,
    *,
    graph_url: str = "https://graph.facebook.com",
    concurrency: int = 64,
    database_url: str | None = None,
) -> Settings:
    """The settings of an installation in ``folder`` whose upstream is on this machine.

    Its database is a file there, unless another one's address is given.
    """
    return Settings(
        database_url=SqliteUrl(folder / "penstock.db") if database_url is None else PostgresUrl(database_url),
        secret_key=(_KEY,),
        blobs_url=FolderUrl(folder / "blobs"),
        bind=Bind("127.0.0.1", 0),
        graph_url=graph_url,
        media_hosts=("127.0.0.1",),
        allow_insecure_upstream=True,
        fetch_concurrency=concurrency,
    )


@contextlib.asynccontextmanager
async def provisioned(told: Settings) -> AsyncIterator[Ledger]:
    """The ledger of a new installation with one workspace, one app and one number."""
    async with open_ledger(told, create=True) as ledger:
        now, made = await ledger.now(), ledger.provisioning
        await made.add_workspace(bodies.WORKSPACE, now=now)
        await made.add_app(bodies.APP, secret=bodies.SECRET, verify_token=bodies.VERIFY_TOKEN, now=now)
        await made.add_credential(bodies.CREDENTIAL, token=bodies.TOKEN, now=now)
        await made.add_number(
            bodies.NUMBER, workspace=bodies.WORKSPACE, app=bodies.APP, credential=bodies.CREDENTIAL, now=now
        )
        yield ledger


async def fill(ledger: Ledger, *, items: int, sha256: bytes, first: int = 0) -> None:
    """Put files to work the way they come: as signed webhooks. They have to be looked up: no URL comes with them."""
    registry = Registry(ledger)
    await registry.start()
    receiver = Receiver(ledger, registry)
    numbers = range(first, first + items)
    for at in range(0, items, _AT_ONCE):
        made = [bodies.image(number, sha256=sha256, url=False) for number in numbers[at : at + _AT_ONCE]]
        taken = await asyncio.gather(*(receiver.take(body, bodies.signature(body), bodies.APP) for body in made))
        if not all(isinstance(each, Taken) and each.receipt.media == 1 for each in taken):
            raise Unreachable("a benchmark's own webhook was not taken: its figures would mean nothing")
    await registry.stop()
