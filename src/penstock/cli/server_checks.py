"""What ``penstock doctor`` asks of a PostgreSQL server: its version, whether its commits last, its clock.

It changes nothing. Called by ``cli.instance_checks``, which goes on with what is in the database.
"""

import time
from typing import TYPE_CHECKING

from penstock.cli import words
from penstock.cli.finding import Finding, fail, ok, warn
from penstock.core.errors import PenstockError, UnsafeStore
from penstock.flow.timekeeping import MAY_DIFFER_S
from penstock.settings import Settings

if TYPE_CHECKING:
    from penstock.adapters.db.postgres import Standing


async def server(settings: Settings) -> list[Finding]:
    """The server that the settings name; a finding that failed means that there is no use in asking on."""
    from penstock.wiring.stores import ask_server

    try:
        standing, now = await ask_server(settings)
    except UnsafeStore as error:
        return [
            fail("postgresql", str(error), "acknowledged webhooks could be lost: Penstock does not start like this")
        ]
    except PenstockError as error:
        return [fail("postgresql", str(error), "nothing can be received or fetched until this is mended")]
    return [*said(standing), *clocks(now, time.time())]


def said(standing: "Standing") -> list[Finding]:
    """What a server says of itself, judged."""
    version = f"{standing.version // 10_000}.{standing.version % 10_000}"
    found = [ok("postgresql", f"{version}, fsync {standing.fsync}, synchronous_commit {standing.synchronous_commit}")]
    if standing.synchronous_commit == "off":
        advice = "nothing to do: Penstock switches it on for its own transactions"
        found.append(warn("postgresql", "synchronous_commit is off", advice))
    if standing.full_page_writes != "on":
        advice = "set full_page_writes = on, unless the disk cannot write half a page"
        found.append(warn("postgresql", "full_page_writes is off: a crash may damage pages", advice))
    return found


def clocks(database: float, machine: float) -> list[Finding]:
    """Penstock goes by the database's clock; one that differs much is wrong here or there."""
    apart_s = abs(database - machine)
    if apart_s <= MAY_DIFFER_S:
        return []
    advice = "keep both right with NTP; Penstock goes by the database's"
    return [warn("clock", f"the database's clock and this machine's are {words.duration(apart_s)} apart", advice)]
