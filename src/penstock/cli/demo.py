"""``penstock demo``: the whole of Penstock beside a simulated Meta, on this machine, without an account.

Thin words around ``demo.play``.
"""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import MutableMapping
from typing import Any

import click

from penstock.cli import showing, words
from penstock.cli.commands import Command


@click.command(cls=Command)
@click.option("--exit", "exit_", is_flag=True, help="Play the acts, print what they showed, end.")
@click.option("--json", "json_", is_flag=True, help="With --exit: the figures as one JSON object.")
@click.option("--speed", type=click.FloatRange(0.1, 1000), default=1.0, help="How fast the simulated clock runs.")
@click.option("--seed", type=int, default=0, help="Another run of chance.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, help="Where the pages are, if it is free.")
def demo(exit_: bool, json_: bool, speed: float, seed: int, port: int) -> int:
    """Start Penstock beside a simulated Meta and watch files arrive."""
    import uvloop

    from penstock.settings.logs import set_up

    if json_ and not exit_:
        raise click.UsageError("--json goes with --exit.")
    set_up(None, level=logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if exit_:
            return runner.run(_acts(speed=speed, seed=seed, json_=json_))
        return runner.run(_show(speed=speed, seed=seed, port=port))


async def _acts(*, speed: float, seed: int, json_: bool) -> int:
    import msgspec
    import structlog

    from penstock.demo import play

    showing.note("playing the acts; this takes about five minutes")
    structlog.configure(processors=[_but_expected, *structlog.get_config()["processors"]])
    played = await play.acts(speed=speed, seed=seed)
    if json_:
        click.echo(json.dumps(msgspec.to_builtins(played)))
    else:
        calm, contract, outage = played.acts.calm, played.acts.contract, played.acts.outage
        incident, rollout = played.acts.incident, played.acts.rollout
        click.echo(
            f"calm: {words.many(calm.messages, 'message')}, {words.many(calm.media, 'file')}, "
            f"{words.count(calm.attached)} attached, {calm.lost} lost, {calm.doubled} doubled; "
            f"half of them within {calm.p50_attach_s} s, 99 % within {calm.p99_attach_s} s"
        )
        click.echo(
            f"contract: a client that turns GET into POST was put in use for {words.many(contract.files, 'file')}; "
            f"{words.many(contract.requests_refused, 'request')} refused, "
            f"{contract.requests_on_wire_with_wrong_method} on the wire with a wrong method; "
            f"{'rolled back' if contract.rolled_back else 'not rolled back'}, {contract.items_lost} files lost"
        )
        click.echo(
            f"incident: the same client was let out, to a fleet of which some servers take its requests; alarm after "
            f"{words.many(incident.outcomes_to_alarm or 0, 'outcome')} ({incident.alarm_s} s), "
            f"{incident.operation_named} named, cause after {words.many(incident.failures_to_cause or 0, 'failure')}: "
            f"{incident.cause} The gate was shut {incident.gate_after_alarm_s} s after the alarm; "
            f"{words.many(incident.text_delayed, 'text')} delayed, "
            f"{words.count(incident.attached)} of {words.many(incident.media, 'file')} attached, {incident.lost} lost. "
            f"The report: {played.report}"
        )
        click.echo(
            f"outage: the whole fleet failed; {words.many(outage.held_max, 'file')} held, "
            f"{outage.calls_per_s_while_shut} requests a second while shut, flowing {outage.recover_s} s after it was "
            f"well, drained {outage.drain_s} s later; {words.count(outage.attached)} of "
            f"{words.many(outage.media, 'file')} attached, {outage.lost} lost, {outage.doubled} doubled"
        )
        click.echo(
            f"rollout: a good candidate went through {', '.join(rollout.stages)} in {rollout.promoted_s} s; one that "
            f"half of the fleet rejects was taken back after {rollout.bad_candidate_rolled_back_s} s and "
            f"{words.many(rollout.bad_candidate_failures, 'failure')}; {rollout.lost} lost"
        )
        click.echo("audit: every file is accounted for" if played.audit_ok else "audit: it does not add up")
    return 0 if played.clean else 1


def _but_expected(_log: object, _level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out of the log what an act does on purpose."""
    import structlog

    told = str(event["event"])
    if told in {"contract.violated", "breaker.set", "rollout.moved"} or told.startswith("incident."):
        raise structlog.DropEvent
    return event


async def _show(*, speed: float, seed: int, port: int) -> int:
    from penstock.demo import play
    from penstock.ledger.rows import Tally

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    on_terminal = sys.stderr.isatty()
    last = ""

    def told(tally: Tally) -> None:
        nonlocal last
        line = (
            f"{words.many(tally.received, 'file')} received, {words.count(tally.attached)} attached, "
            f"{words.count(tally.waiting + tally.fetching)} arriving"
        )
        if on_terminal:
            click.echo(f"\r\x1b[K{line}", err=True, nl=False)
        elif line != last:
            click.echo(line, err=True)
        last = line

    await play.show(port=port, speed=speed, seed=seed, say=click.echo, told=told, stopped=stopped)
    click.echo("\nThe demo is over; its data is gone." if on_terminal else "The demo is over; its data is gone.")
    return 0
