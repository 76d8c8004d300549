"""Opens both ends of a move: the stopped embedded installation, and the PostgreSQL database that it moves to.

The source's lock is held meanwhile, so no `serve` runs on it; its secrets must open with the key, as they come along
sealed. What happens between the ends is ``ledger.moving``'s. Called by ``penstock migrate --from … --to …``.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import NamedTuple

from penstock.adapters.lock import InstanceLock
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import Conflict, PenstockError, Unreachable, WrongUse
from penstock.ledger.book import Ledger
from penstock.ledger.moving import Move
from penstock.settings import PostgresUrl, Settings, SqliteUrl
from penstock.settings.key_file import secret_keys
from penstock.wiring.stores import open_database


class Ends(NamedTuple):
    """Both ends, open, and the move between them."""

    source: Ledger
    target: Ledger
    move: Move


def source_of(settings: Settings, url: SqliteUrl) -> Settings:
    """The settings that the source runs with."""
    return replace(settings, database_url=url)


@contextlib.asynccontextmanager
async def open_move(settings: Settings, source: SqliteUrl, target: PostgresUrl) -> AsyncIterator[Ends]:
    """Open both ends; the target is brought up to this release.

    Raises Conflict when the source runs, WrongUse when the key does not open its secrets or the target belongs to
    something else, Unreachable when an end is not there or the source is of an older release.
    """
    here = source_of(settings, source)
    if not source.path.exists():
        raise Unreachable(f"there is no database at {source.path}: name the file of the installation that is to move")
    sealer = FernetSealer(secret_keys(here))
    async with contextlib.AsyncExitStack() as stack:
        _lock(stack, source)
        ours, theirs = open_database(here), open_database(replace(settings, database_url=target))
        ends = Ends(Ledger(ours, sealer), Ledger(theirs, sealer), Move(ours, theirs))
        await _start_source(ends.source, source)
        stack.push_async_callback(ends.source.stop)
        await ends.source.provisioning.snapshot()  # opens every secret
        await _start_target(ends.target, target)
        stack.push_async_callback(ends.target.stop)
        await ends.source.queue.release_all()  # nobody fetches these any more
        yield ends


def _lock(stack: contextlib.AsyncExitStack, source: SqliteUrl) -> None:
    try:
        stack.enter_context(InstanceLock(source.path))
    except Conflict as error:
        raise Conflict(
            f"the installation at {source.path} is running, or is being moved already: stop it with SIGTERM first, and "
            "leave it stopped"
        ) from error


async def _start_source(ledger: Ledger, source: SqliteUrl) -> None:
    try:
        await ledger.start(migrate=False)
    except WrongUse as error:
        raise WrongUse(f"{source.path} is no database of Penstock's") from error
    except Unreachable as error:
        raise Unreachable(f"the source cannot be read as it is: {error}") from error


async def _start_target(ledger: Ledger, target: PostgresUrl) -> None:
    try:
        await ledger.start(moving=True)
    except WrongUse as error:
        raise WrongUse(
            f"the target {target} holds something else than Penstock: make an empty database for the move"
        ) from error
    except PenstockError as error:
        raise type(error)(f"the target cannot be used: {error}") from error
