"""The report on an incident: what happened, to whom, why, what was done, and the proof that nothing was lost.

``Told`` is everything that goes into one; ``sections`` makes of it titles with lines and tables, which Markdown, here,
and HTML, in ``web.postmortem``, only put on paper. With a workspace it is what that one customer should be told. It
finds nothing out. Used by ``cli.incident``.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from penstock.core import ids
from penstock.core.detector import FAMILIES
from penstock.core.incident import UNSEEN, Event, Incident, Kind, Severity, sentence, shown, summary
from penstock.core.media import State
from penstock.core.work import Outcome

_DOORS = frozenset({"webhook.receive", "events.stamp"})
_COMING = frozenset({State.WAITING, State.FETCHING})
_PROOF = "Proof that nothing was lost"
LATE_S = 60.0  # a file that was not there so soon after it was received came late
_SHOWN = 30  # workspaces that are listed one by one
_WHAT = {
    Kind.ONSET: "Onset",
    Kind.SUSPECTED: "Suspected",
    Kind.ALARM: "Alarm",
    Kind.ISOLATION: "Isolation",
    Kind.DIAGNOSIS: "Diagnosis",
    Kind.TEST: "Test",
    Kind.GATE: "Gate",
    Kind.TRACE: "Trace",
    Kind.ROLLOUT: "Rollout",
    Kind.RECOVERY: "Recovery",
    Kind.REPROCESS: "Reprocessing",
    Kind.CHANGED: "Changed",
    Kind.SEVERITY: "Severity",
    Kind.ACKNOWLEDGED: "Acknowledged",
    Kind.CLOSED: "Closed",
}


class Touched(NamedTuple):
    """Files of a workspace that an incident touched, by where they stand now."""

    workspace: str
    state: str
    files: int
    messages: int


class Tried(NamedTuple):
    """Attempts at an operation since the onset, by how they ended."""

    operation: str
    outcome: str
    attempts: int


class File(NamedTuple):
    """One file that an incident touched."""

    id: int
    message: int | None
    kind: str
    received_at: float
    state: str
    attached_at: float | None
    deadline: float


class Share(NamedTuple):
    """What an incident touched of one workspace."""

    files: Sequence[File]  # as many as are listed
    counts: Mapping[str, int]  # of all of them, by where they stand now


class Lost(NamedTuple):
    """A file that was received meanwhile and cannot be had any more."""

    id: int
    workspace: str
    state: str
    reason: str


class Impact(msgspec.Struct, frozen=True):
    """What an incident did, as counted from what is written."""

    touched: tuple[Touched, ...]
    tried: tuple[Tried, ...]
    texts: int  # text messages received meanwhile
    arrived: tuple[tuple[str, int], ...] = ()  # files received meanwhile, by where they stand now
    lost: tuple[Lost, ...] = ()  # of these, as many as are listed
    late: tuple[tuple[str, int], ...] = ()  # files that came late, by workspace, where gates were set


class Action(NamedTuple):
    """Something that somebody, or a control, changed since the onset."""

    at: float
    who: str
    what: str
    why: str


class Told(msgspec.Struct, frozen=True):
    """Everything that a report is made of."""

    incident: Incident
    events: Sequence[Event]
    impact: Impact
    actions: Sequence[Action]
    workspaces: int  # of the installation
    now: float
    unlisted: int = 0  # actions beyond those


class Section(msgspec.Struct, frozen=True):
    """A title, sentences, and perhaps a table."""

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class Mark(NamedTuple):
    """A moment on the drawn line of time; ``place`` from 0 to 1."""

    place: float
    label: str
    at: str


def title(told: Told) -> str:
    """The heading of a report."""
    return f"Incident {told.incident.id}: {told.incident.operation}, {told.incident.outcome}"


def sections(told: Told) -> list[Section]:
    """The whole report."""
    return [_summary(told), _impact(told), _spared(told), _timeline(told), _cause(told), _actions(told), _proof(told)]


def customer(told: Told, workspace: str, share: Share) -> list[Section]:
    """What one customer should be told: which of their messages, and what happens next."""
    incident, files = told.incident, share.files
    coming = sum(share.counts.get(state, 0) for state in _COMING)
    there = share.counts.get(State.ATTACHED, 0)
    gone = share.counts.get(State.EXPIRED, 0) + share.counts.get(State.FAILED, 0)
    end = "It goes on" if incident.closed_at is None else f"It ended at {utc(incident.closed_at)}"
    lines = [f"From {utc(incident.onset_at)} on, some files that your customers sent you arrived late. {end}."]
    if not files:
        lines = [f"No file of {workspace} was touched by this incident."]
    if there:
        lines.append(f"{_many(there, 'file is', 'files are')} in their conversations now; nothing is to be done.")
    if coming:
        lines.append(f"{_many(coming, 'file is', 'files are')} still on the way and will come without your doing.")
    if gone:
        lines.append(
            f"{_many(gone, 'file', 'files')} cannot be had from WhatsApp any more. Ask the customer to send "
            f"{'it' if gone == 1 else 'them'} again."
        )
    if incident.operation not in _DOORS:  # what does not come in at all may be a text
        lines.append("Text messages were not affected.")
    if (left := sum(share.counts.values()) - len(files)) > 0:
        lines.append(f"{_many(left, 'more file is', 'more files are')} counted here and not listed below.")
    rows = tuple(
        (
            "" if file.message is None else ids.encode(ids.Kind.MESSAGE, file.message),
            ids.encode(ids.Kind.MEDIA, file.id),
            file.kind,
            utc(file.received_at),
            _next(file),
        )
        for file in files
    )
    found = [Section("What happened", tuple(lines))]
    if rows:
        found.append(Section("Which messages", (), ("Message", "File", "Kind", "Received", "What happens next"), rows))
    return found


def markdown(heading: str, parts: Sequence[Section]) -> str:
    """A report as Markdown."""
    lines = [f"# {_escaped(heading)}"]
    for part in parts:
        lines += ["", f"## {part.title}"]
        for line in part.lines:
            lines += ["", _escaped(line)]
        if part.columns:
            lines += ["", _row(part.columns), _row(["---"] * len(part.columns)), *(_row(row) for row in part.rows)]
    return "\n".join(lines) + "\n"


def marks(told: Told) -> list[Mark]:
    """The timeline as moments between its first and its last one."""
    first, last = told.incident.onset_at, told.incident.closed_at or told.now
    span = max(last - first, 1.0)
    found = [
        Mark(min(1.0, max(0.0, (event.at - first) / span)), _what(event.kind), utc(event.at))
        for event in told.events
        if event.kind != Kind.ISOLATION
    ]
    if told.incident.closed_at is None:
        found.append(Mark(1.0, "Now", utc(told.now)))
    return found


def utc(at: float) -> str:
    """``2026-11-23 10:31:07 UTC``."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(seconds: float) -> str:
    """``2 h 14 m``: the two largest units."""
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    whole = int(seconds)
    for unit_s, unit, part_s, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            return f"{whole // unit_s} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


# -- the parts --------------------------------------------------------------------------------


def _summary(told: Told) -> Section:
    one = told.incident
    took = duration((one.closed_at or told.now) - one.onset_at)
    state = f"It is {one.state}, {took} after its onset." if one.closed_at is None else f"It lasted {took}."
    urgency = "Somebody was to look at once." if one.severity == Severity.PAGE else "It is a ticket: it could wait."
    lines = [
        summary(one),
        f"{state} {urgency}",
        f"Onset {utc(one.onset_at)}, opened {utc(one.opened_at)}"
        + ("." if one.closed_at is None else f", closed {utc(one.closed_at)}."),
    ]
    if one.acknowledged_by is not None:
        lines.append(f"{one.acknowledged_by} looks after it.")
    return Section("Summary", tuple(lines))


def _impact(told: Told) -> Section:
    if told.incident.outcome in UNSEEN:
        told_of = [event.data["about"] for event in told.events if event.data and "about" in event.data]
        about = told_of[-1] if told_of else ()
        named = f" It was about {', '.join(about[:_SHOWN])}." if about else ""
        return Section("Impact", (f"No failing attempt shows this, so no single file is counted.{named}",))
    by: dict[str, list[int]] = {}
    for each in told.impact.touched:
        both = by.setdefault(each.workspace, [0, 0])
        both[0] += each.files
        both[1] += each.messages
    files, messages = sum(both[0] for both in by.values()), sum(both[1] for both in by.values())
    line = (
        f"{_many(files, 'file', 'files')} of {_many(messages, 'message', 'messages')} in "
        f"{_many(len(by), 'workspace', 'workspaces')} had an attempt that failed in this way."
    )
    most = sorted(by.items(), key=lambda item: (-item[1][0], item[0]))
    rows = tuple((name, str(both[0]), str(both[1])) for name, both in most[:_SHOWN])
    lines = [line]
    if late := sum(files for _, files in told.impact.late):
        lines.append(
            f"{_many(late, 'file', 'files')} of {_many(len(told.impact.late), 'workspace', 'workspaces')} that came "
            "meanwhile took more than a minute or are not there yet, those that gates held among them."
        )
    if (left := len(most) - _SHOWN) > 0:
        lines.append(f"{left} more workspaces are not listed.")
    return Section(
        "Impact",
        tuple(lines),
        ("Workspace", "Files", "Messages") if rows else (),
        rows,
    )


def _spared(told: Told) -> Section:
    touched = {each.workspace for each in told.impact.touched}
    texts = _many(told.impact.texts, "text message was", "text messages were")
    lines = [
        f"{texts} received meanwhile; a message waits for no file.",
        f"{max(0, told.workspaces - len(touched))} of {told.workspaces} workspaces had no such failure.",
    ]
    shares: dict[str, list[int]] = {}
    for each in told.impact.tried:
        both = shares.setdefault(each.operation, [0, 0])
        both[0] += each.attempts * _fails(each.outcome, told.incident.outcome)
        both[1] += each.attempts
    for operation, (failed, attempts) in sorted(shares.items()):
        if operation != told.incident.operation:
            lines.append(f"{operation}: {failed} of {attempts} attempts failed in this way.")
    return Section("What was not affected", tuple(lines))


def _timeline(told: Told) -> Section:
    rows = []
    before = told.incident.onset_at
    for event in told.events:
        step = duration(event.at - before) if event.at > before else ""
        rows.append((utc(event.at), step, _what(event.kind), event.actor, event.text))
        before = max(before, event.at)
    return Section("Timeline", (), ("Time", "After", "What", "By", "Told"), tuple(rows))


def _cause(told: Told) -> Section:
    cause = told.incident.cause
    if told.incident.outcome in UNSEEN:
        return Section("Cause", (told.incident.why,))
    if cause is None:
        return Section("Cause", ("Nothing separates the failing attempts from the good ones well enough to be named.",))
    lines = [
        sentence(cause),
        f"Evidence: {cause.evidence:.1f} nats on attempts that did not choose the rule; more is surer.",
    ]
    if cause.symptoms:
        lines.append(f"{shown(cause.symptoms)} These are symptoms, and explain nothing.")
    if cause.tested is not None:
        lines.append(f"Tested: {cause.tested}")
    rows = tuple((str(nth), _rule(rule)) for nth, rule in enumerate((cause.rule, *cause.also), 1))
    if cause.also:
        lines.append(
            "These rules match the same failures, so data cannot tell them apart; the likeliest cause is first."
        )
    return Section("Cause", tuple(lines), ("Rank", "Rule"), rows)


def _rule(rule: Mapping[str, Any]) -> str:
    return " and ".join(
        f"{name} = {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for name, value in rule.items()
    )


def _actions(told: Told) -> Section:
    rows = tuple((utc(each.at), each.who, each.what, each.why) for each in told.actions)
    if not rows:
        return Section("Actions", ("Nothing was changed since the onset.",))
    lines = (f"{told.unlisted} more are not listed.",) if told.unlisted else ()
    return Section("Actions", lines, ("Time", "By", "What", "Why"), rows)


def _proof(told: Told) -> Section:
    by: dict[str, int] = dict.fromkeys((state.value for state in State), 0)
    for each in told.impact.touched:
        by[each.state] = by.get(each.state, 0) + each.files
    files = sum(by.values())
    parts = [f"{count} {state}" for state, count in by.items() if count]
    lines = [f"{files} files touched = {' + '.join(parts)}." if files else "No file was touched."]
    arrived = sum(count for _, count in told.impact.arrived)
    if arrived:
        sum_ = " + ".join(f"{count} {state}" for state, count in told.impact.arrived)
        lines.append(f"{arrived} files were received meanwhile, those that gates held among them = {sum_}.")
        for state, count in told.impact.arrived:
            by[state] = max(by.get(state, 0), count)
    lost = by[State.EXPIRED] + by[State.FAILED]
    if not lost:
        lines.append("None is lost." + (" What waits will come by itself." if by[State.WAITING] else ""))
        return Section(_PROOF, tuple(lines))
    lines.append(
        f"{_many(lost, 'file', 'files')} expired or failed; `penstock media list --state expired` and "
        "`--state failed` name them."
    )
    rows = tuple((ids.encode(ids.Kind.MEDIA, one.id), one.workspace, one.state, one.reason) for one in told.impact.lost)
    return Section(_PROOF, tuple(lines), ("File", "Workspace", "State", "Why") if rows else (), rows)


def _next(file: File) -> str:
    if file.state == State.ATTACHED and file.attached_at is not None:
        return f"arrived at {utc(file.attached_at)}"
    if file.state in _COMING:
        return f"on the way; WhatsApp keeps it until {utc(file.deadline)}"
    return {State.ERASED: "erased as was asked for"}.get(State(file.state), "ask for it again")


def _fails(outcome: str, family: str) -> bool:
    return FAMILIES.get(Outcome(outcome), outcome) == family


def _what(kind: str) -> str:
    return _WHAT.get(Kind(kind), kind)


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _escaped(text: str) -> str:
    """As text of Markdown on one line: who wrote a reason must not write the report."""
    return " ".join(text.split()).replace("<", "&lt;").replace("[", "\\[")
