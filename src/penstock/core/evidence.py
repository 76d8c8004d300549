"""What the watch remembers for a diagnosis: the attempts of now, and a fair sample of those from before.

A sample from before the onset is what makes "the share of POST went from none to all" visible when everything fails
now. Bounded whatever the traffic is. The randomness is an argument. Used by ``controls.watch``.
"""

from collections import deque
from collections.abc import Iterator
from typing import Protocol

from penstock.core import dimensions
from penstock.core.detector import FAMILIES
from penstock.core.diagnosis import Row, Symptom, symptoms
from penstock.core.seen import Seen
from penstock.core.work import Outcome

RECENT = 4_000
BEFORE = 1_000
ROWS = 3_000  # of the incident itself, in one diagnosis


class Chooser(Protocol):
    """Chance, as ``random.Random`` has it."""

    def randrange(self, most: int, /) -> int:
        """Any number below this."""


class Evidence:
    """Attempts at hand. ``rng`` chooses the sample."""

    def __init__(self, rng: Chooser) -> None:
        self._rng = rng
        self._recent: deque[Seen] = deque(maxlen=RECENT)
        self._before: list[Seen] = []
        self._left = 0  # how many the sample was drawn from

    def add(self, seen: Seen) -> None:
        """One more attempt; the oldest of the recent ones becomes a candidate for the sample."""
        if len(self._recent) == RECENT:
            self._sample(self._recent[0])
        self._recent.append(seen)

    def since(self, at: float) -> Iterator[Seen]:
        """The attempts since a moment, as far as they are remembered, in order."""
        return (seen for seen in self._recent if seen.at >= at)

    def rows(self, family: str, onset_at: float) -> list[Row]:
        """The attempts of an incident of this family since its onset, and the sample from before, for a diagnosis."""
        before = [seen for seen in self._recent if seen.at < onset_at][-BEFORE:]
        before += [seen for seen in self._before if seen.at < onset_at][: BEFORE - len(before)]
        return [
            Row(dimensions.causes(seen), failed=fails(seen, family))
            for seen in (*self._during(onset_at), *before)
            if counts(seen, family)
        ]

    def symptoms(self, family: str, onset_at: float) -> list[Symptom]:
        """What the failing attempts of an incident of this family show since its onset, the most telling first."""
        rows = [
            Row(dimensions.symptoms(seen), failed=fails(seen, family))
            for seen in self._during(onset_at)
            if counts(seen, family)
        ]
        return symptoms(rows, dimensions.SYMPTOMS)

    def _during(self, onset_at: float) -> list[Seen]:
        return [seen for seen in self._recent if seen.at >= onset_at][-ROWS:]

    def _sample(self, seen: Seen) -> None:
        self._left += 1
        if len(self._before) < BEFORE:
            self._before.append(seen)
        elif (place := self._rng.randrange(self._left)) < BEFORE:
            self._before[place] = seen


def fails(seen: Seen, family: str) -> bool:
    """Whether an attempt failed in the way that this family is about."""
    if seen.outcome is Outcome.DELIVERED:
        return False
    return FAMILIES.get(seen.outcome, seen.outcome.value) == family


def counts(seen: Seen, family: str) -> bool:
    """Whether an attempt says anything about this family: it failed so, or it succeeded."""
    return fails(seen, family) or seen.outcome is Outcome.DELIVERED
