"""What comes together is dealt with together, and one that fails takes nobody with it."""

import asyncio

import pytest

from penstock.core.errors import StoreUnavailable
from penstock.ledger import gathering
from penstock.ledger.gathering import Gathering


class Counter:
    """Deals with numbers by doubling them; keeps what it was given."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def deal(self, group: list[int]) -> list[int]:
        self.groups.append(group)
        await self.gate.wait()
        if 13 in group:
            raise ValueError("an unlucky one")
        if 503 in group:
            raise StoreUnavailable("not now")
        return [2 * number for number in group]


async def test_what_comes_in_one_turn_is_one_group() -> None:
    counter = Counter()
    gather = Gathering(counter.deal)
    results = await asyncio.gather(*(gather.bring(number) for number in range(12)))

    assert results == [2 * number for number in range(12)]
    assert len(counter.groups) == 1


async def test_what_comes_while_a_group_is_dealt_with_is_the_next_group() -> None:
    counter = Counter()
    counter.gate.clear()
    gather = Gathering(counter.deal)
    first = gather.bring(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [gather.bring(number) for number in (2, 3)]
    counter.gate.set()

    assert await asyncio.gather(first, *others) == [2, 4, 6]
    assert counter.groups == [[1], [2, 3]]


async def test_a_member_that_fails_is_the_only_one_that_does() -> None:
    counter = Counter()
    gather = Gathering(counter.deal)
    results = await asyncio.gather(*(gather.bring(number) for number in (1, 13, 2)), return_exceptions=True)

    assert (results[0], results[2]) == (2, 4)
    assert isinstance(results[1], ValueError)
    assert await gather.bring(5) == 10


async def test_a_store_that_is_unavailable_is_told_to_all_by_an_error_of_their_own() -> None:
    counter = Counter()
    gather = Gathering(counter.deal)
    results = await asyncio.gather(*(gather.bring(number) for number in (1, 503, 2)), return_exceptions=True)

    assert all(isinstance(result, StoreUnavailable) for result in results)
    assert len({id(result) for result in results}) == 3
    assert len(counter.groups) == 1  # nobody is tried again: it would be no use


async def test_a_wrong_number_of_answers_leaves_nobody_waiting() -> None:
    async def deal(group: list[int]) -> list[int]:
        return group[1:]

    gather = Gathering(deal)
    async with asyncio.timeout(60):
        results = await asyncio.gather(gather.bring(1), gather.bring(2), return_exceptions=True)
    assert all(isinstance(result, ValueError) for result in results)


async def test_a_group_is_not_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_MOST", 3)
    counter = Counter()
    gather = Gathering(counter.deal)
    await asyncio.gather(*(gather.bring(number) for number in range(8)))

    assert [len(group) for group in counter.groups] == [3, 3, 2]


async def test_a_group_is_not_too_heavy_unless_one_member_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_HEAVIEST", 10)
    counter = Counter()
    gather = Gathering(counter.deal, weigh=lambda number: number)
    results = await asyncio.gather(*(gather.bring(number) for number in (4, 5, 6, 99, 1, 2, 3, 4)))

    assert results == [8, 10, 12, 198, 2, 4, 6, 8]
    assert counter.groups == [[4, 5], [6], [99], [1, 2, 3, 4]]


async def test_who_stopped_waiting_troubles_nobody() -> None:
    counter = Counter()
    counter.gate.clear()
    gather = Gathering(counter.deal)
    first, second = gather.bring(1), gather.bring(2)
    await asyncio.sleep(0)
    first.cancel()
    counter.gate.set()

    assert await second == 4


async def test_when_the_loop_ends_nobody_is_left_waiting() -> None:
    counter = Counter()
    counter.gate.clear()
    gather = Gathering(counter.deal)
    first = gather.bring(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = gather.bring(2)
    assert gather._task is not None
    gather._task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert first.cancelled()
    assert second.cancelled()
    counter.gate.set()
    assert await gather.bring(3) == 6


async def test_groups_are_kept_apart_and_who_comes_first_does_not_wait() -> None:
    counter = Counter()
    gather = Gathering(counter.deal, every_s=3_600.0)
    assert await gather.bring(1) == 2
    waiting = gather.bring(2)
    await asyncio.sleep(0.05)
    assert counter.groups == [[1]] and not waiting.done()
    gather._task.cancel()  # type: ignore[union-attr]


async def test_a_whole_group_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_MOST", 3)
    counter = Counter()
    gather = Gathering(counter.deal, every_s=3_600.0)
    assert await asyncio.gather(*(gather.bring(number) for number in range(6))) == [0, 2, 4, 6, 8, 10]
    assert counter.groups == [[0, 1, 2], [3, 4, 5]]
