"""``penstock simulate``: a simulated Meta in a process of its own, told what to do by a scenario and over HTTP.

It knows nothing of the instance on this machine and needs no settings. Thin words around ``simulator.Platform``.
"""

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING

import click

from penstock.cli import showing, words
from penstock.cli.arguments import Address
from penstock.cli.commands import Command

if TYPE_CHECKING:
    from penstock.simulator import Platform, Scenario, Sent


@click.command(cls=Command)
@click.option("--bind", type=Address(), default="127.0.0.1:8900", show_default=True, help="Where it listens.")
@click.option("--scenario", "path", metavar="FILE", help="Fleet, rules, numbers and traffic (TOML or JSON).")
@click.option("--seed", type=int, default=0, help="Another run of chance.")
@click.option(
    "--addresses",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Listen on so many addresses from there on, each with servers of its own.",
)
@click.option("--name", metavar="HOST", help="What stands for all of them in URLs; make it known, in /etc/hosts say.")
def simulate(bind: tuple[str, int], path: str | None, seed: int, addresses: int, name: str | None) -> None:
    """Run a simulated Meta: media, signed webhooks, and a fleet that can misbehave."""
    import uvloop

    from penstock.core.errors import WrongUse
    from penstock.simulator import BadScenario, Scenario, read_scenario

    try:
        scenario = read_scenario(path) if path is not None else Scenario()
    except BadScenario as error:
        raise WrongUse(str(error)) from None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_simulate(scenario, bind, seed, addresses, name))


async def _simulate(scenario: "Scenario", bind: tuple[str, int], seed: int, addresses: int, name: str | None) -> None:
    from penstock.core.errors import Unreachable, WrongUse
    from penstock.simulator import Platform, SamplesUnavailable

    host, port = bind
    try:
        platform = Platform(
            scenario, seed=seed, host=host, port=port, doors=addresses, graph_host=name, media_host=name
        )
    except ValueError as error:
        raise WrongUse(f"it cannot listen there: {error}") from None
    try:
        await platform.start()
        traffic = platform.own_traffic()
    except OSError as error:
        raise Unreachable(f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}; see --bind") from error
    except ValueError as error:
        await platform.stop()
        raise WrongUse(f"the scenario cannot be played: {error}") from None
    try:
        _announce(platform)
        await _until_told(asyncio.create_task(traffic) if traffic is not None else None)
    except SamplesUnavailable as error:
        raise Unreachable(str(error)) from None
    finally:
        await platform.stop()
    _sum_up(platform)


async def _until_told(traffic: "asyncio.Task[list[Sent]] | None") -> None:
    """Wait for SIGTERM or SIGINT, while the traffic of the scenario runs, if there is any."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    try:
        if traffic is not None:
            await asyncio.wait({waiting, traffic}, return_when=asyncio.FIRST_COMPLETED)
            if traffic.done():
                traffic.result()
        await waiting
    finally:
        for task in (waiting, *([traffic] if traffic is not None else ())):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _announce(platform: "Platform") -> None:
    """Where it is, on stdout for programs, and how an instance is made to believe in it."""
    click.echo(f"graph\t{platform.graph_url}")
    click.echo(f"control\t{platform.control_url}")
    if len(platform.addresses) > 1:
        click.echo(f"addresses\t{','.join(platform.addresses)}")
    showing.note(
        f"PENSTOCK_GRAPH_URL={platform.graph_url} PENSTOCK_MEDIA_HOSTS={','.join(platform.media_hosts)} "
        "PENSTOCK_ALLOW_INSECURE_UPSTREAM=1 make an instance believe in it. Ctrl-C ends it."
    )


def _sum_up(platform: "Platform") -> None:
    record = platform.record
    answered = sum(delivery.state == "delivered" for delivery in record.deliveries)
    showing.note(
        f"{words.many(record.seen, 'request')} received, {words.many(answered, 'webhook')} delivered, "
        f"{words.count(platform.outstanding)} not answered 200"
    )
