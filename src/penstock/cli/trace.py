"""``penstock trace``: whole exchanges of a scope are kept for a while, without a deploy; seen here, or exported as HAR.

It works in every process of the installation within a second and ends by itself. Thin words around
``controls.traces.operating``; what may be kept of an exchange says ``core.withholding``.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from penstock import __version__
from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Family
from penstock.core import har
from penstock.core import trace as core
from penstock.core.errors import WrongUse
from penstock.core.expiry import scope_name
from penstock.core.gate import SCOPES
from penstock.core.trace import Kept, Trace

if TYPE_CHECKING:
    from penstock.controls.traces.operating import Order
    from penstock.ledger.book import Ledger

_NAMED = {
    "workspace": "NAME",
    "number": "PHONE_NUMBER_ID",
    "credential": "NAME",
    "app": "NAME",
    "kind": "KIND",
    "operation": "NAME",
    "host": "HOST",
}
_KIB = 1_024


@click.group(cls=Family)
def trace() -> None:
    """Traces: keep whole exchanges for a while, secrets taken out."""


def _scoped(command: Any) -> Any:
    """Exactly one scope, as a gate's."""
    for name, metavar in reversed(_NAMED.items()):
        command = click.option(f"--{name}", metavar=metavar, help=f"Only what concerns this {name}.")(command)
    return click.option("--all", "everything", is_flag=True, help="Everything.")(command)


@trace.command("on")
@_scoped
@click.option("--why", required=True, metavar="TEXT", help="Why: kept in the audit log, and shown to others.")
@click.option(
    "--for",
    "until",
    type=arguments.Later(),
    default="30m",
    show_default=True,
    metavar="TIME",
    help="For so long, a day at most: 30m, 2h, or until a time in RFC 3339.",
)
@click.option(
    "--exchanges",
    type=click.IntRange(1, core.MOST_EXCHANGES),
    default=core.EXCHANGES,
    show_default=True,
    help="It ends once it has kept so many.",
)
@click.option(
    "--kib",
    type=click.IntRange(1, core.MOST_BYTES // _KIB),
    default=core.BYTES // _KIB,
    show_default=True,
    help="It ends once it has kept so much.",
)
@arguments.as_json
def put_on(json_: bool, **told: Any) -> None:
    """Keep every exchange of a scope from now on: requests, answers, times and addresses, without secrets or files."""
    scope = _scope(told)

    async def work(ledger: "Ledger") -> tuple[Trace, float]:
        from penstock.controls.traces.operating import Operating

        now = await ledger.now()
        return await Operating(ledger).put_on(_order(scope, told, now)), now

    row, now = session.with_ledger(work)
    if json_:
        showing.as_json({"trace": answers.trace(row, now)})
        return
    showing.line(
        f"Trace {row.id} keeps the exchanges of {scope_name(row.scope)} until {words.utc(row.until)}, "
        f"{words.count(row.most_exchanges)} at most. It works everywhere within a second."
    )


@trace.command("off")
@click.argument("number", type=click.IntRange(1))
@click.option("--why", required=True, metavar="TEXT", help="Why: kept in the audit log, and shown to others.")
@arguments.as_json
def put_off(number: int, why: str, json_: bool) -> None:
    """End a trace before its time; what it has kept stays for a week."""

    async def work(ledger: "Ledger") -> tuple[Trace, float]:
        from penstock.controls.traces.operating import Operating

        row = await Operating(ledger).put_off(number, by=session.who(), why=why)
        return row, await ledger.now()

    row, now = session.with_ledger(work)
    if json_:
        showing.as_json({"trace": answers.trace(row, now)})
        return
    showing.line(f"Trace {row.id} is off. It has kept {words.many(row.exchanges, 'exchange')}.")


@trace.command("list")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="The newest so many.")
@arguments.as_json
def list_traces(limit: int, json_: bool) -> None:
    """List the traces that are on, and those of the last week."""

    async def work(ledger: "Ledger") -> tuple[list[Trace], float]:
        return await ledger.traces.latest(limit=limit), await ledger.now()

    rows, now = session.with_ledger(work)
    if json_:
        showing.as_json({"traces": [answers.trace(row, now) for row in rows]})
        return
    cells = [
        [
            str(row.id),
            core.state(row, now),
            scope_name(row.scope),
            words.ago(row.since, now),
            words.ago(row.until if row.ended_at is None else row.ended_at, now),
            words.count(row.exchanges),
            words.count(row.dropped),
            row.by,
            row.why,
        ]
        for row in rows
    ]
    columns = ["ID", "STATE", "SCOPE", "SINCE", "UNTIL", "KEPT", "DROPPED", "BY", "WHY"]
    showing.table(columns, cells, empty="no trace is on, and none was in the last week", right=["ID", "KEPT"])


@trace.command("show")
@click.argument("number", type=click.IntRange(1))
@arguments.as_json
def show_trace(number: int, json_: bool) -> None:
    """Show one trace and what it has kept, exchange by exchange."""
    row, kept, now = _whole(number)
    if json_:
        from msgspec import to_builtins

        told = [to_builtins(each) | {"at": words.utc(each.at)} for each in kept]
        showing.as_json({"trace": answers.trace(row, now), "exchanges": told})
        return
    state = core.state(row, now)
    showing.line(f"Trace {row.id} of {scope_name(row.scope)} is {state}, by {row.by}: {row.why}")
    cells = [
        [
            words.utc(each.at) or "",
            each.operation,
            each.method or each.declared_method,
            "" if each.status is None else str(each.status),
            each.outcome,
            f"{each.duration_s * 1_000:.0f} ms",
            each.peer_address or "",
            "" if each.fresh is None else "fresh" if each.fresh else "reused",
            each.server or "",
            each.media,
            each.detail or "",
        ]
        for each in kept
    ]
    columns = [
        "TIME",
        "OPERATION",
        "METHOD",
        "STATUS",
        "CLASS",
        "TOOK",
        "ADDRESS",
        "CONNECTION",
        "SERVER",
        "FILE",
        "TOLD",
    ]
    showing.table(columns, cells, empty="it has kept nothing yet", right=["STATUS", "TOOK"])


@trace.command("export")
@click.argument("number", type=click.IntRange(1))
@click.option("--har", "out", required=True, metavar="FILE|-", help="Where the archive is written; - is stdout.")
def export(number: int, out: str) -> None:
    """Write what a trace has kept as an HTTP Archive (HAR 1.2), which browsers and other tools can read."""
    row, kept, _ = _whole(number)
    text = json.dumps(har.document(row, kept, version=__version__), ensure_ascii=False, indent=1)
    if out == "-":
        click.echo(text)
        return
    try:
        Path(out).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"{out} cannot be written: {error.strerror}") from None
    showing.line(f"{words.many(len(kept), 'exchange')} of trace {number} are in {out}.")


def _whole(number: int) -> tuple[Trace, list[Kept], float]:
    async def work(ledger: "Ledger") -> tuple[Trace, list[Kept], float]:
        row = await ledger.traces.get(number)
        kept = await ledger.traces.all_exchanges(number)
        return row, sorted(kept, key=lambda each: each.at), await ledger.now()

    return session.with_ledger(work)


def _scope(told: dict[str, Any]) -> dict[str, str]:
    """The one scope that was named. Raises WrongUse."""
    named = {name: str(told[name]) for name in SCOPES if told[name] is not None}
    if len(named) + bool(told["everything"]) != 1 or not all(named.values()):
        raise WrongUse("name exactly one scope: --all, " + ", ".join(f"--{name}" for name in _NAMED))
    return named


def _order(scope: dict[str, str], told: dict[str, Any], now: float) -> "Order":
    from penstock.controls.traces.operating import Order

    end: arguments.End = told["until"]
    return Order(
        scope=scope,
        by=session.who(),
        why=told["why"],
        until=end.after(now),
        most_exchanges=told["exchanges"],
        most_bytes=told["kib"] * _KIB,
    )
