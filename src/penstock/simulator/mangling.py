"""Batches and reorders: which updates leave together in one body, and which body lets others go first.

Pure and seeded; no clock. The sender feeds it updates of one callback, and flushes it when nothing came for a moment.
"""

from dataclasses import dataclass
from random import Random

from .draft import Update
from .scenario import Webhooks

_LETS_PASS_UP_TO = 5

Group = list[Update]


@dataclass(slots=True)
class _Held:
    group: Group
    lets_pass: int


class Mangler:
    """Holds what is to leave later. Nothing stays: ``flush`` gives out everything."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._batch: Group = []
        self._batch_size = 0
        self._held: list[_Held] = []

    @property
    def holds(self) -> bool:
        """Whether something waits here."""
        return bool(self._batch or self._held)

    def take(self, update: Update, rules: Webhooks) -> list[Group]:
        """The groups that leave now that this update has come, in their order."""
        if self._batch:
            self._batch.append(update)
            if len(self._batch) < self._batch_size:
                return []
            group, self._batch = self._batch, []
            return self._pass(group, rules)
        if rules.batch_rate and rules.batch_max > 1 and self._random.random() < rules.batch_rate:
            self._batch, self._batch_size = [update], self._random.randint(2, rules.batch_max)
            return []
        return self._pass([update], rules)

    def flush(self) -> list[Group]:
        """Everything that was held."""
        groups = [self._batch] if self._batch else []
        groups += [held.group for held in self._held]
        self._batch, self._held = [], []
        return groups

    def _pass(self, group: Group, rules: Webhooks) -> list[Group]:
        if rules.reorder_rate and self._random.random() < rules.reorder_rate:
            self._held.append(_Held(group, self._random.randint(1, _LETS_PASS_UP_TO)))
            return []
        leaving = [group]
        for held in self._held:
            held.lets_pass -= 1
            if not held.lets_pass:
                leaving.append(held.group)
        self._held = [held for held in self._held if held.lets_pass]
        return leaving
