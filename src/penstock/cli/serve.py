"""``penstock serve``: receive, fetch and show, until told to stop.

SIGTERM or SIGINT: no new connections, answers and downloads under way may end for a few seconds, what is left goes back
to the queue unspent, exit 0. A second signal ends the process at once. Thin words around ``wiring.Instance``.
"""

import asyncio
import contextlib
import signal
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from penstock.cli import session
from penstock.cli.commands import Command

if TYPE_CHECKING:
    from penstock.settings import Settings

_ROLES = ("all", "receiver", "fetcher", "watcher", "console")


@click.command(cls=Command)
@click.option(
    "--role",
    "roles",
    type=click.Choice(_ROLES),
    multiple=True,
    help="What this process does, several times for several. With SQLite one process does everything.",
)
def serve(roles: tuple[str, ...]) -> None:
    """Receive webhooks, fetch files and show them, until told to stop."""
    import uvloop

    from penstock.core.errors import WrongUse
    from penstock.settings.logs import LEVELS, set_up

    settings = session.settings()
    if set(roles) - {"all"} and settings.database_file is not None:
        raise WrongUse("with SQLite one process does everything: leave --role out, or say --role all")
    set_up(settings.log_format, level=LEVELS[settings.log_level])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, () if "all" in roles else roles))


async def _serve(settings: "Settings", roles: Collection[str]) -> None:
    import structlog

    from penstock import __version__
    from penstock.web.server import Server, listen
    from penstock.wiring.instance import Instance

    log = structlog.get_logger()
    asked_to_stop = _signals()
    instance = Instance(settings, roles=roles)
    with contextlib.closing(listen(settings.bind.host, settings.bind.port)) as listening:
        applied = await instance.start()
        try:
            server = Server(instance.app, ending=instance.nudge.stop)
            await server.start(listening)
            host, port = listening.getsockname()[:2]
            log.info(
                "serve.started",
                version=__version__,
                bind=f"{host}:{port}",
                migrations=applied,
                roles=sorted(instance.roles),
            )
            if settings.allow_insecure_upstream:
                log.warning(
                    "serve.insecure_upstream",
                    meaning="http and private addresses are permitted upstream: for the simulator and tests only",
                )
            ended = asyncio.create_task(server.ended())
            await asyncio.wait({ended, asyncio.create_task(asked_to_stop.wait())}, return_when="FIRST_COMPLETED")
            log.info("serve.stopping")
            await server.stop()
        finally:
            await instance.stop()
    log.info("serve.stopped")


def _signals() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second one then acts as usual."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first() -> None:
        asked.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, first)
    return asked
