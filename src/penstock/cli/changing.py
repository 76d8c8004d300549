"""How ``penstock workspace|app|credential|number`` make a change, list and remove, and what they say then.

The same for all four, so that they answer alike. Every change is in the audit log, with the user who gave the command
and why, where that was said. Used by ``cli.provisioning``.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from penstock.cli import session, showing, words
from penstock.core import ids

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger
    from penstock.ledger.provisioning import Provisioning

Facts = dict[str, Any]

_IDS = {
    "workspace": ids.Kind.WORKSPACE,
    "app": ids.Kind.APP,
    "credential": ids.Kind.CREDENTIAL,
    "number": ids.Kind.NUMBER,
}


def changed(
    kind: str,
    json_: bool,
    why: str,
    change: "Callable[[Provisioning, float], Awaitable[Mapping[str, object]]]",
    verb: str,
    then: "Callable[[Ledger], Awaitable[Facts]] | None" = None,
) -> None:
    """Make a change in the name of whoever asks, and say what is there now."""

    async def work(ledger: "Ledger") -> Mapping[str, object]:
        facts = await change(ledger.provisioning.by(session.who(), why), await ledger.now())
        return facts if then is None else {**facts, **await then(ledger)}

    facts = session.with_ledger(work, create=verb == "added")
    shown = _shown(kind, facts)
    if json_:
        showing.as_json(shown)
        return
    click.echo(f"{kind} {shown.get('name') or shown.get('phone_number_id')} {verb}")
    read = shown.get("read")
    if isinstance(read, dict) and read["bodies"]:
        click.echo(
            f"read {words.many(read['bodies'], 'webhook')} that came for it before: "
            f"{words.many(read['messages'], 'message')}, {words.many(read['media'], 'file')}"
        )


def listed(
    kind: str,
    json_: bool,
    ask: "Callable[[Ledger], Awaitable[list[dict[str, object]]]]",
    columns: Mapping[str, str],
) -> None:
    """Show all of a kind."""

    async def work(ledger: "Ledger") -> tuple[list[dict[str, object]], float]:
        return await ask(ledger), await ledger.now()

    rows, now = session.with_ledger(work)
    if json_:
        showing.as_json({f"{kind}s": [_shown(kind, row) for row in rows]})
        return
    cells = [[_cell(row[key], key, now) for key in columns.values()] for row in rows]
    numbers = [column for column in columns if column in {"SECRETS", "NUMBERS"}]
    showing.table(list(columns), cells, empty=f"no {kind}s yet: add one with `penstock {kind} add`", right=numbers)


def removed(kind: str, name: str, why: str, remove: "Callable[[Provisioning, float], Awaitable[None]]") -> None:
    """Remove a thing in the name of whoever asks."""

    async def work(ledger: "Ledger") -> None:
        await remove(ledger.provisioning.by(session.who(), why), await ledger.now())

    session.with_ledger(work)
    click.echo(f"{kind} {name} removed")


def _shown(kind: str, facts: Mapping[str, object]) -> Facts:
    """The facts as programs get them: an opaque id, times as text."""
    shown: Facts = {}
    for key, value in facts.items():
        if key == "id" and isinstance(value, int):
            shown[key] = ids.encode(_IDS[kind], value)
        elif key.endswith("_at") and isinstance(value, float):
            shown[key] = words.utc(value)
        else:
            shown[key] = value
    return shown


def _cell(value: object, key: str, now: float) -> str:
    if key.endswith("_at") and isinstance(value, float):
        return words.ago(value, now)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key.startswith("keep_"):
        return value if isinstance(value, str) else words.many(int(str(value)), "day")
    return words.count(value) if isinstance(value, int) else str(value or "")
