"""The throttle: how many files a second go to what upstream asked to slow down, by additive increase and halving.

Upstream names an app or a number by its code; the opening of that scope is halved at the first request to slow down, at
most once in two seconds, and shut for as long as upstream asked. Each second without another one adds a little, until
the gate is wide enough to be none. A limit that is nearly used up stops the increase before anything is refused. No
clock: what was tried and what time it is are arguments. Run by ``controls.gates.throttle``.
"""

from collections import Counter, deque

import msgspec

from penstock.core.seen import Seen
from penstock.core.work import Outcome

APP_CODES = frozenset({4, 17, 32, 341})  # Graph codes about the app; the others are about the number's account
HALF = 0.5
HALVE_EVERY_S = 2.0  # requests to slow down of one moment are one
LEAST = 0.1  # items per second
STEP_SHARE = 0.05  # of the opening at which it was asked to slow down, added each second
LEAST_STEP = 0.1
WIDE_TIMES = 4.0  # wider than so many times the rate at which it was asked: no gate
LEAST_WIDE = 20.0
NEARLY_FULL = 90.0  # per cent of a limit
LONGEST_S = 3_600.0  # nobody is believed who asks for more
_RATE_OVER_S = 10.0
_STEP_S = 0.9

Scope = tuple[str, str]  # ("app" or "number", name)


class Standing(msgspec.Struct, frozen=True):
    """The gate that should stand in front of a scope."""

    opening: float  # items per second; 0 = shut until upstream's time is over
    why: str


class _Valve:
    """One scope that was asked to slow down."""

    def __init__(self, opening: float, now: float) -> None:
        self.opening = opening
        self.rate = opening  # at which it was asked
        self.shut_until = float("-inf")
        self.halved_at = float("-inf")
        self.stepped_at = now
        self.full_until = float("-inf")


class Throttle:
    """Every scope that was asked to slow down, and how much the others did in the last seconds."""

    def __init__(self) -> None:
        self._valves: dict[Scope, _Valve] = {}
        self._seconds: deque[tuple[int, Counter[Scope]]] = deque()  # attempts of the last ones

    def resume(self, scope: Scope, standing: Standing, now: float) -> None:
        """Go on from a gate that stands: an earlier leader of the watch set it."""
        self._valves[scope] = _Valve(max(LEAST, standing.opening), now)

    def saw(self, seen: Seen) -> None:
        """Something was tried."""
        scopes = (("app", seen.app), ("number", seen.number))
        second = int(seen.at)
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append((second, Counter()))
            while self._seconds[0][0] < second - _RATE_OVER_S:
                self._seconds.popleft()
        counted = self._seconds[-1][1]
        for scope in scopes:
            counted[scope] += 1
        if seen.outcome is Outcome.THROTTLE:
            self._asked(scopes[0] if seen.graph_code in APP_CODES else scopes[1], seen)
        elif seen.usage_percent is not None and seen.usage_percent >= NEARLY_FULL:
            for scope in scopes:
                if (valve := self._valves.get(scope)) is not None:
                    valve.full_until = seen.at + _RATE_OVER_S

    def tick(self, now: float) -> dict[Scope, Standing]:
        """The gates that should stand at ``now``. To be asked about once a second."""
        standing = {}
        for scope, valve in list(self._valves.items()):
            if self._step(valve, now):
                del self._valves[scope]
            else:
                standing[scope] = self._standing(valve, now)
        return standing

    def _asked(self, scope: Scope, seen: Seen) -> None:
        """Upstream asked this scope to slow down."""
        at = seen.at + seen.duration_s
        valve = self._valves.get(scope)
        if valve is None:
            rate = max(LEAST, sum(counted[scope] for _, counted in self._seconds) / _RATE_OVER_S)
            valve = self._valves[scope] = _Valve(rate, at)
        if at - valve.halved_at >= HALVE_EVERY_S:
            valve.rate = max(LEAST, valve.opening)
            valve.opening = max(LEAST, valve.opening * HALF)
            valve.halved_at = valve.stepped_at = at
        if seen.after_s is not None:
            valve.shut_until = max(valve.shut_until, at + min(seen.after_s, LONGEST_S))

    def _step(self, valve: _Valve, now: float) -> bool:
        """Widen the opening by a second's step; whether it is wide enough to be none."""
        if now < max(valve.shut_until, valve.full_until):
            valve.stepped_at = now
            return False
        seconds = now - max(valve.stepped_at, valve.shut_until, valve.full_until)
        if seconds >= _STEP_S:
            valve.opening += seconds * max(LEAST_STEP, STEP_SHARE * valve.rate)
            valve.stepped_at = now
        return valve.opening >= max(LEAST_WIDE, WIDE_TIMES * valve.rate)

    def _standing(self, valve: _Valve, now: float) -> Standing:
        if now < valve.shut_until:
            return Standing(0.0, "WhatsApp asked us to wait. It goes on by itself.")
        return Standing(round(valve.opening, 2), "WhatsApp asked us to slow down. It grows by itself.")
