"""``penstock status``: how things stand, in one answer that needs no scrolling.

It counts rows, which is quick at any size; proving that none is missing is ``penstock audit``'s business. It describes
and never judges by its exit code. Called by people, and by monitors through ``--json``.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from penstock.cli import answers, arguments, following, session, showing, words
from penstock.cli.commands import Command
from penstock.controls.rollouts.kept import evidence
from penstock.core import expiry, ids
from penstock.core.expiry import Expiring
from penstock.core.gate import Gate, holds
from penstock.core.incident import Incident, Severity, summary
from penstock.core.staging import TEST, Rollout
from penstock.core.work import Outcome
from penstock.ledger.alerts import TargetState
from penstock.ledger.counts import Backlog
from penstock.ledger.probes import Standing as Probe
from penstock.ledger.rows import Stray, Tally
from penstock.ledger.runs import Report

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger

_SHOWN = 12  # workspaces on one screen; the ones in trouble first
_LONG_S = 900.0  # a file that has been waiting for so long is not simply on its way
_COLUMNS = ("received", "waiting", "held", "fetching", "attached", "expired", "failed", "erased")


class Standing(NamedTuple):
    """Everything that the answer is made of, as of one moment."""

    now: float
    tallies: Sequence[Tally]
    gates: Sequence[Gate]
    holding: dict[int, int]
    backlog: Backlog
    processes: Sequence[dict[str, object]]
    contradictions: tuple[int, int]
    refused: int
    unread: int
    strays: Sequence[Stray]
    profile: str = "embedded"
    behind: Mapping[int, Expiring] = {}  # what each shut gate holds, and how long it has
    runs: Sequence[Report] = ()  # of reprocessing, not over yet
    incidents: Sequence[Incident] = ()  # not closed
    probe: Probe | None = None  # the synthetic one
    rollout: Rollout | None = None  # under way
    alerts: Sequence[TargetState] = ()  # targets that are told of incidents


@click.command(cls=Command)
@arguments.as_json
def status(json_: bool) -> None:
    """Say how things stand: files by state, gates, processes, and what needs a person."""
    standing = session.with_ledger(_look)
    if json_:
        showing.as_json(_answer(standing))
        return
    _show(standing)


async def _look(ledger: "Ledger") -> Standing:
    now = await ledger.now()
    gates = await ledger.gates.active(now=now)
    behind = await ledger.counts.behind_gates() if gates else {}
    return Standing(
        now,
        await ledger.counts.tallies(),
        gates,
        {id_: found.waiting.files for id_, found in behind.items()},
        await ledger.counts.backlog(),
        await ledger.processes.alive(now=now),
        await ledger.counts.contradictions(),
        await ledger.counts.refused(),
        await ledger.journal.unread_count(),
        await ledger.journal.strays(),
        ledger.profile,
        behind,
        await ledger.reprocess.runs(workspace_id=None, open_only=True),
        await ledger.incidents.latest(only_open=True),
        await ledger.probes.standing(),
        await ledger.rollouts.current(),
        await ledger.alerts.targets(),
    )


def troubles(standing: Standing) -> list[str]:
    """What keeps files from arriving, each in a sentence; ``ok`` means that there is none."""
    found = []
    if not standing.processes:
        found.append("Nothing is running: webhooks are refused and nothing is fetched. Start it with `penstock serve`.")
    found += [_failing(row) for row in standing.incidents if _pages(row)]
    found += [_shut(gate, standing) for gate in standing.gates if holds(gate)]
    oldest_s, expiring = standing.backlog.oldest_waiting_s, standing.backlog.expiring_24h
    if oldest_s is not None and oldest_s > _LONG_S:
        end = f", and {words.many(expiring, 'file')} may be gone within a day" if expiring else ""
        found.append(f"The oldest file has been waiting for {words.duration(oldest_s)}{end}.")
    if standing.refused:
        found.append(
            f"Penstock's own request was not what it should have been, so it was not sent: "
            f"{_wait(standing.refused)} for that. Put back the release or fetch implementation that changed; the log "
            "says what differs (contract.violated)."
        )
    if any(standing.contradictions):
        found.append("Rows contradict each other: run `penstock audit`, which names them.")
    return found


def remarks(standing: Standing) -> list[str]:
    """What a person should look at some time; nothing is lost meanwhile."""
    found = [_narrowed(gate, standing.now) for gate in standing.gates if not holds(gate)]
    found += [_failing(row) for row in standing.incidents if not _pages(row)]
    found += [_run(report) for report in standing.runs]
    found += _probe(standing.probe, standing.now)
    found += [_rollout(standing.rollout)] if standing.rollout is not None else []
    found += [_untold(row) for row in standing.alerts if row.error is not None or row.passed_over]
    if standing.unread:
        found.append(
            f"{words.many(standing.unread, 'webhook')} could not be understood in full. Nothing is lost: after an "
            "upgrade, `penstock reprocess --unread` reads them again."
        )
    for stray in standing.strays[:3]:
        came = f"{words.many(stray.bodies, 'webhook')} came, the last one {words.ago(stray.last_at, standing.now)}"
        found.append(
            f"Nobody registered number {stray.phone_number_id} of app {stray.app or '?'}: {came}. They are kept, and "
            "read once it is added with `penstock number add`."
        )
    if len(standing.strays) > 3:
        found.append(f"{len(standing.strays) - 3} more numbers are unknown; --json lists them all.")
    return found


def _answer(standing: Standing) -> answers.Facts:
    from penstock import __version__

    return {
        "ok": not troubles(standing),
        "version": __version__,
        "profile": standing.profile,
        "workspaces": [answers.tally(tally) for tally in standing.tallies],
        "oldest_waiting_s": standing.backlog.oldest_waiting_s,
        "expiring_24h": standing.backlog.expiring_24h,
        "gates": [answers.gate(gate, standing.holding.get(gate.id, 0)) for gate in standing.gates],
        "expiring_behind_gates": [
            answers.expiring(gate, found)
            for gate in standing.gates
            if (found := standing.behind.get(gate.id)) and (found.within(expiry.DAY_S) or found.past)
        ],
        "incidents": [answers.incident(row) for row in standing.incidents],
        "probe": answers.probe(standing.probe, standing.now),
        "rollout": None if standing.rollout is None else answers.rollout(standing.rollout),
        "alerts": [answers.alert_target(row) for row in standing.alerts],
        "processes": [answers.process(process) for process in standing.processes],
        "contract_violations": standing.refused,
        "reprocess": [answers.run(report) for report in standing.runs],
        "unread_bodies": standing.unread,
        "unknown_numbers": [answers.stray(stray) for stray in standing.strays],
        "troubles": [words.plain(trouble) for trouble in troubles(standing)],
    }


def _show(standing: Standing) -> None:
    from penstock import __version__

    found = troubles(standing)
    showing.line(_headline(standing, ok=not found), style="fail" if found else "ok")
    for trouble in found:
        showing.line(f"  {trouble}")
    for remark in remarks(standing):
        showing.line(f"  {remark}")
    if standing.probe is None:
        showing.line(f"  There is no synthetic probe: {words.NO_PROBE}. {words.HOW_TO_PROBE}.")
    if standing.tallies:
        showing.line()
        workspaces(standing.tallies)
    running = words.many(len(standing.processes), "process", "processes") if standing.processes else "no process"
    showing.line(f"penstock {__version__} · {standing.profile} · {running}")


def _headline(standing: Standing, *, ok: bool) -> str:
    total = _sum(standing.tallies)
    verdict = "All is well" if ok else "Needs attention"
    if not total.received:
        return f"{verdict}. No file has come yet."
    waiting = total.waiting + total.fetching
    files = f"{words.count(total.attached)} of {words.many(total.received, 'file')} attached"
    files += f", {words.count(waiting)} on the way"
    lost = total.expired + total.failed
    if lost:
        files += f", {words.count(lost)} expired or failed"
    return f"{verdict}: {files}."


def _wait(files: int) -> str:
    return f"{words.many(files, 'file')} {'waits' if files == 1 else 'wait'}"


def _shut(gate: Gate, standing: Standing) -> str:
    until = f" until {words.utc(gate.until)}" if gate.until is not None else ""
    holds = words.many(standing.holding.get(gate.id, 0), "file")
    near = _near(standing.behind.get(gate.id), standing.now)
    return (
        f"The gate of {expiry.scope_name(gate.scope)} has been shut since {words.utc(gate.since)}{until} by {gate.by} "
        f"({gate.owner}): {gate.why.rstrip('.')}. It holds {holds}; {near}."
    )


def _near(found: Expiring | None, now: float) -> str:
    """How long what stands behind a gate has; the nearest threshold is said."""
    if found is None or not (found.within(expiry.DAY_S) or found.past):
        return "none is lost before its deadline"
    parts = []
    for within_s in (expiry.HOUR_S, expiry.SIX_HOURS_S, expiry.DAY_S):
        if files := found.within(within_s):
            verb = "expires" if files == 1 else "expire"
            first = f", the first one {words.ago(found.first_at, now)}" if found.first_at is not None else ""
            parts.append(f"{words.count(files)} {verb} within {words.duration(within_s)}{first}")
            break
    if found.past:
        parts.append(f"{words.count(found.past)} {'is' if found.past == 1 else 'are'} past what WhatsApp keeps")
    return " and ".join(parts)


def _pages(row: Incident) -> bool:
    """Whether an incident is for somebody now: a suspicion and a ticket are not."""
    return row.state == "open" and row.severity == Severity.PAGE


def _failing(row: Incident) -> str:
    """An incident, and where to read on."""
    since = f"since {words.utc(row.onset_at)}"
    who = f" {row.acknowledged_by} looks after it." if row.acknowledged_by is not None else ""
    return f"Incident {row.id} is {row.state} {since}: {summary(row)}{who} See `penstock incident show {row.id}`."


def _untold(row: TargetState) -> str:
    """An alert target that is not told what it should be."""
    if row.error is None:
        alerts = words.many(row.passed_over, "alert")
        return f"{alerts} to {row.name} could not be told: it would not take them as they were."
    since = "" if row.failing_since is None else f" since {words.utc(row.failing_since)}"
    what = (
        "It is tried again every half hour or hour, and at every new alert, until that is mended"
        if row.lasting
        else "It is told as soon as it answers again"
    )
    return f"Nothing can be told to {row.name}{since}: {row.error}. {what}; `penstock incident test-alert` tries it."


def _narrowed(gate: Gate, now: float) -> str:
    """A gate that holds nothing, but is there."""
    how = "is wide open over every automatic gate"
    if gate.opening is not None:
        how = f"lets {gate.opening:g} files a second through"
    until = f", until {words.utc(gate.until)}" if gate.until is not None else ""
    return (
        f"The gate of {expiry.scope_name(gate.scope)} {how}, set {words.ago(gate.since, now)}{until}, by {gate.by} "
        f"({gate.owner}): {gate.why.rstrip('.')}."
    )


def _run(report: Report) -> str:
    """What a run of reprocessing does or waits for."""
    why = f" {report.run.reason}." if report.run.reason else ""
    return (
        f"Reprocessing {ids.encode(ids.Kind.RUN, report.id)} is {following.describe(report)}: "
        f"{following.counts(report)}. By {report.by}: {report.why.rstrip('.')}.{why}"
    )


def _probe(probe: Probe | None, now: float) -> list[str]:
    """What is to be said of the synthetic probe: nothing while it fetches its file."""
    last = None if probe is None else probe.last
    if last is not None and last.outcome != Outcome.DELIVERED.value:
        return [f"The synthetic probe failed at {last.operation} {words.ago(last.at, now)}: {last.said}"]
    if probe is not None and probe.known is not None and now >= probe.known.dies_at:
        return ["The synthetic probe has no file: WhatsApp keeps an uploaded one for 30 days, and none came after it."]
    return []


def _rollout(row: Rollout) -> str:
    """Where the rollout is, and with which evidence."""
    where = f"paused at {row.stage}" if row.paused else "in its test" if row.stage == TEST else f"at {row.stage} %"
    return f"Rollout {row.id} of {row.recipe} is {where}: {evidence(row)} See `penstock rollout status`."


def workspaces(tallies: Sequence[Tally], *, shown: int = _SHOWN) -> None:
    """The table of counts; those with files that are not attached come first when not all fit."""
    listed = list(tallies)
    if len(listed) > shown:
        listed.sort(key=lambda tally: (tally.attached + tally.erased - tally.received, tally.workspace))
    columns = [name for name in _COLUMNS if name != "erased" or any(tally.erased for tally in tallies)]
    rows = [[tally.workspace, *(words.count(getattr(tally, name)) for name in columns)] for tally in listed[:shown]]
    if len(listed) > 1:
        total = _sum(tallies)
        rows.append(["total", *(words.count(getattr(total, name)) for name in columns)])
    heads = [name.upper() for name in columns]
    showing.table(["WORKSPACE", *heads], rows, empty="no workspaces yet", right=heads)
    if len(listed) > shown:
        showing.note(f"{len(listed) - shown} more workspaces; --json lists them all")


def _sum(tallies: Sequence[Tally]) -> Tally:
    return Tally("total", *(sum(getattr(tally, name) for tally in tallies) for name in _COLUMNS))
