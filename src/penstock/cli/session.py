"""A command's dealings with an instance: its settings, who asks, its ledger opened and closed again, one event loop.

The ledger is opened beside a running instance, without the lock. Commands that only read refuse to make a database
where there is none: an empty one would say that all is well. Used by every command that needs the ledger.
"""

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from penstock.cli.commands import Run

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger
    from penstock.settings import Settings

T = TypeVar("T")


def settings() -> "Settings":
    """The settings of this run. Raises WrongUse."""
    from penstock.settings import load

    run = click.get_current_context().find_object(Run)
    return load(config=run.config if run else None)


def who() -> str:
    """Who gives this command, as the audit log names them: the user of the operating system whose process this is."""
    uid = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(uid).pw_name}"
    except KeyError:  # a container may have no name for its user
        return f"cli:{uid}"


def with_ledger(work: "Callable[[Ledger], Awaitable[T]]", *, create: bool = False) -> T:
    """Run ``work`` on the ledger. ``create`` makes the database when it is not there yet; otherwise Unreachable."""
    from penstock.wiring.stores import open_ledger

    told = settings()

    async def whole() -> T:
        async with open_ledger(told, create=create) as ledger:
            return await work(ledger)

    return asyncio.run(whole())
