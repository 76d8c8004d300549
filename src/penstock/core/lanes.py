"""Whose turn it is: fair turns over lanes, a limit per workspace, and the order within a lane.

A lane is what one number of a workspace receives of one kind. Lanes take turns, whatever waits in each of them; who
had no turn for longest is next, if the gates before it let anything through. Within a lane comes first what has less
than an hour to live, then what has just arrived, the newest first, and what is older, by deadline, four to one. What
was decided before is a value that is handed back in; nothing here knows how much waits. Used by the ledger's queue and
by ``flow.lanes``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

NEAR_S = 3_600.0  # what has less to live than this comes before everything else of its lane
LIVE_S = 600.0  # what arrived within this is live; what is older is backlog
LIVE_TURNS = 4  # of the live for each one of the backlog
_MINUTE_S = 60.0
_REMEMBERED = 20_000  # lanes whose last turn is remembered; one that is forgotten counts as never served
_NEVER = -1


class Lane(NamedTuple):
    """One number's files of one kind. The names are what a gate's scope may say."""

    workspace_id: int
    number_id: int
    kind: str
    workspace: str = ""
    app: str = ""
    credential: str = ""
    number: str = ""


class Ready(NamedTuple):
    """An item that may be claimed."""

    id: int
    deadline: float  # epoch seconds


class Turns(msgspec.Struct, frozen=True):
    """What one fetcher remembers from claim to claim."""

    given: int = 0  # turns so far
    last: Mapping[Lane, int] = {}  # the number of each lane's latest turn
    mixed: Mapping[Lane, int] = {}  # how many items of each lane came in the order of live and backlog


class Ways(NamedTuple):
    """What the gates leave open of some lanes."""

    lanes: Sequence[Lane]  # those from which something may be taken now, in the order in which they were given
    narrow: Mapping[Lane, Sequence[int]] = {}  # the gates before one of them that let only so many through, by id
    left: Mapping[int, int] = {}  # how many each of these lets through now
    again_at: float | None = None  # when a gate that has let through what it could lets the next one through


class Limits(msgspec.Struct, frozen=True):
    """What is under way already, how much of it one workspace may have, and how much gates let through."""

    most: int | None = None  # of one workspace; None = as much as there is room for
    under_way: Mapping[int, int] = {}  # by workspace
    narrow: Mapping[Lane, Sequence[int]] = {}  # as in ``Ways``
    left: Mapping[int, int] = {}

    def room(self, workspace_id: int) -> float:
        """How many more items of a workspace may be begun."""
        return float("inf") if self.most is None else max(0, self.most - self.under_way.get(workspace_id, 0))

    def with_more(self, begun: Mapping[Lane, int]) -> "Limits":
        """The same after items were begun."""
        under_way, left = dict(self.under_way), dict(self.left)
        for lane, items in begun.items():
            under_way[lane.workspace_id] = under_way.get(lane.workspace_id, 0) + items
            for gate in self.narrow.get(lane, ()):
                left[gate] -= items
        return Limits(self.most, under_way, self.narrow, left)


def most_of_one(concurrency: int, *, workspaces: int) -> int | None:
    """How many of a fetcher's downloads one workspace may have at once; None = all of them.

    A quarter is kept free where several are served, so that somebody's first file never waits for another one's
    hundred large ones.
    """
    return max(1, concurrency * 3 // 4) if workspaces > 1 else None


def share(lanes: Iterable[Lane], *, free: int, turns: Turns, limits: Limits) -> dict[Lane, int]:
    """How many items each lane may give now, in the order of their turns; lanes that get none are left out.

    Everything that is free is given out unless every workspace is at its limit, or gates let no more through.
    """
    waiting = sorted(lanes, key=lambda lane: turns.last.get(lane, _NEVER))
    quotas: dict[Lane, int] = {}
    room: dict[int, float] = {}
    passing = dict(limits.left)
    while free and waiting:
        again = []
        for lane in waiting:
            if not free:
                break
            left = room.get(lane.workspace_id)
            if left is None:
                left = limits.room(lane.workspace_id)
            gates = limits.narrow.get(lane, ())
            if left < 1 or any(passing[gate] < 1 for gate in gates):
                continue
            room[lane.workspace_id] = left - 1
            for gate in gates:
                passing[gate] -= 1
            quotas[lane] = quotas.get(lane, 0) + 1
            free -= 1
            again.append(lane)
        waiting = again
    return quotas


def after(turns: Turns, served: Mapping[Lane, int]) -> Turns:
    """What is remembered once these lanes had their turn, each with how many items came in the order of ``mix``."""
    last, mixed, given = dict(turns.last), dict(turns.mixed), turns.given
    for lane, items in served.items():
        given += 1
        last[lane] = given
        if items:
            mixed[lane] = (mixed.get(lane, 0) + items) % (LIVE_TURNS + 1)
    if len(last) > _REMEMBERED:
        kept = sorted(last, key=last.__getitem__)[_REMEMBERED // 2 :]
        last = {lane: last[lane] for lane in kept}
        mixed = {lane: mixed[lane] for lane in kept if lane in mixed}
    return Turns(given, last, mixed)


def mix(
    earliest: Sequence[Ready], live: Sequence[Ready], *, quota: int, turn: int, now: float
) -> tuple[list[int], int]:
    """Which items of a lane are taken, and how many of them in the order of live and backlog.

    ``earliest`` are the lane's first ones by deadline, whenever they came, ``live`` its newest; ``turn`` counts what
    this lane has given in that order before. When there is none of the one, the other has its turn.
    """
    picked = [item.id for item in earliest if item.deadline < now + NEAR_S][:quota]
    near, seen = len(picked), set(picked)
    sources = (iter(live), iter(earliest))
    while len(picked) < quota:
        backlog_first = (turn + len(picked) - near) % (LIVE_TURNS + 1) == LIVE_TURNS
        found = _next(sources[backlog_first], seen) or _next(sources[not backlog_first], seen)
        if found is None:
            break
        picked.append(found.id)
        seen.add(found.id)
    return picked, len(picked) - near


def live_minute(now: float) -> int:
    """The minute since when what arrived is live. Arrivals are kept to the minute, so that one range holds them."""
    return int((now - LIVE_S) // _MINUTE_S)


def _next(items: Iterable[Ready], seen: Collection[int]) -> Ready | None:
    for item in items:
        if item.id not in seen:
            return item
    return None
