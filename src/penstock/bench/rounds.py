"""Rounds in which two sides are measured alternately: A B, B A, A B, so that neither always has the warmer machine.

Used by the parts that compare.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

Told = Callable[[int, int], None]  # so many windows are done, of so many


async def alternately(
    rounds: int, ours: Callable[[str], Awaitable[T]], floor: Callable[[str], Awaitable[T]], tell: Callable[[], None]
) -> list[tuple[T, T]]:
    """Pairs of (ours, floor), one per round; each side is given a name for its folder. ``tell`` after each window."""
    pairs = []
    for number in range(rounds):
        if number % 2 == 0:
            mine = await ours(f"ours-{number}")
            tell()
            other = await floor(f"floor-{number}")
        else:
            other = await floor(f"floor-{number}")
            tell()
            mine = await ours(f"ours-{number}")
        tell()
        pairs.append((mine, other))
    return pairs


class Steps:
    """Counts windows for whoever watches the run."""

    def __init__(self, total: int, told: Told) -> None:
        self._total = total
        self._done = 0
        self._told = told

    def __call__(self) -> None:
        """One more window is done."""
        self._done += 1
        self._told(self._done, self._total)
