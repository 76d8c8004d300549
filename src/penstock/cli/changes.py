"""``penstock changes``: the audit log, read: who changed what, when and why, and what it was before.

Reading only. That nobody wrote over it is proved by ``penstock audit``. Thin words around ``ledger.audit_log``.
"""

import json
from typing import TYPE_CHECKING

import click

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Family
from penstock.core import expiry
from penstock.ledger.audit_log import Recorded

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger


@click.group(cls=Family)
def changes() -> None:
    """The audit log: who changed what, and why."""


@changes.command("list")
@click.option("--since", type=arguments.Moment(), help="Made at this time or later: RFC 3339, a date, or 2h, 7d ago.")
@click.option("--before", type=click.IntRange(1), metavar="N", help="Go on where an earlier list began: its `next`.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="The last so many.")
@arguments.as_json
def list_changes(since: float | None, before: int | None, limit: int, json_: bool) -> None:
    """List changes, the newest last."""

    async def work(ledger: "Ledger") -> tuple[list[Recorded], float]:
        found = await ledger.audit_log.latest(since=since or 0.0, before=before, limit=limit + 1)
        return found, await ledger.now()

    found, now = session.with_ledger(work)
    rows = found[-limit:]
    older = rows[0].number if len(found) > limit else None
    if json_:
        showing.as_json({"changes": [answers.change(row) for row in rows], "next": older})
        return
    cells = [
        [
            str(row.number),
            words.ago(row.at, now),
            row.entry.who,
            row.entry.action,
            _subject(row),
            _difference(row),
            row.entry.why,
        ]
        for row in rows
    ]
    columns = ["NO", "WHEN", "WHO", "ACTION", "WHAT", "CHANGE", "WHY"]
    showing.table(columns, cells, empty="no change was made yet", right=["NO"])
    if older is not None:
        showing.note(f"there are older ones: add --before {older}")


def _subject(row: Recorded) -> str:
    """``workspace acme``; for a gate its scope and whose it is."""
    subject = row.entry.subject
    if isinstance(subject, str):
        return subject
    scope = subject.get("scope")
    if isinstance(scope, dict):
        return f"{expiry.scope_name(scope)}, {subject.get('owner')}"
    return " ".join(f"{key} {_plain(value)}" for key, value in subject.items())


def _difference(row: Recorded) -> str:
    """What is not what it was: ``opening 0.0 → 5.0``. Of what is new or gone, what there is to say."""
    told = answers.change(row)  # with times as people write them
    before, after = told["before"] or {}, told["after"] or {}
    found = []
    for key in dict.fromkeys([*before, *after]):
        if key in ("id", "since", "by", "why", "created_at", "changed_at") or before.get(key) == after.get(key):
            continue
        old, new = before.get(key), after.get(key)
        if before and after:
            found.append(f"{key} {_plain(old)} → {_plain(new)}")
        elif (value := new if after else old) is not None and value is not False:
            found.append(f"{key} {_plain(value)}")
    return ", ".join(found)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
