"""A rollout as a value, and which recipe an item gets while it is under way.

The recipe that is tried reaches the test workspaces first, then a share of the buckets that only ever grows; everybody
else stays with the recipe before it. When a stage may be left is decided elsewhere. Pure. Used by ``ledger.rollouts``
and ``controls.rollouts``.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.core import buckets
from penstock.core.recipe import STANDARD, Recipe

TEST, WHOLE, DONE, ROLLED_BACK, PAUSED = "test", "100", "done", "rolled-back", "paused"
SHARES: Mapping[str, float] = {TEST: 0.0, "1": 0.01, "5": 0.05, "25": 0.25, WHOLE: 1.0}  # the stages, in their order
STAGES = tuple(SHARES)
ENDED = frozenset({DONE, ROLLED_BACK})


class Progress(msgspec.Struct, frozen=True):
    """What whoever judges a rollout has counted so far. ``tally`` is its own, and is what JSON can hold."""

    outcomes: int = 0  # of attempts with the recipe that is tried
    failures: int = 0
    evidence: float = 0.0  # that it does harm: the natural logarithm of the e-value
    tally: Mapping[str, Any] = {}
    last_attempt: int = 0  # the id of the last attempt that was counted


class Rollout(msgspec.Struct, frozen=True):
    """A recipe on its way to everybody. Times are epoch seconds."""

    id: int
    revision: int  # rises with every change but counting
    recipe: str  # by its label
    previous: str
    salt: str
    unit: str  # what is put into buckets: workspace or conversation
    test_workspaces: tuple[str, ...]
    stage: str  # one of STAGES, or of ENDED
    share: float  # of the buckets, 0 to 1
    paused: bool  # it reaches nobody new until it is resumed
    reason: str  # of the last change
    by: str  # who started it
    why: str
    started_at: float
    since: float  # when it was changed last
    ended_at: float | None
    progress: Progress = Progress()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.stage not in ENDED

    @property
    def shown_stage(self) -> str:
        """Its stage as people and programs read it."""
        return PAUSED if self.paused and self.running else self.stage


class View(msgspec.Struct, frozen=True):
    """Which recipes are in use at a moment."""

    default: Recipe = STANDARD
    rollout: Rollout | None = None  # the one that has not ended
    canary: Recipe | None = None  # what it tries


def reached(rollout: Rollout, *, workspace: str, conversation: int | None, item: int) -> bool:
    """Whether a rollout has reached an item. One whose message never came is a conversation of its own."""
    if not rollout.running:
        return False
    if rollout.share >= 1.0 or workspace in rollout.test_workspaces:
        return True
    if not rollout.share:
        return False
    if rollout.unit == buckets.WORKSPACE:
        key = f"workspace {workspace}"
    elif conversation is None:
        key = f"item {item}"
    else:
        key = f"conversation {conversation}"
    return buckets.inside(buckets.bucket(rollout.salt, key), rollout.share)


def later(stage: str) -> tuple[str, ...]:
    """The stages behind one, nearest first."""
    return STAGES[STAGES.index(stage) + 1 :] if stage in STAGES else ()
