"""What is kept of a rollout: it comes back as it was, and tells the evidence in words."""

import json

import msgspec

from penstock.controls.rollouts.kept import Asked, Kept, evidence, kept_of, plain
from penstock.core.guard import Guard
from penstock.core.rollout import NEEDS, Tested
from penstock.core.staging import Progress, Rollout
from penstock.core.work import Outcome


def rollout(kept: Kept, stage: str = "1") -> Rollout:
    progress = Progress(tally=json.loads(json.dumps(plain(kept))), last_attempt=7)
    ended = 3.0 if stage in {"done", "rolled-back"} else None
    return Rollout(
        1,
        1,
        "next/1",
        "standard/1",
        "s",
        "workspace",
        (),
        stage,
        0.01,
        False,
        "",
        "cli:anna",
        "x",
        1.0,
        2.0,
        ended,
        progress,
    )


def test_it_comes_back_as_it_was() -> None:
    guard = Guard.of(0.01, candidates=3, attempts=300)
    guard.saw(Outcome.GONE, candidate=True, unit="acme", at=5.0)
    kept = Kept(Asked(outcomes=20, files=None), Tested([4], same=1), "1", guard.tally, "said")
    again = kept_of(rollout(kept))
    assert msgspec.to_builtins(again) == msgspec.to_builtins(kept)
    assert kept_of(rollout(Kept())).need("1") == NEEDS["1"]


def test_progress_counts_files_in_the_test_and_attempts_behind_it() -> None:
    kept = Kept(tested=Tested(same=3, failed=1))
    assert (kept.progress(9).outcomes, kept.progress(9).failures, kept.progress(9).last_attempt) == (4, 1, 9)
    kept.tally = Guard.of(0.01).tally
    assert (kept.progress(9).outcomes, kept.progress(9).evidence) == (0, 0.0)


def test_the_evidence_is_what_was_said_at_the_last_look() -> None:
    assert evidence(rollout(Kept(), "test")) == "The test has not begun."
    assert evidence(rollout(Kept())) == "Nothing was counted yet."
    kept = Kept(stage="1", tally=Guard.of(0.01).tally, said="Frozen.")
    assert evidence(rollout(kept)) == "Frozen."
    assert evidence(rollout(kept, "5")).startswith("Nothing is counted at this stage yet.")
    assert evidence(rollout(kept, "rolled-back")).startswith("With the candidate nothing was tried yet")
