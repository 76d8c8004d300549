"""``penstock incident targets`` and ``test-alert``: who is told of incidents, and whether that works.

A test is sent from here, by the senders of the running instance, and is marked as one everywhere. Thin words around
``ledger.alerts`` and ``wiring.notifying``.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Command
from penstock.core.errors import WrongUse
from penstock.core.incident import Incident

if TYPE_CHECKING:
    from penstock.adapters.notify.port import Reply, Target
    from penstock.ledger.alerts import TargetState
    from penstock.ledger.book import Ledger

_NONE = "PENSTOCK_ALERTS names no target: nobody is told of incidents"


class _Tried(NamedTuple):
    """What became of a test."""

    name: str
    reply: "Reply"


@click.command("targets", cls=Command)
@click.option("--secrets", is_flag=True, help="Also print the signing secret of each webhook.")
@arguments.as_json
def targets(secrets: bool, json_: bool) -> None:
    """List the alert targets, and how far each has been told."""
    from penstock.wiring.notifying import shown_secrets

    settings = session.settings()

    async def work(ledger: "Ledger") -> tuple[list["TargetState"], float]:
        return await ledger.alerts.targets(), await ledger.now()

    rows, now = session.with_ledger(work)
    signing = shown_secrets(settings) if secrets else {}
    by_id = {row.id: row for row in rows}
    if json_:
        told = [
            {
                "name": each.name,
                "kind": each.kind,
                **(answers.alert_target(by_id[each.id]) if each.id in by_id else {"state": "new"}),
                **({"secret": signing[each.id]} if each.id in signing else {}),
            }
            for each in settings.alerts
        ]
        showing.as_json({"targets": told})
        return
    cells = [
        [
            each.name,
            row.state if row else "new",
            words.count(row.told) if row else "0",
            words.ago(row.told_at, now) if row and row.told_at is not None else "",
            (row.error or "") if row else "",
            *([signing.get(each.id, "")] if secrets else []),
        ]
        for each in settings.alerts
        for row in [by_id.get(each.id)]
    ]
    columns = ["TARGET", "STATE", "TOLD", "LAST", "TROUBLE", *(["SECRET"] if secrets else [])]
    showing.table(columns, cells, empty=_NONE, right=["TOLD"])


@click.command("test-alert", cls=Command)
@click.option("--why", required=True, metavar="TEXT", help="Kept in the audit log, and told to the targets.")
@arguments.as_json
def test_alert(why: str, json_: bool) -> int:
    """Send a test, marked as one, to every alert target. Exits with 1 when one does not take it."""
    from penstock.wiring.notifying import link, open_targets

    if not why.strip():
        raise WrongUse("--why is empty: say in a few words what the test is for")
    settings = session.settings()
    if not settings.alerts:
        raise WrongUse(f"{_NONE}; name one, such as mailto:ops@example.com")
    named = open_targets(settings)

    async def work(ledger: "Ledger") -> list[_Tried]:
        from penstock.ledger.audit_log import Entry

        now = await ledger.now()
        subject = {"targets": [target.name for target in named]}
        await ledger.audit_log.append(Entry(session.who(), "alerts.test", subject, why), now=now)
        return await _tried(named, await ledger.alerts.origin(), why, link(settings)(0), now)

    tried = session.with_ledger(work)
    if json_:
        facts = [{"name": each.name, "taken": each.reply.taken, "said": each.reply.said} for each in tried]
        showing.as_json({"ok": all(each.reply.taken for each in tried), "targets": facts})
    else:
        for each in tried:
            verdict = "took it" if each.reply.taken else "did not take it"
            showing.line(f"{each.name} {verdict}: {each.reply.said}.", style="ok" if each.reply.taken else "fail")
    return 0 if all(each.reply.taken for each in tried) else 1


async def _tried(named: Sequence["Target"], origin: str, why: str, url: str, now: float) -> list[_Tried]:
    """Tell every target at once; those that keep what is open are told that it is over, too."""
    from penstock.core.alert import TEST, Alert

    text = f"A test of the alert targets, by {session.who()}: {why}"
    whole = Incident(
        id=0, operation="test", outcome="test", state="open", onset_at=now, opened_at=now, closed_at=None, why=text,
        rate=0.0, cause=None, gates=(), failures=0, outcomes=0, files=0, workspaces=0, acknowledged_by=None,
        acknowledged_at=None,
    )  # fmt: skip

    async def one(target: "Target") -> _Tried:
        events = ("opened", "closed") if target.notifier.keeps else ("opened",)
        for event in events:
            alert = Alert(
                id=f"{origin}-{target.id[:6]}-test-{int(now * 1_000)}-{event}",
                key=f"penstock-{origin}-test",
                event=event,
                kind=TEST,
                at=now,
                text=text,
                incident=whole,
                url=url,
            )
            reply = await target.notifier.send(alert, now=now)
            if not reply.taken:
                break
        return _Tried(target.name, reply)

    return list(await asyncio.gather(*map(one, named)))
