"""``penstock gate``: shut, narrow and open by hand, and see which gates there are.

A gate is shut first; what that costs is counted and said afterwards. It works in every process of the installation
within a second, at any backlog. Thin words around ``controls.gates.operating``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Family
from penstock.core import expiry
from penstock.core.errors import WrongUse
from penstock.core.gate import SCOPES, Gate

if TYPE_CHECKING:
    from penstock.controls.gates.operating import Opened, Operating, Order
    from penstock.core.expiry import Expiring
    from penstock.ledger.book import Ledger

F = TypeVar("F", bound=Callable[..., object])

_NAMED = {
    "host": "HOST",
    "operation": "NAME",
    "app": "NAME",
    "workspace": "NAME",
    "credential": "NAME",
    "number": "PHONE_NUMBER_ID",
    "kind": "KIND",
}


@click.group(cls=Family)
def gate() -> None:
    """Gates: hold files back without losing one."""


def _order(command: F) -> F:
    """The options of both verbs: exactly one scope, why, and how far."""
    decorated: Any = command
    options = [
        click.option("--all", "everything", is_flag=True, help="Everything."),
        *(
            click.option(f"--{name}", metavar=_NAMED[name], help=f"Only what concerns this {name}.")
            for name in ("workspace", "number", "credential", "app", "kind", "operation", "host")
        ),
        click.option("--why", required=True, metavar="TEXT", help="Why: kept in the audit log, and shown to others."),
        click.option("--rate", type=float, metavar="N", help="Let N files a second through."),
        click.option(
            "--until", type=arguments.Later(), metavar="TIME", help="Until then: RFC 3339, or 30m, 2h from now."
        ),
        click.option("--override-automatic", is_flag=True, help="Gates that no person set do not count in this scope."),
        arguments.as_json,
    ]
    for option in reversed(options):
        decorated = option(decorated)
    chosen: F = decorated
    return chosen


@gate.command("shut")
@_order
def shut_gate(json_: bool, **told: Any) -> None:
    """Shut the gate of a scope: nothing new is fetched there, nothing is lost or counted as a failure meanwhile."""
    _scope(told)

    async def work(ledger: "Ledger") -> tuple[Gate, "Expiring", str]:
        operating, order = await _wanted(ledger, told)
        row = await operating.shut(order)
        if not json_:  # it stands from here on, whatever becomes of the counting
            showing.line(_says(row))
        found, sentence = await operating.cost(row)
        return row, found, sentence

    row, found, sentence = session.with_ledger(work)
    if json_:
        showing.as_json({"gate": answers.gate(row, found.waiting.files), "cost": answers.cost(row, found, sentence)})
        return
    showing.line(sentence)


@gate.command("open")
@_order
def open_gate(json_: bool, **told: Any) -> None:
    """Open the gate of a scope: wholly, or step by step with --rate."""
    scope = expiry.scope_name(_scope(told))

    async def work(ledger: "Ledger") -> "tuple[Opened, dict[int, int]]":
        operating, order = await _wanted(ledger, told)
        return await operating.open(order), await ledger.counts.holding()

    opened, holding = session.with_ledger(work)
    if json_:
        row = None if opened.gate is None else answers.gate(opened.gate, holding.get(opened.gate.id, 0))
        still = [answers.gate(each, holding.get(each.id, 0)) for each in opened.still]
        showing.as_json({"gate": row, "still": still})
        return
    showing.line(_says(opened.gate) if opened.gate else f"The operator's gate of {scope} is open. {_SOON}")
    for each in opened.still:
        showing.line(f"Still: {_says(each)}")


@gate.command("list")
@arguments.as_json
def list_gates(json_: bool) -> None:
    """List the gates that are set, and how many files each one holds."""

    async def work(ledger: "Ledger") -> tuple[list[Gate], dict[int, int], float]:
        now = await ledger.now()
        rows = await ledger.gates.active(now=now)
        return rows, await ledger.counts.holding() if rows else {}, now

    rows, holding, now = session.with_ledger(work)
    if json_:
        showing.as_json({"gates": [answers.gate(row, holding.get(row.id, 0)) for row in rows]})
        return
    cells = [
        [
            expiry.scope_name(row.scope),
            _opening(row),
            row.owner,
            words.ago(row.since, now),
            words.ago(row.until, now) if row.until is not None else "",
            words.count(holding.get(row.id, 0)),
            row.by,
            row.why,
        ]
        for row in rows
    ]
    columns = ["SCOPE", "OPENING", "OWNER", "SINCE", "UNTIL", "HOLDING", "BY", "WHY"]
    showing.table(columns, cells, empty="no gate is set: everything flows", right=["HOLDING"])


_SOON = "It works everywhere within a second."


def _says(row: Gate) -> str:
    """How a gate stands."""
    until = f" until {words.utc(row.until)}" if row.until is not None else ""
    owner = "" if row.owner == "operator" else f", by {row.by} ({row.owner}): {row.why}"
    how = {0.0: "is shut", None: "is wide open, over every automatic gate"}.get(row.opening)
    how = how or f"lets {row.opening:g} files a second through"
    return f"The gate of {expiry.scope_name(row.scope)} {how}{until}{owner}. {_SOON if not owner else ''}".strip()


def _opening(row: Gate) -> str:
    opening = "wide" if row.opening is None else f"{row.opening:g}/s" if row.opening else "shut"
    return f"{opening}, over automatic ones" if row.override_automatic else opening


def _scope(told: dict[str, Any]) -> dict[str, str]:
    """The one scope that was named. Raises WrongUse."""
    named = {name: str(told[name]) for name in SCOPES if told[name] is not None}
    if len(named) + bool(told["everything"]) != 1:
        raise WrongUse("name exactly one scope: --all, " + ", ".join(f"--{name}" for name in _NAMED))
    if not all(named.values()):
        raise WrongUse("the name of a scope is empty")
    return named


async def _wanted(ledger: "Ledger", told: dict[str, Any]) -> "tuple[Operating, Order]":
    from penstock.controls.gates.operating import Operating, Order

    end: arguments.End | None = told["until"]
    order = Order(
        scope=_scope(told),
        by=session.who(),
        why=told["why"],
        opening=told["rate"],
        until=None if end is None else end.after(await ledger.now()),
        override_automatic=told["override_automatic"],
    )
    return Operating(ledger), order
