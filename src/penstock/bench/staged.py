"""Simulated traffic for the guard of rollouts: how soon the real guard takes a bad candidate back, how late a good one.

Ten attempts a second, of which a share is the candidate's; time is simulated in steps of one second, in which a leader
looks once, and the randomness seeded. Used by ``bench.rollouts``.
"""

import heapq
import math
import random
from collections.abc import Iterator
from typing import NamedTuple

from penstock.bench import judges
from penstock.core import binomial, buckets
from penstock.core.guard import Guard
from penstock.core.rollout import NEEDS, At, Judged, judge, moved, within
from penstock.core.staging import ROLLED_BACK, SHARES, WHOLE
from penstock.core.work import Outcome

RATE = 10.0  # attempts a second
NORMAL = 0.005  # fail of those before the change
OUTAGE_S = (600.0, 1_200.0)
OUTAGE = 0.3
NOTICED_S, CLOSED_S = 20.0, 60.0  # after an outage's begin and end: so long until its incident opens and closes
_BURSTS_A_DAY = 12
_NEGLIGIBLE = 1e-9
_BURST = 0.1  # of 1 + Exp(10) failures together, of one workspace


class Caught(NamedTuple):
    """When each judge rolled back, infinite where it did not; what the candidate had touched until the guard did."""

    guard_s: float
    flagger_s: float
    argo_s: float
    files: int
    failures: int


def caught(rng: random.Random, *, share: float, failing: float, outage: bool, until_s: float) -> Caught:
    """One stage of a share that stays, with a candidate that fails so often."""
    guard, flagger, argo = Guard.of(share), judges.flagger(), judges.argo()
    guard_s, files, failures, unit = math.inf, 0, 0, 0
    for second in range(1, int(until_s) + 1):
        at = float(second)
        worse = OUTAGE if outage and OUTAGE_S[0] < at <= OUTAGE_S[1] else 0.0
        ours, ours_failed = _step(rng, RATE * share, max(failing, worse))
        theirs, theirs_failed = _step(rng, RATE * (1 - share), max(NORMAL, worse))
        flagger.saw(outcomes=ours, failures=ours_failed, at=at)
        argo.saw(outcomes=ours, failures=ours_failed, at=at)
        if math.isinf(guard_s):
            files, failures = files + ours, failures + ours_failed
            guard.passed(candidate=ours - ours_failed, control=theirs - theirs_failed)
            sides = [True] * ours_failed + [False] * theirs_failed
            rng.shuffle(sides)
            for candidate in sides:
                unit += 1
                guard.saw(Outcome.UPSTREAM, candidate=candidate, unit=str(unit), at=at)
            if guard.enough:
                guard_s = at
        if all(map(math.isfinite, (guard_s, flagger.rolled_back_at, argo.rolled_back_at))):
            break
    return Caught(guard_s, flagger.rolled_back_at, argo.rolled_back_at, files, failures)


class Course(NamedTuple):
    """What became of a rollout: how long each stage took, and where it ended."""

    stages_s: dict[str, float]
    ended: str
    why: str

    @property
    def promoted_s(self) -> float:
        """Until it reached everybody; infinite when it did not."""
        return sum(self.stages_s.values()) if self.ended == WHOLE else math.inf


def course(
    rng: random.Random,
    *,
    failing: float = NORMAL,
    normal: float = NORMAL,
    outage: bool = False,
    until_s: float = 5 * 3_600.0,
) -> Course:
    """A whole rollout behind its test, until it reaches everybody or is taken back."""
    place, guard, began, unit = At("1"), Guard.of(SHARES["1"]), 0, 0
    took: dict[str, float] = {}
    for second in range(1, int(until_s) + 1):
        at, share = float(second), SHARES[place.stage]
        worse = OUTAGE if outage and OUTAGE_S[0] < at <= OUTAGE_S[1] else 0.0
        frozen = outage and OUTAGE_S[0] + NOTICED_S < at <= OUTAGE_S[1] + CLOSED_S
        for candidate, rate, fails in ((True, RATE * share, failing), (False, RATE * (1 - share), normal)):
            tried, failed = _step(rng, rate, max(fails, worse))
            passed = tried - failed
            guard.passed(candidate=passed * candidate, control=passed * (not candidate), proves=not frozen)
            for _ in range(failed):
                unit += 1
                guard.saw(Outcome.UPSTREAM, candidate=candidate, unit=str(unit), at=at, proves=not frozen)
        said = _judged(place, guard, at - began, frozen=frozen)
        if said.move is None:
            continue
        took[place.stage], began = at - began, second
        following = moved(place, said.move)
        assert following is not None
        if following.stage in {WHOLE, ROLLED_BACK}:
            return Course(took, following.stage, said.why)
        place, guard = following, Guard.of(SHARES[following.stage])
    return Course(took, place.stage, "the time was over")


def predicted_s(normal: float) -> float:
    """How long a healthy candidate takes by arithmetic: the outcomes that a stage wants, at its share of the rate."""
    return sum(_wanted(stage, normal) / (RATE * SHARES[stage]) for stage in ("1", "5", "25"))


def _wanted(stage: str, normal: float) -> float:
    """The mean number of outcomes until a stage's bound holds, where so many fail: by how many failed of how many.

    The bound on the ratio at the last stage is reckoned with as held when there are outcomes enough.
    """
    need = NEEDS[stage]
    if need.rate is None or need.ratio is not None:
        return need.outcomes
    waiting, mean = {0: 1.0}, 0.0  # failures so far -> the probability that it is not over yet with so many
    for outcomes in range(1, 20 * need.outcomes):
        following: dict[int, float] = {}
        for failed, probability in waiting.items():
            following[failed] = following.get(failed, 0.0) + probability * (1 - normal)
            following[failed + 1] = following.get(failed + 1, 0.0) + probability * normal
        waiting = {failed: each for failed, each in following.items() if each > _NEGLIGIBLE}
        if outcomes >= need.outcomes:
            over = [failed for failed in waiting if binomial.is_below(need.rate, failed, outcomes)]
            mean += outcomes * sum(waiting.pop(failed) for failed in over)
    return mean


def by_workspace(rng: random.Random, *, stage: str, failing: float, until_s: float, workspaces: int = 400) -> Caught:
    """As real buckets are: each workspace on one side, few large and many small ones, and bursts of failures in one."""
    salt, share = str(rng.random()), SHARES[stage]
    ours = [buckets.inside(buckets.bucket(salt, str(number)), share) for number in range(workspaces)]
    weights = [min(rng.paretovariate(1.0), 50.0) for _ in range(workspaces)]
    recent = rng.choices(ours, weights, k=3_000)  # five minutes of the traffic before
    guard = Guard.of(share, candidates=sum(recent), attempts=len(recent))
    files = failures = 0
    for at, workspace, burst in _attempts(rng, weights, until_s):
        candidate = ours[workspace]
        failed = burst or rng.random() < (failing if candidate else NORMAL)
        files, failures = files + candidate, failures + (candidate and failed)
        outcome = Outcome.UPSTREAM if failed else Outcome.DELIVERED
        guard.saw(outcome, candidate=candidate, unit=str(workspace), at=at)
        if guard.enough:
            return Caught(at, math.inf, math.inf, files, failures)
    return Caught(math.inf, math.inf, math.inf, files, failures)


def _attempts(rng: random.Random, weights: list[float], until_s: float) -> Iterator[tuple[float, int, bool]]:
    """(time, workspace, of a burst) of each attempt, in order."""
    bursts: list[tuple[float, int, bool]] = []
    at = 0.0
    while (at := at + rng.expovariate(_BURSTS_A_DAY / 86_400.0 * 10)) < until_s:  # ten times as many as a usual day
        workspace = rng.randrange(len(weights))
        bursts += [(at + 0.14 * nth, workspace, True) for nth in range(1 + int(rng.expovariate(_BURST)))]
    number = int(RATE * until_s)
    calm = zip(
        sorted(rng.random() * until_s for _ in range(number)),
        rng.choices(range(len(weights)), weights, k=number),
        strict=True,
    )
    return heapq.merge(((when, workspace, False) for when, workspace in calm), sorted(bursts))


def _judged(place: At, guard: Guard, held_s: float, *, frozen: bool) -> Judged:
    """What is to be done. The words are made only where something is, for a run has thousands of steps."""
    tally, need = guard.tally, NEEDS[place.stage]
    if not guard.enough and (frozen or tally.candidate.outcomes < need.outcomes or not within(tally, need)):
        return Judged(None, "")
    return judge(place, tally, need, held_s=held_s, frozen="the incident" if frozen else None)


def _step(rng: random.Random, mean: float, failing: float) -> tuple[int, int]:
    """How many are tried in a second of which so many are expected (Knuth), and how many of them fail."""
    limit, product, tried = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        tried += 1
    return tried, sum(rng.random() < failing for _ in range(tried))
