"""Gathers what many callers bring at about the same time, so that it is dealt with together.

What comes during one turn of the event loop, or while the group before is being dealt with, is one group. Where a group
is dear, they may be kept apart by a little time; whoever comes when there was none lately waits for nobody. When a
group fails, each of its members is tried by itself, so that one that cannot be stored takes nobody with it. Used by the
journal and the queue; knows nothing of either.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from penstock.core.errors import PenstockError

One = TypeVar("One")
Done = TypeVar("Done")

_Brought = tuple[One, "asyncio.Future[Done]"]

_MOST = 250  # members of one group: nobody waits behind an endless one
_HEAVIEST = 4 << 20  # what they may weigh together, unless a single one is heavier


class Gathering(Generic[One, Done]):
    """Hands groups to ``deal``, which answers with one result for each member, in order.

    It is handed one each ``every_s`` at most, unless a whole group is waiting.
    """

    def __init__(
        self,
        deal: Callable[[list[One]], Awaitable[list[Done]]],
        *,
        weigh: Callable[[One], int] = lambda _: 0,
        every_s: float = 0.0,
    ) -> None:
        self._deal = deal
        self._weigh = weigh
        self._every_s = every_s
        self._next_at = 0.0
        self._waiting: list[_Brought[One, Done]] = []
        self._group: list[_Brought[One, Done]] = []
        self._task: asyncio.Task[None] | None = None

    def bring(self, one: One) -> "asyncio.Future[Done]":
        """Bring something; the future is done when it has been dealt with."""
        future: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="gathering")
        return future

    async def _work(self) -> None:
        try:
            while self._waiting:
                if self._every_s:
                    await self._pace()
                size = self._size()
                self._group, self._waiting = self._waiting[:size], self._waiting[size:]
                await self._together(self._group)
        finally:
            self._task = None
            for _, future in (*self._group, *self._waiting):  # some are left only when the loop is ending
                future.cancel()
            self._group, self._waiting = [], []

    async def _pace(self) -> None:
        """Wait until it is time for a group."""
        clock = asyncio.get_running_loop().time
        if (left_s := self._next_at - clock()) > 0 and len(self._waiting) < _MOST:
            await asyncio.sleep(left_s)
        self._next_at = clock() + self._every_s

    def _size(self) -> int:
        """How many of those who wait make up the next group."""
        weight = 0
        for index, (one, _) in enumerate(self._waiting[:_MOST]):
            weight += self._weigh(one)
            if weight > _HEAVIEST:
                return max(1, index)
        return _MOST

    async def _together(self, group: "list[_Brought[One, Done]]") -> None:
        try:
            results = await self._deal([one for one, _ in group])
            answers = list(zip(group, results, strict=True))
        except PenstockError as error:  # it says of all of them that they cannot be dealt with now
            for _, future in group:
                _fail(future, type(error)(*error.args))
        except Exception as error:  # noqa: BLE001 -- whatever it is, those who wait must be told
            if len(group) == 1:
                _fail(group[0][1], error)
                return
            for each in group:
                await self._together([each])
        else:
            for (_, future), result in answers:
                if not future.done():  # somebody still waits
                    future.set_result(result)


def _fail(future: "asyncio.Future[Done]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
