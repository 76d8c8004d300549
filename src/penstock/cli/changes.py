"""``penstock changes``: the audit log, read: who changed what, when and why, and what it was before.

Reading only. That nobody wrote over it is proved by ``penstock audit``. Thin words around ``ledger.audit_log``.
"""

import json
from typing import TYPE_CHECKING

import click

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Family
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
    """``workspace acme``; for a gate its scope."""
    subject = row.entry.subject
    if isinstance(subject, str):
        return subject
    return " ".join(f"{key} {_plain(value)}" for key, value in subject.items() if value != {}) or "everything"


def _difference(row: Recorded) -> str:
    """What is not what it was: ``opening 0.0 → 5.0``."""
    before, after = row.entry.before or {}, row.entry.after or {}
    found = []
    for key in dict.fromkeys([*before, *after]):
        if key in ("id", "since", "by", "why", "created_at", "changed_at") or before.get(key) == after.get(key):
            continue
        old, new = _plain(before.get(key)), _plain(after.get(key))
        found.append(f"{key} {old} → {new}" if before and after else f"{key} {new if after else old}")
    return ", ".join(found)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_plain(each)}" for key, each in value.items()) or "everything"
    return value if isinstance(value, str) else json.dumps(value)
