"""A stretch of some workspaces' files, newest first: how a filter is carried out at a bounded cost.

Each stage of a file is a range of one index. A stretch is so many of its rows at most, whatever the filter lets
through, so a page costs the same in a workspace of ten files and of ten million. Parts of the shelf's scripts.
"""

from collections.abc import Sequence
from typing import NamedTuple

from penstock.adapters.db.port import Row, Script
from penstock.core.media import State
from penstock.ledger.statements import Statements

STRETCH = 5_000  # rows of one stage that a page looks at

_OPEN = "open"
_ENDED = (State.ATTACHED, State.EXPIRED, State.FAILED, State.ERASED)


class Wanted(NamedTuple):
    """A filter; empty texts filter nothing."""

    state: str
    outcome: str
    since: float
    until: float
    before: int  # rows below this one
    limit: int


def across(sql: Statements, workspaces: Sequence[int], wanted: Wanted) -> Script[tuple[list[Row], int]]:
    """As many files as are wanted of several workspaces, and the row below which to go on; 0 when nothing is left."""
    rows: list[Row] = []
    seen_to = 0
    for workspace in workspaces:
        found, floor = yield from stretch(sql, workspace, wanted)
        rows += found
        seen_to = max(seen_to, floor)
    rows = sorted((row for row in rows if row[0] >= seen_to), key=lambda row: -int(row[0]))
    if len(rows) > wanted.limit:
        rows = rows[: wanted.limit]
        return rows, int(rows[-1][0])
    return rows, seen_to


def stretch(sql: Statements, workspace_id: int, wanted: Wanted) -> Script[tuple[list[Row], int]]:
    """Up to one row more than wanted, and the row above which nothing was missed; 0 when nothing is left below."""
    rows: list[Row] = []
    seen_to = 0
    if wanted.state == State.FETCHING:
        rows = yield sql(
            "list_media_taken",
            workspace_id=workspace_id,
            outcome=wanted.outcome,
            since=wanted.since,
            until=wanted.until,
            before=wanted.before,
            limit=wanted.limit + 1,
        )
        return rows, 0
    for stage in _stages(wanted.state):
        floors = yield sql("media_floor", workspace_id=workspace_id, stage=stage, before=wanted.before, length=STRETCH)
        floor = int(floors[0][0]) if floors else 0
        found = yield sql(
            "list_media",
            workspace_id=workspace_id,
            stage=stage,
            state="waiting" if wanted.state in ("waiting", "held") else "",
            outcome=wanted.outcome,
            since=wanted.since,
            until=wanted.until,
            floor=floor,
            before=wanted.before,
            limit=wanted.limit + 1,
        )
        rows += found
        if len(found) <= wanted.limit:  # all of the stretch that passes the filter
            seen_to = max(seen_to, floor)
    return rows, seen_to


def _stages(state: str) -> tuple[str, ...]:
    """The stages that files of a state are in."""
    if state in ("waiting", "held"):
        return (_OPEN,)
    if state in _ENDED:
        return (state,)
    return (_OPEN, *_ENDED)
