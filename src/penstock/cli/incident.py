"""``penstock incident``: what was noticed by itself: see it, say that one looks after it, have the report written.

Reading, but for ``ack``; who is told of incidents is in ``alerts``. Thin words around ``ledger.incidents``; what a
report says is ``core.postmortem``'s.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import alerts, answers, arguments, session, showing, words
from penstock.cli.commands import Family
from penstock.core import postmortem
from penstock.core.errors import NotFound, WrongUse
from penstock.core.incident import Event, Incident, sentence, summary

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger


@click.group(cls=Family)
def incident() -> None:
    """Incidents: what fails, since when, and why."""


incident.add_command(alerts.targets)
incident.add_command(alerts.test_alert)


@incident.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that are not closed.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="The newest so many.")
@arguments.as_json
def list_incidents(only_open: bool, limit: int, json_: bool) -> None:
    """List incidents, the newest first."""

    async def work(ledger: "Ledger") -> tuple[list[Incident], float]:
        return await ledger.incidents.latest(only_open=only_open, limit=limit), await ledger.now()

    rows, now = session.with_ledger(work)
    if json_:
        showing.as_json({"incidents": [answers.incident(row) for row in rows]})
        return
    cells = [
        [
            str(row.id),
            row.state,
            row.severity,
            row.operation,
            row.outcome,
            words.ago(row.onset_at, now),
            "" if row.closed_at is None else words.duration(row.closed_at - row.onset_at),
            words.count(row.files),
            words.count(row.workspaces),
            "" if row.cause is None else sentence(row.cause),
            row.acknowledged_by or "",
        ]
        for row in rows
    ]
    columns = ["ID", "STATE", "SEVERITY", "OPERATION", "CLASS", "ONSET", "LASTED", "FILES", "WORKSPACES", "CAUSE", "BY"]
    empty = "no incident is open" if only_open else "there was no incident yet"
    showing.table(columns, cells, empty=empty, right=["ID", "FILES", "WORKSPACES"])


@incident.command("show")
@click.argument("number", type=click.IntRange(1))
@arguments.as_json
def show_incident(number: int, json_: bool) -> None:
    """Show one incident and its timeline."""

    async def work(ledger: "Ledger") -> tuple[Incident, list[Event]]:
        return await ledger.incidents.get(number), await ledger.incidents.events(number)

    row, events = session.with_ledger(work)
    if json_:
        told = [answers.incident_event(event) for event in events]
        showing.as_json({"incident": answers.incident(row), "events": told})
        return
    showing.line(f"Incident {row.id} is {row.state}. {summary(row)}", style="ok" if row.closed_at else "fail")
    if row.acknowledged_by is not None:
        showing.line(f"{row.acknowledged_by} looks after it.")
    cells = [[words.utc(event.at) or "", event.kind, event.actor, event.text] for event in events]
    showing.table(["TIME", "WHAT", "BY", "TOLD"], cells, empty="nothing is told of it")


@incident.command("ack")
@click.argument("number", type=click.IntRange(1))
@click.option("--why", required=True, metavar="TEXT", help="Kept in the audit log and in the timeline.")
@arguments.as_json
def acknowledge(number: int, why: str, json_: bool) -> None:
    """Say that you look after an incident."""
    if not why.strip():
        raise WrongUse("--why is empty: say in a few words what you do about it")

    async def work(ledger: "Ledger") -> Incident:
        return await ledger.incidents.acknowledge(number, who=session.who(), why=why, now=await ledger.now())

    row = session.with_ledger(work)
    if json_:
        showing.as_json({"incident": answers.incident(row)})
        return
    showing.line(f"Incident {row.id} is yours, {row.acknowledged_by}. {summary(row)}")


@incident.command("report")
@click.argument("number", type=click.IntRange(1))
@click.option("--format", "format_", type=click.Choice(["md", "html"]), help="Markdown, or one HTML page.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="PATH", help="Write it there.")
@click.option("--workspace", metavar="NAME", help="What this one customer should be told.")
@arguments.as_json
def report(number: int, format_: str | None, out: Path | None, workspace: str | None, json_: bool) -> None:
    """Write the report on an incident: what happened, to whom, why, and the proof that nothing was lost."""
    chosen = format_ or ("html" if out is not None and out.suffix in {".html", ".htm"} else "md")

    from penstock.controls.watch.reporting import gathered

    async def work(ledger: "Ledger") -> tuple[postmortem.Told, postmortem.Share | None]:
        told = await gathered(ledger, number)
        if workspace is None:
            return told, None
        if not any(row["name"] == workspace for row in await ledger.provisioning.workspaces()):
            raise NotFound(f"there is no workspace {workspace}: penstock workspace list shows those there are")
        return told, await ledger.impacts.files(told.incident, workspace, now=told.now)

    told, share = session.with_ledger(work)
    heading, parts = postmortem.title(told), postmortem.sections(told)
    marks: Sequence[postmortem.Mark] = postmortem.marks(told)
    if workspace is not None and share is not None:
        heading, parts, marks = (
            f"For {workspace}: files that came late",
            postmortem.customer(told, workspace, share),
            (),
        )
    if chosen == "html":
        from penstock.web.postmortem import html

        text = html(heading, parts, marks, postmortem.utc(told.now))
    else:
        text = postmortem.markdown(heading, parts)
    if out is not None:
        _write(out, text)
    if json_:
        where = None if out is None else str(out)
        answer = {"incident": answers.incident(told.incident), "format": chosen, "path": where}
        showing.as_json(answer if out is not None else answer | {"text": text})
    elif out is None:
        click.echo(text, nl=False)
    else:
        showing.line(f"The report on incident {number} is in {out}.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"{path} cannot be written: {error.strerror}") from None
