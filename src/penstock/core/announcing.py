"""What is told to an alert target, and when: the next thing to tell of the events that it has not been told of yet.

A target hears of an incident as ``opened``, then ``updated`` any number of times, then ``closed``, in the order of the
events. What happened while it was away is told sensibly: the opening always, of the changes the latest one, and the
closing. A suspicion is nobody's alarm, and an incident that a target never heard of is not closed there. It sends
nothing and words nothing (``core.alert`` does). Pure: the time and the jitter are arguments. Called by
``controls.watch.delivering``.
"""

from collections.abc import Mapping, Sequence

import msgspec

from penstock.core.incident import ANNOUNCED, Event, Kind

OPENED, UPDATED, CLOSED = "opened", "updated", "closed"
GIVE_UP = 5  # refusals after which an alert that the target calls malformed is passed over
_FIRST_S, _LONGEST_S = 2.0, 300.0
_RARELY_S = 1_800.0  # at least, between two tries at what will not be taken until somebody mends it
_LONGEST_ASKED_S = 3_600.0


class Telling(msgspec.Struct, frozen=True):
    """One thing to tell."""

    word: str  # opened, updated or closed
    event: Event
    heard: frozenset[int]  # the incidents that the target knows as open, once it has been told


class Plan(msgspec.Struct, frozen=True):
    """What is next for a target; without a telling, everything up to ``passed`` needs none."""

    telling: Telling | None
    passed: int  # an event's number


def plan(events: Sequence[Event], heard: frozenset[int], states: Mapping[int, str], *, position: int = 0) -> Plan:
    """The next thing to tell of ``events``, which are those behind ``position``, in order.

    ``heard`` are the incidents that the target knows as open; ``states`` are the states of all that the events are of.
    """
    passed = position
    for nth, event in enumerate(events):
        word = _word(event, events[nth + 1 :], heard, states.get(event.incident_id, "closed"))
        if word is not None:
            id_ = event.incident_id
            return Plan(Telling(word, event, heard - {id_} if word == CLOSED else heard | {id_}), passed)
        passed = event.id
    return Plan(None, passed)


def wait_s(attempts: int, *, jitter: float, lasting: bool = False, asked_s: float | None = None) -> float:
    """How long to wait after so many attempts that failed: longer each time, all of it random between 0 and 1.

    ``lasting`` is what somebody has to mend; ``asked_s`` is what the target asked for.
    """
    if lasting:
        wait = _RARELY_S * (1.0 + jitter)
    else:
        wait = jitter * min(_LONGEST_S, _FIRST_S * 2.0 ** min(max(attempts, 1), 30))
    return max(wait, min(asked_s or 0.0, _LONGEST_ASKED_S))


def _word(event: Event, later: Sequence[Event], heard: frozenset[int], state: str) -> str | None:
    """How an event is told, if it is."""
    word = ANNOUNCED.get(Kind(event.kind)) if event.kind in _KINDS else None
    known = event.incident_id in heard
    behind = [each.kind for each in later if each.incident_id == event.incident_id]
    if word is None:
        return None
    if word == OPENED:
        return UPDATED if known else OPENED
    if word == CLOSED:
        return CLOSED if known else None
    if known:
        return None if _superseded(event, behind) else UPDATED
    # It was open before this target was named, which is told of it at the first change.
    return OPENED if state == "open" and Kind.ALARM not in behind else None


_KINDS = frozenset(Kind)


def _superseded(event: Event, behind: Sequence[str]) -> bool:
    """Whether what came later makes an update superfluous.

    That somebody looks after it is told for itself: targets that keep incidents take nothing else from that alert.
    """
    if Kind.CLOSED in behind:
        return True
    if event.kind == Kind.ACKNOWLEDGED:
        return False
    return any(kind in _UPDATES for kind in behind)


_UPDATES = frozenset(kind for kind, word in ANNOUNCED.items() if word == UPDATED) - {Kind.ACKNOWLEDGED}
