"""The window of a process under test begins and ends at exact counts."""

import asyncio

from penstock.bench.clocks import Clocks


async def test_the_warm_up_is_not_in_the_window() -> None:
    clocks = Clocks()
    window = asyncio.ensure_future(clocks.window(warm_up=2, items=3))
    for _ in range(4):
        clocks.one_more()
    await asyncio.sleep(0)
    assert not window.done()
    clocks.one_more()
    taken = await window
    assert taken["operations"] == 3
    assert taken["wall_s"] >= 0 and taken["cpu_s"] >= 0


async def test_a_second_window_counts_from_its_own_beginning() -> None:
    clocks = Clocks()
    for _ in range(5):
        clocks.one_more()
    window = asyncio.ensure_future(clocks.window(warm_up=0, items=1))
    clocks.one_more()
    assert (await window)["operations"] == 1


def test_what_has_ended_so_far_is_told_at_any_time() -> None:
    clocks = Clocks()
    assert clocks.so_far()["operations"] == 0
    clocks.one_more()
    assert clocks.so_far()["operations"] == 1
    assert clocks.so_far()["cpu_s"] > 0
