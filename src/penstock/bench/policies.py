"""What stands between a queue and a fleet in trouble, to be compared: our breaker, no gate, two classic breakers.

Ours are the machines that an instance runs, given another clock; the classic ones are what their libraries do. Each
says how many attempts may be made in the next second, and is told how they ended. Driven by ``bench.virtual``.
"""

from collections import deque
from collections.abc import Mapping
from typing import Protocol

from penstock.core import slots
from penstock.core.breaker import Breaker, Intent, Tried
from penstock.core.operation import LOOK_UP
from penstock.core.slots import ALONE, Flow

OPEN_S = 60.0  # a classic breaker's own time, before it tries again
_HALF_OPEN = 10  # attempts by which it decides, three at a time
_HALF_OPEN_AT_ONCE = 3
_IN_A_ROW = 5
_RATE_OF = 100
_RATE_FROM = 20


class Policy(Protocol):
    """How attempts are let through. Its fields are read at the end of each second."""

    fresh_retries: bool  # a retry has a connection of its own
    opens: int  # how often it was tripped
    shut: bool  # whether nothing but probes passes now

    def free(self, now: float) -> int | None:
        """How many attempts may be made in the second that begins; None = as many as there is room for."""

    def probing(self) -> bool:
        """Whether what passes now needs a connection of its own."""

    def tried(self, tried: Tried) -> bool:
        """Told of an attempt; False when no more may be made in this second."""


class NoGate:
    """Retries on fresh connections, and nothing else."""

    fresh_retries = True
    opens = 0
    shut = False

    def free(self, now: float) -> None:
        """As many as there is room for."""
        del now

    def probing(self) -> bool:
        """There is no gate."""
        return False

    def tried(self, tried: Tried) -> bool:
        """It takes no notice."""
        del tried
        return True


class Ours:
    """The breaker with its watch: what was tried is seen a second later, and the gate works then."""

    fresh_retries = True

    def __init__(self) -> None:
        self.opens = 0
        self.shut = False
        self._breaker = Breaker(LOOK_UP.name)
        self._unseen: list[Tried] = []
        self._intent: Intent | None = None
        self._flow: Flow | None = None

    def free(self, now: float) -> int | None:
        """A look of the watch; then what the gate lets through, counted as the fetcher's keeper counts it."""
        for each in self._unseen:
            self._breaker.saw(each)
        self._unseen.clear()
        self._intent = self._breaker.tick(now)
        was_shut, self.shut = self.shut, self.probing()
        self.opens += self.shut and not was_shut
        if self._intent is None:
            self._flow = None
            return None
        opening = self._intent.opening
        flow = slots.begin(opening, now) if self._flow is None else slots.until(self._flow, now, ALONE)
        self._flow = slots.changed(flow, opening, ALONE)
        return self._flow.hand

    def probing(self) -> bool:
        """Whether the opening is a probe's."""
        return self._intent is not None and self._intent.opening < 1.0

    def tried(self, tried: Tried) -> bool:
        """Kept for the next look."""
        self._unseen.append(tried)
        if self._flow is not None:
            self._flow = slots.used(self._flow)
        return True


class Classic:
    """A breaker on calls: open for a minute, then a few attempts, closed when fewer than half of them fail.

    Its retries go over the pooled connections, as its libraries' do.
    """

    fresh_retries = False

    def __init__(self) -> None:
        self.opens = 0
        self.shut = False
        self._opened_at = float("-inf")
        self._half_open: list[bool] | None = None

    def free(self, now: float) -> int | None:
        """None while it is open; three at a time while it is half open."""
        if self.shut and now - self._opened_at >= OPEN_S:
            self.shut, self._half_open = False, []
        if self.shut:
            return 0
        return None if self._half_open is None else _HALF_OPEN_AT_ONCE

    def probing(self) -> bool:
        """It knows of no connections."""
        return False

    def tried(self, tried: Tried) -> bool:
        """Count it, and open or close."""
        passed = bool(tried.passed)
        if self._half_open is None:
            if not self.trips(passed):
                return True
            self._open(tried.ended_at)
            return False
        self._half_open.append(passed)
        if len(self._half_open) < _HALF_OPEN:
            return True
        if 2 * self._half_open.count(False) >= _HALF_OPEN:
            self._open(tried.ended_at, again=True)
        self._half_open = None
        return False

    def trips(self, passed: bool) -> bool:  # noqa: FBT001 -- the only thing it is told
        """Whether this call opens it."""
        raise AssertionError(passed)  # each kind has its own

    def _open(self, now: float, *, again: bool = False) -> None:
        self.shut, self._opened_at = True, now
        self.opens += not again


class InARow(Classic):
    """Five failures in a row open it, as pybreaker does."""

    def __init__(self) -> None:
        super().__init__()
        self._failed = 0

    def trips(self, passed: bool) -> bool:  # noqa: FBT001
        """Whether it is the fifth."""
        self._failed = 0 if passed else self._failed + 1
        if self._failed < _IN_A_ROW:
            return False
        self._failed = 0
        return True


class Rate(Classic):
    """Half of the last hundred calls failed, as resilience4j counts."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: deque[bool] = deque(maxlen=_RATE_OF)

    def trips(self, passed: bool) -> bool:  # noqa: FBT001
        """Whether half of them failed, of twenty at least."""
        self._calls.append(passed)
        if len(self._calls) < _RATE_FROM or 2 * self._calls.count(False) < len(self._calls):
            return False
        self._calls.clear()
        return True


POLICIES: Mapping[str, type[Policy]] = {"ours": Ours, "no gate": NoGate, "50 % of 100": Rate, "5 in a row": InARow}
