"""What is kept of a rollout between two looks: with what it was started, what its test found, what was counted.

It is the ``tally`` of the rollout's row, written with the id of the last attempt that is in it: whoever leads next goes
on from there and counts nothing twice. A value; judged by ``core.rollout``. Used by this room's ``runner`` and
``operating``, and by whoever shows a rollout.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.core.guard import Guard, Tally
from penstock.core.rollout import FEW, Need, Tested, in_words, needs
from penstock.core.staging import TEST, Progress, Rollout


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What whoever started it wanted otherwise than usual."""

    outcomes: int | None = None  # suffice at every stage
    files: int | None = FEW  # of test workspaces that must come out the same; None: it goes without
    only_test: bool = False  # it stays with the test workspaces until somebody moves it on
    counts_tests: bool = False  # every workspace is a test workspace: what they do is all there is to count


class Kept(msgspec.Struct):
    """The whole of it."""

    asked: Asked = Asked()
    tested: Tested = msgspec.field(default_factory=Tested)
    stage: str = ""  # that the tally is of
    tally: Tally | None = None
    said: str = ""  # the evidence in words, at the last look

    def need(self, stage: str) -> Need:
        """What a stage has to show."""
        return needs(self.asked.outcomes)[stage]

    def progress(self, last_attempt: int) -> Progress:
        """As it is written."""
        tally = self.tally
        return Progress(
            outcomes=self.tested.same + self.tested.failed if tally is None else tally.candidate.outcomes,
            failures=self.tested.failed if tally is None else tally.candidate.failures,
            evidence=0.0 if tally is None else Guard(tally).log_evidence,
            tally=plain(self),
            last_attempt=last_attempt,
        )


def plain(kept: Kept) -> Mapping[str, Any]:
    """As JSON can hold it."""
    told: Mapping[str, Any] = msgspec.to_builtins(kept)
    return told


def kept_of(rollout: Rollout) -> Kept:
    """What is kept of a rollout."""
    return msgspec.convert(dict(rollout.progress.tally), Kept)


def evidence(rollout: Rollout) -> str:
    """What is known of a rollout, in words."""
    kept = kept_of(rollout)
    if kept.said and rollout.running and kept.stage in {"", rollout.stage}:
        return kept.said
    if kept.tally is not None and kept.stage:
        said = in_words(kept.tally, stage=kept.stage)
        return (
            said
            if kept.stage == rollout.stage or not rollout.running
            else f"Nothing is counted at this stage yet. {said}"
        )
    return kept.said or ("The test has not begun." if rollout.stage == TEST else "Nothing was counted yet.")
