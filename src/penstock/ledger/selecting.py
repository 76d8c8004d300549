"""Which files a run of reprocessing is about: a stretch of rows at a time, so in small steps however many there are.

A stretch is so many rows of one workspace and stage, whatever the filter lets through, and says where the next one
begins. Whether a file is eligible is decided in ``core.reprocess``. Nothing is written here. Parts of the scripts of
``reprocess``, for the plan and for the run alike.
"""

from typing import NamedTuple

from penstock.adapters.db.port import Row, Script
from penstock.core.media import State
from penstock.core.reprocess import Candidate, Reason, ineligible
from penstock.ledger.runs import Asked, Found, Place
from penstock.ledger.statements import Statements

_STAGES = (State.FAILED.value, State.EXPIRED.value)
_START, _END = float("-inf"), float("inf")


class Item(NamedTuple):
    """An eligible file."""

    media_row: int
    deadline: float
    number_id: int
    kind: str


class Stretch(NamedTuple):
    """What a stretch brought, and where the next one begins; None = it was the last."""

    items: list[Item]
    found: Found
    next: Place | None


class Search(NamedTuple):
    """What is looked for, by whom, as of when."""

    asked: Asked
    workspace_id: int | None
    run_id: int  # 0: only to be counted
    now: float
    ended_by: float  # files that ended later are not meant

    def stretch(self, sql: Statements, place: Place | None, length: int) -> Script[Stretch]:
        """The files from a place on; from the beginning when there is none."""
        if self.asked.media:
            return (yield from self._named(sql))
        places = yield from self._places(sql, place)
        if not places:
            return Stretch([], Found(), None)
        here = places[0]
        rows = yield sql(
            "list_candidates",
            run_id=self.run_id,
            workspace_id=here.workspace_id,
            stage=here.stage,
            after=here.after,
            length=length,
            number=self.asked.number,
            outcome=self.asked.outcome,
            kind=self.asked.kind,
            since=_START if self.asked.since is None else self.asked.since,
            until=_END if self.asked.until is None else self.asked.until,
            ended_by=self.ended_by,
        )
        items, found = self._judged([row for row in rows if row[9]])
        if len(rows) == length:
            return Stretch(items, found, Place(here.workspace_id, here.stage, int(rows[-1][0])))
        return Stretch(items, found, places[1] if len(places) > 1 else None)

    def _places(self, sql: Statements, place: Place | None) -> Script[list[Place]]:
        """Where is still to be looked, this place first."""
        if self.workspace_id is not None:
            workspaces = [self.workspace_id]
        else:
            rows = yield sql("list_workspaces")
            workspaces = sorted(int(row[0]) for row in rows)
        stages = [stage for stage in _STAGES if self.asked.state in ("", stage)]
        left = [Place(each, stage, 0) for each in workspaces for stage in stages]
        if place is None:
            return left
        reached = (place.workspace_id, _STAGES.index(place.stage))
        left = [each for each in left if (each.workspace_id, _STAGES.index(each.stage)) >= reached]
        if left and (left[0].workspace_id, left[0].stage) == (place.workspace_id, place.stage):
            left[0] = place
        return left

    def _named(self, sql: Statements) -> Script[Stretch]:
        """Files that were named one by one."""
        rows: list[Row] = []
        for media_row in self.asked.media:
            rows += yield sql(
                "get_candidate", run_id=self.run_id, media_row=media_row, workspace_id=self.workspace_id or 0
            )
        items, found = self._judged(rows)
        return Stretch(items, found, None)

    def _judged(self, rows: list[Row]) -> tuple[list[Item], Found]:
        items: list[Item] = []
        refusals: dict[Reason, int] = {}
        size = unknown = 0
        for row in rows:
            reason = ineligible(candidate(row), now=self.now, past_deadline=self.asked.past_deadline)
            if reason is not None:
                refusals[reason] = refusals.get(reason, 0) + 1
                continue
            items.append(Item(row[0], row[3], row[6], row[7]))
            size += row[8] or 0
            unknown += row[8] is None
        first = min((item.deadline for item in items), default=None)
        return items, Found(len(items), refusals, size, unknown, first)


def candidate(row: Row) -> Candidate:
    """The beginning of a row of ``list_candidates``, ``get_candidate`` or ``pick_items``."""
    stage = row[1]
    state = State.FETCHING.value if stage == "open" else stage
    return Candidate(state, row[2], row[3], bool(row[4]), bool(row[5]) if len(row) > 5 else False)
