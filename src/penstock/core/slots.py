"""Slots: how the opening of a gate is shared out over the live fetchers, without a word between them.

An opening of so many items a second gives out as many numbered slots a second. Each lets one item through and belongs
to one fetcher, by its number and the database's clock alone; so what all fetchers let through adds up to the opening.
Of a small opening one fetcher has every slot for a while, then the next one: whoever needs a slot of two gates finds
both in one place. Only the time is counted here; who may pass which gate is ``core.gate``'s. Used by
``controls.gates``.
"""

import math
from typing import NamedTuple

import msgspec

TURN_S = 20.0  # so long the same fetchers have the slots of a small opening
BURST_S = 1.0  # what comes in so long may be kept, and one slot in any case
GRACE_S = 2.0  # who has slots no longer may use those it has for so long
_SLOTS_OF_A_TURN = 2  # … longer, where a turn would bring fewer than these
_MOST = 1e6  # an opening beyond that is as good as none


class Place(NamedTuple):
    """Which of the live fetchers this one is."""

    number: int = 0
    of: int = 1


ALONE = Place()
NOWHERE = Place(0, 0)  # not among them: others share out what would be its part


class Flow(msgspec.Struct, frozen=True):
    """What one gate lets through at one fetcher. Times are epoch seconds."""

    opening: float  # items per second of the whole installation, more than 0
    at: float  # slots were given out until then
    phase: float  # how many have begun, by a count that goes on when the opening changes
    hand: int = 0  # slots of this fetcher that are not used yet


def begin(opening: float, now: float) -> Flow:
    """The flow of a gate that is seen for the first time; every fetcher that sees it counts from the same number."""
    opening = min(opening, _MOST)
    return Flow(opening, now, opening * now)


def until(flow: Flow, now: float, place: Place) -> Flow:
    """The same flow at a later time."""
    if now <= flow.at:
        return flow
    turn_s = _turn_s(flow.opening)
    turn = math.floor(now / turn_s)
    # Slots change hands at the end of a turn. Those of turns that passed unseen are gone, but for the last one's.
    for each in (turn - 1, turn):
        if flow.at < each * turn_s:
            flow = _skipped(flow, each * turn_s)
        flow = _within(flow, min(now, (each + 1) * turn_s), each, place)
    return flow


def changed(flow: Flow, opening: float, place: Place) -> Flow:
    """The same flow with another opening: the count goes on, so that no change gives a slot away or takes one."""
    opening = min(opening, _MOST)
    return msgspec.structs.replace(flow, opening=opening, hand=min(flow.hand, _most(opening, place)))


def used(flow: Flow, items: int = 1) -> Flow:
    """After items have passed. More than there were slots in hand are made up for by those that come."""
    return msgspec.structs.replace(flow, hand=flow.hand - items)


def given_back(flow: Flow, place: Place) -> Flow:
    """After an item that was to pass did not."""
    return msgspec.structs.replace(flow, hand=min(flow.hand + 1, _most(flow.opening, place)))


def next_at(flow: Flow, place: Place) -> float:
    """When this fetcher gets its next slot, or when the turn ends in which it gets none."""
    turn_s = _turn_s(flow.opening)
    turn = math.floor(flow.at / turn_s)
    sharers, seat = _seat(flow.opening, turn, place)
    end = (turn + 1) * turn_s
    if seat is None:
        return end
    begun = math.floor(flow.phase)
    slot = begun + 1 + (seat - begun - 1) % sharers
    return min(end, flow.at + (slot - flow.phase) / flow.opening)


def _skipped(flow: Flow, now: float) -> Flow:
    return msgspec.structs.replace(flow, at=now, phase=flow.phase + flow.opening * (now - flow.at))


def _within(flow: Flow, now: float, turn: int, place: Place) -> Flow:
    """Give out the slots of a time that is all in one turn; nothing happens when that is over already."""
    if now <= flow.at:
        return flow
    phase = flow.phase + flow.opening * (now - flow.at)
    sharers, seat = _seat(flow.opening, turn, place)
    hand = flow.hand if now < turn * _turn_s(flow.opening) + GRACE_S else min(flow.hand, 0)
    if seat is not None:
        mine = (math.floor(phase) - seat) // sharers - (math.floor(flow.phase) - seat) // sharers
        hand = min(flow.hand + mine, _most(flow.opening, place))
    return Flow(flow.opening, now, phase, hand)


def _seat(opening: float, turn: int, place: Place) -> tuple[int, int | None]:
    """Among how many fetchers the slots go round in a turn, and the seat of this one; None when it has none.

    Not more than there are slots in a second: what each of many fetchers may keep would add up.
    """
    sharers = min(place.of, max(1, math.floor(opening)))
    if not sharers:
        return 1, None
    seat = (place.number - turn) % place.of
    return sharers, seat if seat < sharers else None


def _most(opening: float, place: Place) -> int:
    """How many slots may be kept."""
    sharers = min(place.of, max(1, math.floor(opening))) or 1
    return max(1, math.ceil(opening / sharers * BURST_S))


def _turn_s(opening: float) -> float:
    """The length of a turn: the same for all but the smallest openings, and of those a multiple."""
    wanted_s = _SLOTS_OF_A_TURN / opening
    return TURN_S * 2.0 ** max(0, math.ceil(math.log2(wanted_s / TURN_S)))
