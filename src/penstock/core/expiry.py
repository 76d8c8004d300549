"""What a gate costs: how many files stand behind it, how long Meta still keeps them, and that in a sentence.

A gate loses nothing by itself, but Meta's copies do not wait: seven days, an hour on No-Storage numbers. What waits is
given as counts by number and kind; this adds them up and says them. The time is an argument. Used by the ledger,
``controls.gates``, ``cli`` and ``web.api``.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from penstock.core.gate import Gate

HOUR_S, SIX_HOURS_S, DAY_S = 3_600.0, 21_600.0, 86_400.0
HORIZON_S = DAY_S  # how far one looks ahead behind a gate of which nobody said how long it will stand
_THIN = "\u2009"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAMED_S = 6 * DAY_S  # a weekday names a moment that is nearer than this


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """The files of one kind that wait for one number, and how many of them have how long to live."""

    workspace: str
    app: str
    credential: str
    number: str
    kind: str
    no_storage: bool
    files: int
    past: int  # of files: Meta's copy is gone by now
    hour: int  # gone within an hour
    six_hours: int  # within six, but not within one
    day: int  # within a day, but not within six hours
    before: int  # before the moment that was asked about
    first_at: float | None  # when the next one is gone


class Share(msgspec.Struct, frozen=True, gc=False):
    """Some of the files, and of how many workspaces they are."""

    files: int = 0
    workspaces: int = 0


class Expiring(msgspec.Struct, frozen=True):
    """What stands somewhere, added up."""

    waiting: Share
    past: int
    before: Share  # gone before the moment that was asked about
    near: Mapping[tuple[float, bool], Share]  # by (nearest threshold, on a No-Storage number); each file once
    first_at: float | None

    def within(self, seconds: float) -> int:
        """How many files are gone within one of the thresholds."""
        return sum(share.files for (threshold_s, _), share in self.near.items() if threshold_s <= seconds)

    def no_storage(self) -> int:
        """How many on No-Storage numbers are gone within the hour."""
        share = self.near.get((HOUR_S, True))
        return share.files if share else 0


def in_scope(scope: Mapping[str, str], row: Waiting) -> bool:
    """Whether files stand in a gate's scope. Every file needs every operation, and may need any host."""
    return all(name in ("operation", "host") or getattr(row, name) == value for name, value in scope.items())


def add_up(rows: Iterable[Waiting]) -> Expiring:
    """What stands somewhere, of all workspaces together."""
    files: dict[str, int] = {}
    owners: dict[str, set[str]] = {"waiting": set(), "before": set()}
    near: dict[tuple[float, bool], tuple[int, set[str]]] = {}
    first_at: float | None = None
    for row in rows:
        for name, number in (("waiting", row.files), ("past", row.past), ("before", row.before)):
            files[name] = files.get(name, 0) + number
            if number and name in owners:
                owners[name].add(row.workspace)
        for threshold_s, number in ((HOUR_S, row.hour), (SIX_HOURS_S, row.six_hours), (DAY_S, row.day)):
            if number:
                sum_, of = near.setdefault((threshold_s, row.no_storage), (0, set()))
                near[threshold_s, row.no_storage] = (sum_ + number, of | {row.workspace})
        if row.first_at is not None:
            first_at = row.first_at if first_at is None else min(first_at, row.first_at)
    return Expiring(
        Share(files.get("waiting", 0), len(owners["waiting"])),
        files.get("past", 0),
        Share(files.get("before", 0), len(owners["before"])),
        {key: Share(number, len(of)) for key, (number, of) in near.items()},
        first_at,
    )


def horizon(now: float, until: float | None) -> float:
    """Before which moment it matters what expires: when the gate opens by itself, or a day from now."""
    return now + HORIZON_S if until is None else until


def cost(found: Expiring, *, opening: float | None, now: float, until: float | None) -> str:
    """What a gate will cost, of what waits in its scope at this moment."""
    files, end = found.waiting.files, moment(horizon(now, until), now)
    if not files:
        return "No file waits in its scope now."
    parts = []
    if opening:
        parts.append(f"{_of(found.waiting)} {_wait(files)} in its scope, {_span(files / opening)} of work at this rate")
    if found.before.files:
        verb = "expires" if found.before.files == 1 else "expire"
        parts.append(f"{_of(found.before)} {verb} before {end}")
    elif opening:
        parts.append(f"none expires before {end}")
    else:
        parts.append(f"{_of(found.waiting)} {_wait(files)} in its scope, none of which expires before {end}")
    if number := found.no_storage():
        parts.append(f"{_count(number)} on No-Storage numbers within the hour")
    if found.past:
        parts.append(f"{_count(found.past)} {'is' if found.past == 1 else 'are'} past the time that Meta keeps them")
    return f"{'; '.join(parts)}."


def nearing(scope: Mapping[str, str], share: Share, *, within_s: float, first_at: float | None, now: float) -> str:
    """That files behind a gate will be gone before long, and what can be done."""
    verb = "expires" if share.files == 1 else "expire"
    first = f", the first one {moment(first_at, now)}" if first_at is not None else ""
    return (
        f"{_of(share)} behind the shut gate of {scope_name(scope)} {verb} within {_span(within_s)}{first}: "
        f"`penstock gate open {option(scope)}` lets them through."
    )


def scope_name(scope: Mapping[str, str]) -> str:
    """``workspace acme``, or ``everything``."""
    return ", ".join(f"{name} {value}" for name, value in scope.items()) or "everything"


def option(scope: Mapping[str, str]) -> str:
    """How the command line names a scope."""
    return " ".join(f"--{name} {value}" for name, value in scope.items()) or "--all"


def moment(at: float, now: float) -> str:
    """``Friday 14:00 UTC``; with its date when the weekday alone would not say which one."""
    when = datetime.fromtimestamp(at, UTC)
    day = _DAYS[when.weekday()] if abs(at - now) < _NAMED_S else f"{when.day} {_MONTHS[when.month - 1]} {when.year}"
    return f"{day} {when:%H:%M} UTC"


def held_by(gate: Gate, now: float) -> str:
    """Why a file is held, for whoever may know: ``"graph is down" since Friday 10:31 UTC, by anna``."""
    since = moment(gate.since, now)
    return f'"{gate.why.rstrip(".")}" since {since}, by {gate.by}'


def _of(share: Share) -> str:
    noun, owner = "file" if share.files == 1 else "files", "workspace" if share.workspaces == 1 else "workspaces"
    return f"{_count(share.files)} {noun} of {_count(share.workspaces)} {owner}"


def _wait(files: int) -> str:
    return "waits" if files == 1 else "wait"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", _THIN)


def _span(seconds: float) -> str:
    """The largest unit, rounded up: a promise of less would be wrong."""
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= unit_s:
            return f"{-(-int(seconds) // unit_s)}{_THIN}{unit}"
    return f"{max(1, int(seconds))}{_THIN}s"
