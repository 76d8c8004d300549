"""How a rollout goes on: its stages, what each has to show before the next one, and what takes it back at once.

A stage is left when the evidence suffices and not by the clock: enough outcomes, no evidence of harm, and an exact
bound on how often the candidate may really fail. Where upstream fails for everybody the bound is relative to those who
do not have the candidate yet, so a bad week stops nobody for ever. Nothing is promoted while it is paused or an
incident is open, and everything may be taken back at any time. Pure: the evidence is ``core.guard``'s, which buckets a
stage reaches ``core.staging``'s. Called by ``controls.rollouts``, ``bench.rollouts``, ``cli`` and ``web.api``.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from penstock.core import binomial
from penstock.core.guard import ENOUGH, Guard, Tally
from penstock.core.staging import DONE, ENDED, ROLLED_BACK, STAGES, TEST, WHOLE

CALM = 10.0  # promotion wants less evidence of harm than this
RELATIVE = 2.0  # a candidate may fail so many times as often as the others, where these fail more than the bound
HELD_S = 600.0  # at 100 %, before the recipe is the default
FEW = 5  # re-fetched files that suffice, by default
THIN = "\u2009"


class Move(StrEnum):
    """What may happen to a rollout."""

    ADVANCE = "advance"
    PAUSE = "pause"
    RESUME = "resume"
    ROLL_BACK = "rollback"


class At(NamedTuple):
    """Where a rollout is."""

    stage: str
    paused: bool = False


def _moves() -> Mapping[tuple[At, Move], At]:
    """The one table of transitions; what is not in it does not happen."""
    table: dict[tuple[At, Move], At] = {}
    for stage, following in zip(STAGES, (*STAGES[1:], DONE), strict=True):
        flowing, paused = At(stage), At(stage, paused=True)
        table[flowing, Move.ADVANCE] = At(following)
        table[flowing, Move.PAUSE] = paused
        table[paused, Move.RESUME] = flowing
        table[flowing, Move.ROLL_BACK] = table[paused, Move.ROLL_BACK] = At(ROLLED_BACK)
    return MappingProxyType(table)


MOVES = _moves()


def moved(at: At, move: Move) -> At | None:
    """Where this move leads; None when it is not possible there."""
    return MOVES.get((at, move))


class Need(msgspec.Struct, frozen=True):
    """What a stage has to show."""

    outcomes: int  # first attempts with the candidate
    rate: float | None = None  # the exact upper bound on its rate of failure is at most this
    ratio: float | None = None  # or the one on how many times as often it fails as the others is below this
    held_s: float = 0.0


NEEDS: Mapping[str, Need] = MappingProxyType(
    {
        "1": Need(100, rate=0.03),
        "5": Need(300, rate=0.02),
        "25": Need(1_300, rate=0.005, ratio=2.0),
        WHOLE: Need(2_000, held_s=HELD_S),
    }
)


def needs(outcomes: int | None = None) -> Mapping[str, Need]:
    """What the stages have to show; with fewer ``outcomes`` for all, who starts it accepts that these prove less."""
    if outcomes is None:
        return NEEDS
    clean = binomial.upper(0, outcomes)
    return {
        stage: Need(
            min(need.outcomes, outcomes),
            rate=None if need.rate is None else max(need.rate, clean),
            ratio=need.ratio,
            held_s=need.held_s if outcomes >= need.outcomes else 0.0,
        )
        for stage, need in NEEDS.items()
    }


class Judged(msgspec.Struct, frozen=True):
    """What is to be done now, and the evidence in words. ``move`` None: go on as it is."""

    move: Move | None
    why: str


def judge(  # noqa: PLR0911  one answer for each thing that can be the matter, the gravest first
    at: At, tally: Tally, need: Need, *, held_s: float, frozen: str | None = None, violation: str | None = None
) -> Judged:
    """What a rollout's numbers say at a stage behind the test.

    ``frozen`` says which incident is open, ``violation`` what request of the candidate was not the declared one.
    """
    if at.stage in ENDED:
        return Judged(None, "It is over.")
    if violation is not None:
        return Judged(
            Move.ROLL_BACK, f"A request of the candidate was not the declared one and was not sent: {violation}"
        )
    guard = Guard(tally)
    said = in_words(tally, stage=at.stage)
    if guard.enough:
        return Judged(Move.ROLL_BACK, f"The candidate fails more often than the others. {said}")
    if at.paused:
        return Judged(None, f"Paused: it reaches nobody new until somebody resumes it. {said}")
    if frozen is not None and at.stage == WHOLE:
        wonder = (
            "If that began with this recipe, roll it back: with nobody to compare with, it is not taken back by itself"
        )
        return Judged(None, f"It waits until {frozen} is over. {wonder}. {said}")
    if frozen is not None:
        return Judged(None, f"It waits until {frozen} is over; it can be taken back meanwhile. {said}")
    if (missing := _missing(at.stage, tally, need, held_s)) is not None:
        return Judged(None, f"{said} {missing}")
    return Judged(Move.ADVANCE, f"The evidence suffices. {said}")


def _missing(stage: str, tally: Tally, need: Need, held_s: float) -> str | None:
    """What is not shown yet, as a sentence; None when everything is."""
    candidate = tally.candidate
    if candidate.outcomes < need.outcomes:
        left = need.outcomes - candidate.outcomes
        return f"{_many(left, 'more outcome')} {_are(left)} needed."
    if held_s < need.held_s:
        return f"It is the default when it has held for {need.held_s / 60:.0f} minutes."
    if stage == WHOLE:
        return None
    if (evidence := Guard(tally).evidence) >= CALM:
        return f"It goes on when the evidence against it is below {CALM:g} again; it is {_evidence(evidence)}."
    if need.rate is None or within(tally, need):
        return None
    bound = binomial.upper(candidate.failures, candidate.outcomes)
    allowed = _percent(_allowed(tally, need))
    return f"It may really fail {_percent(bound)} of the time, and must be shown to fail {allowed} at most."


def within(tally: Tally, need: Need) -> bool:
    """Whether the bounds that a stage wants hold."""
    candidate, control = tally.candidate, tally.control
    if need.rate is not None and binomial.is_below(_allowed(tally, need), candidate.failures, candidate.outcomes):
        return True
    if need.ratio is None or not control.outcomes:
        return False
    # Of all failures the candidate's are a binomial number, whatever the rate of failure is.
    odds = need.ratio * candidate.outcomes / control.outcomes
    return binomial.is_below(odds / (1 + odds), candidate.failures, candidate.failures + control.failures)


def _allowed(tally: Tally, need: Need) -> float:
    """The rate of failure that the candidate must be shown to stay below."""
    rate = need.rate or 0.0
    if need.ratio is not None or tally.control.outcomes < need.outcomes:
        return rate  # where the ratio has a bound of its own, or too little is known of the others
    return max(rate, RELATIVE * tally.control.rate)


class Tested(msgspec.Struct):
    """What the test stage found so far."""

    files: list[int] = msgspec.field(default_factory=list)  # media rows that were fetched again by both recipes
    same: int = 0  # … and were the same byte for byte
    unsure: int = 0  # … that the recipe in use did not bring either
    failed: int = 0  # … that only the recipe in use brought
    trouble: str = ""  # why the last of those failed
    probe: str = ""  # what became of the synthetic probe, where there is one


def judge_test(  # noqa: PLR0911  one answer for each thing that can be the matter, the gravest first
    at: At,
    tested: Tested,
    *,
    wanted: int | None,
    refused: str | None,
    different: str | None,
    frozen: str | None = None,
) -> Judged:
    """What the test stage says. ``wanted`` files must be the same; None: it goes without, as somebody said.

    ``refused``: a rehearsed request was not the declared one; ``different``: a file came out otherwise; ``frozen`` says
    which incident is open.
    """
    if at.stage != TEST:
        return Judged(None, "The test is over.")
    if refused is not None:
        return Judged(Move.ROLL_BACK, f"Refused before a request was sent: {refused}")
    if different is not None:
        return Judged(Move.ROLL_BACK, f"A file came out otherwise than by the recipe in use: {different}")
    said = _tested(tested)
    if wanted is not None and tested.failed > max(1, tested.same // wanted):
        last = f" The last one: {tested.trouble.rstrip('.')}." if tested.trouble else ""
        return Judged(Move.ROLL_BACK, f"Files of the test workspaces fail with it alone. {said}{last}")
    if at.paused:
        return Judged(None, f"Paused. {said}")
    if frozen is not None:
        return Judged(None, f"It waits until {frozen} is over; it can be taken back meanwhile. {said}")
    if wanted is None:
        return Judged(Move.ADVANCE, "Its requests are the declared ones; it was started without a test workspace.")
    if passed(tested, wanted):
        return Judged(Move.ADVANCE, f"Its requests are the declared ones. {said}")
    left = wanted * (1 + tested.failed) - tested.same
    return Judged(None, f"{said} {_many(left, 'more file')} of a test workspace {_are(left)} needed.")


def passed(tested: Tested, wanted: int) -> bool:
    """Whether enough files are the same: so many, and as many again for one that came by the recipe in use alone."""
    return tested.same >= wanted * (1 + tested.failed)


def _tested(tested: Tested) -> str:
    if tested.same == 1:
        said = "1 file was fetched again and is the same byte for byte"
    elif tested.same:
        said = f"{_count(tested.same)} files were fetched again and are the same byte for byte"
    else:
        said = "No file came out the same yet" if tested.failed or tested.unsure else "No file was fetched again yet"
    failed = f", {_count(tested.failed)} came only by the recipe in use" if tested.failed else ""
    unsure = f", {_count(tested.unsure)} by neither" if tested.unsure else ""
    probe = " The synthetic probe's file came whole." if tested.probe == "same" else ""
    return f"{said}{failed}{unsure}.{probe}"


def in_words(tally: Tally, *, stage: str = "") -> str:
    """The evidence, for people."""
    candidate, control = tally.candidate, tally.control
    said = f"With the candidate {_of(candidate.failures, candidate.outcomes)}"
    if stage == WHOLE:
        return f"{said}; nobody is left to compare with."
    return (
        f"{said}, with the recipe before {_of(control.failures, control.outcomes)}. {_weighed(Guard(tally).evidence)}"
    )


def _weighed(evidence: float) -> str:
    if evidence >= ENOUGH:
        return f"Chance does so once in {ENOUGH:,.0f} rollouts at most (E {_evidence(evidence)})."
    if evidence >= CALM:
        return f"That is more than chance usually does (E {_evidence(evidence)}; {ENOUGH:,.0f} takes it back)."
    return f"Chance explains the difference (E {_evidence(evidence)})."


def _of(failures: int, outcomes: int) -> str:
    if not outcomes:
        return "nothing was tried yet"
    return f"{_count(failures) if failures else 'none'} of {_count(outcomes)} failed"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", THIN)


def _many(number: int, what: str) -> str:
    return f"{_count(number)} {what}{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else "100 %"


def _evidence(evidence: float) -> str:
    return f"{evidence:.1f}" if evidence < 1_000 else f"{evidence:.2g}"
