"""A clock that can run faster than the wall's, and jump: the time by which urls and media ids die and retries come due.

It is not the event loop's clock: time-outs and latencies on the wire stay in real seconds, because the client under
test counts those itself. Owned by the Platform; read by everything in this annexe that speaks of a lifetime.
"""

import asyncio
import time


class SimClock:
    """Unix seconds that pass ``speed`` times as fast as real ones, beginning at ``start`` (now, when not given)."""

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        if not speed > 0:
            raise ValueError("speed must be above 0")
        self._speed = speed
        self._anchor_real_s = time.monotonic()
        self._anchor_sim_s = time.time() if start is None else start
        self._sleepers: set[asyncio.Future[None]] = set()
        self.started_at = self._anchor_sim_s

    @property
    def speed(self) -> float:
        """Simulated seconds that pass in one real second."""
        return self._speed

    def now(self) -> float:
        """Unix seconds of simulated time."""
        return self._anchor_sim_s + (time.monotonic() - self._anchor_real_s) * self._speed

    def since_start_s(self) -> float:
        """Simulated seconds since this clock was made: what ``from_s`` and ``until_s`` of a fault are compared with."""
        return self.now() - self.started_at

    def advance(self, seconds: float) -> None:
        """Jump ahead by so many simulated seconds; whoever sleeps wakes when its moment has come. Never backwards."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._anchor_sim_s += seconds
        self._wake()

    def set_speed(self, speed: float) -> None:
        """Go on from this moment with another speed."""
        if not speed > 0:
            raise ValueError("speed must be above 0")
        self._anchor_sim_s, self._anchor_real_s = self.now(), time.monotonic()
        self._speed = speed
        self._wake()

    async def sleep_until(self, moment: float) -> None:
        """Return once ``now()`` has reached ``moment``, also when the clock jumped there."""
        loop = asyncio.get_running_loop()
        while (left_s := moment - self.now()) > 0:
            sleeper: asyncio.Future[None] = loop.create_future()
            self._sleepers.add(sleeper)
            timer = loop.call_later(left_s / self._speed, _ring, sleeper)
            try:
                await sleeper
            finally:
                timer.cancel()
                self._sleepers.discard(sleeper)

    def _wake(self) -> None:
        for sleeper in tuple(self._sleepers):
            _ring(sleeper)


def _ring(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
