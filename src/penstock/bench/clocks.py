"""The clocks of a process under test: wall and CPU time between two counts of finished operations.

Read by the process itself at the very moment of the count, so that neither filling nor winding up is in the figure.
Used by the fetching process and by its floor.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any


class Clocks:
    """Counts operations; notes the time when a count that somebody waits for is reached."""

    def __init__(self) -> None:
        self._count = 0
        self._awaited: dict[int, asyncio.Future[tuple[float, float]]] = {}

    def one_more(self) -> None:
        """An operation has ended."""
        self._count += 1
        awaited = self._awaited.pop(self._count, None)
        if awaited is not None:
            awaited.set_result(_now())

    def window(self, *, warm_up: int, items: int) -> Awaitable[dict[str, Any]]:
        """What the next ``items`` operations after ``warm_up`` others will have taken. Counts from this call on."""
        loop = asyncio.get_running_loop()
        begin = self._awaited[self._count + warm_up] = loop.create_future()
        end = self._awaited[self._count + warm_up + items] = loop.create_future()
        if not warm_up:
            del self._awaited[self._count]
            begin.set_result(_now())

        async def taken() -> dict[str, Any]:
            wall_s, cpu_s = await begin
            wall_end_s, cpu_end_s = await end
            return {"operations": items, "wall_s": wall_end_s - wall_s, "cpu_s": cpu_end_s - cpu_s}

        return taken()

    def so_far(self) -> dict[str, Any]:
        """How many operations have ended, and the CPU time of this process, for whoever watches several of them."""
        return {"operations": self._count, "cpu_s": time.process_time()}


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()
