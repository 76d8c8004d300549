"""A run of reprocessing as the ledger keeps it: what was asked for, what was found, how far it has come.

Values, and how rows become them and go back. What may happen to a run is decided in ``core.reprocess``. Made and stored
by ``reprocess``; shown by ``cli`` and ``web``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from penstock.adapters.db.port import Row
from penstock.core.reprocess import Reason, Run, State

_COUNTS = Run.__struct_fields__  # of a row, in this order, after what is said about the run
_TRUTHS = ("selecting", "on_trial", "stopped")


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which files a run is about; what is empty filters nothing. ``media`` names single ones, whatever their state."""

    workspace: str = ""
    number: str = ""  # Meta's phone number id
    state: str = ""  # failed or expired; otherwise both
    outcome: str = ""  # the class in which the last attempt ended
    kind: str = ""
    since: float | None = None  # received then or later, epoch seconds
    until: float | None = None
    media: tuple[int, ...] = ()  # rows
    past_deadline: bool = False  # those, too, whose time at WhatsApp is over


class Found(msgspec.Struct, frozen=True):
    """What a filter selects, as far as it was looked for."""

    eligible: int = 0
    refusals: Mapping[Reason, int] = {}
    bytes: int = 0  # of the eligible, as declared
    sizes_unknown: int = 0  # eligible files of which nobody declared a size
    first_deadline: float | None = None  # of the eligible, epoch seconds

    @property
    def refused(self) -> int:
        """How many are not eligible."""
        return sum(self.refusals.values())

    @property
    def selected(self) -> int:
        """How many were found."""
        return self.eligible + self.refused

    def plus(self, other: "Found") -> "Found":
        """Both together."""
        deadlines = [each for each in (self.first_deadline, other.first_deadline) if each is not None]
        return Found(
            self.eligible + other.eligible,
            both(self.refusals, other.refusals),
            self.bytes + other.bytes,
            self.sizes_unknown + other.sizes_unknown,
            min(deadlines) if deadlines else None,
        )


class Place(msgspec.Struct, frozen=True, array_like=True):
    """How far a selection has come: the last row that was looked at, of a workspace's files of a stage."""

    workspace_id: int
    stage: str
    after: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run with everything that is known of it. Times are epoch seconds."""

    id: int
    workspace_id: int | None  # None: of all workspaces
    workspace: str | None
    asked: Asked
    by: str
    why: str
    created_at: float
    changed_at: float
    ended_at: float | None  # when the last of its files was accounted for
    refusals: Mapping[Reason, int]
    bytes: int
    sizes_unknown: int
    place: Place | None  # of the selection
    unswept: bool  # cancelled, and its files are still to be marked so
    run: Run

    @property
    def found(self) -> Found:
        """What the run is about, as far as it has found its files."""
        return Found(self.run.eligible, self.refusals, self.bytes, self.sizes_unknown)


class Round(msgspec.Struct, frozen=True):
    """One time that a file was put back to work. The round in which it came is not among these."""

    number: int  # 2 is the first of them
    run_id: int
    by: str
    why: str
    at: float
    made: int  # requests that were made for it before


class Worked(msgspec.Struct, frozen=True):
    """What one step on a run brought."""

    report: Report | None  # None: there was nothing to do
    released: int = 0
    more: bool = False  # there is more to do at once


def round_of(index: int, rounds: Sequence[Round]) -> int:
    """In which round a file's request was made, by its place among all that were made for it."""
    return max((each.number for each in rounds if each.made <= index), default=1)


def both(one: Mapping[Reason, int], other: Mapping[Reason, int]) -> dict[Reason, int]:
    """Two counts by reason as one."""
    return {reason: one.get(reason, 0) + other.get(reason, 0) for reason in Reason if reason in one or reason in other}


def report(row: Row) -> Report:
    """A row of ``get_run`` or ``list_runs``."""
    counts: dict[str, Any] = dict(zip(_COUNTS, row[14:], strict=True))
    truths = {name: bool(counts[name]) for name in _TRUTHS}
    refusals = {Reason(name): count for name, count in json.loads(row[9]).items()}
    place = json.loads(row[12])
    return Report(
        id=row[0],
        workspace_id=row[1],
        workspace=row[2],
        asked=msgspec.json.decode(row[3], type=Asked),
        by=row[4],
        why=row[5],
        created_at=row[6],
        changed_at=row[7],
        ended_at=row[8],
        refusals=refusals,
        bytes=row[10],
        sizes_unknown=row[11],
        place=Place(*place) if place else None,
        unswept=bool(row[13]),
        run=Run(**counts | truths | {"state": State(counts["state"])}),
    )


def counts(run: Run) -> dict[str, Any]:
    """A run's own values as columns."""
    values: dict[str, Any] = msgspec.structs.asdict(run)
    return values | {name: int(values[name]) for name in _TRUTHS} | {"state": run.state.value}


def asked_text(asked: Asked) -> str:
    """A filter as it is kept."""
    return msgspec.json.encode(asked).decode()


def asked_facts(asked: Asked) -> dict[str, Any]:
    """A filter as the audit log tells it."""
    facts: dict[str, Any] = json.loads(asked_text(asked))
    return facts


def columns(told: Report) -> dict[str, Any]:
    """What ``set_run`` writes of a run, but for the time."""
    return counts(told.run) | {
        "id": told.id,
        "ended_at": told.ended_at,
        "refusals": json.dumps(told.refusals),
        "bytes": told.bytes,
        "sizes_unknown": told.sizes_unknown,
        "place": json.dumps(msgspec.to_builtins(told.place) if told.place else []),
        "unswept": int(told.unswept),
    }
