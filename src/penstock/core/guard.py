"""The guard of a rollout: evidence that a candidate fails more often than what it is to replace, from failures alone.

If the change has no effect, a failure belongs to the candidate with a probability that is the candidate's share of the
attempts, whatever the rate of failure does; so an outage that meets both says nothing. Each bet multiplies what it has
by how much likelier the failure's side is if the candidate fails r times as often; the evidence E is the mean of the
bets, and if there is no effect it reaches 10,000 once in 10,000 rollouts at most, however often one looks. The share is
counted, not the nominal one: where workspaces are the buckets, one percent of them may bring a tenth of the attempts.
After a failure its unit, which is what one bucket holds, is left out for a minute, so that a customer's album of dead
files is one failure. No clock, no stages (``core.rollout`` has them). Called by ``controls.rollouts`` and
``bench.rollouts``.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.work import Outcome

RATIOS = (2.0, 4.0, 10.0, 30.0, 60.0)  # how many times as often the candidate might fail
ALPHA = 1e-4
ENOUGH = 1 / ALPHA  # so much evidence rolls back
NEUTRAL_S = 60.0
SLACK = 2.0  # candidate's attempts that the share expected beforehand is worth
KNOWN = 10.0  # … when it was counted from the traffic before
_MEMORY = 100.0  # candidate's attempts over which the counted share forgets
_LEAST_SHARE = 1e-5
_NEUTRAL_SWEPT, _NEUTRAL_KEPT = 100, 1_000  # units: it is written with each count, so it may not grow
_OWN_KEPT = 1_000  # … the newest: what is older than a thousand others may count once more

# Whose failures are evidence. A token or a file that is dead is a customer's own trouble, though a wrong request may
# look so: of each unit it counts once. Throttling and what fails on our own side is about neither side.
FAILS: Mapping[Outcome, bool] = MappingProxyType(
    {
        Outcome.UPSTREAM: False,
        Outcome.TIMEOUT: False,
        Outcome.CLIENT_BUG: False,
        Outcome.AUTH: True,  # counts once for a unit
        Outcome.GONE: True,
    }
)
NOT_COUNTED = frozenset({Outcome.THROTTLE, Outcome.LOCAL, Outcome.CONTRACT})


class Side(msgspec.Struct):
    """What became of one side's first attempts."""

    outcomes: int = 0
    failures: int = 0

    @property
    def rate(self) -> float:
        """The share that failed; 0.0 of none."""
        return self.failures / self.outcomes if self.outcomes else 0.0


class Tally(msgspec.Struct):
    """All that a guard knows: it is kept with the rollout, so that the next leader goes on with it."""

    expected: float  # the candidate's share of the attempts, as far as it is known beforehand
    slack: float = SLACK
    candidate: Side = msgspec.field(default_factory=Side)
    control: Side = msgspec.field(default_factory=Side)
    sums: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(RATIOS))  # logarithms of the bets
    tried: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0])  # candidate's and all attempts, fading
    neutral: dict[str, float] = msgspec.field(default_factory=dict)  # unit -> until when it is left out
    own: list[str] = msgspec.field(default_factory=list)  # units whose own trouble was counted


class Guard:
    """One stage's evidence. A stage begins with a guard of its own: its share is another one."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._own = set(tally.own)

    @classmethod
    def of(cls, nominal: float, *, candidates: int = 0, attempts: int = 0) -> "Guard":
        """A guard that knows nothing yet.

        ``nominal`` is the share of the buckets. Of so many ``attempts`` before, so many would have been the candidate's
        in the buckets that it has now: then the share is expected from these.
        """
        slack, expected = SLACK, nominal
        if attempts * nominal >= 1:
            # Never less than the nominal one: nothing is known of workspaces that were quiet until now. Too low a share
            # makes an outage look like harm; with one that is too high a rollback only takes longer.
            expected = max(nominal, (candidates + SLACK) / (attempts + SLACK / nominal))
            slack = min(KNOWN, SLACK + candidates)
        return cls(Tally(expected=expected, slack=slack))

    @property
    def share(self) -> float:
        """The probability that the next failure is the candidate's if the change has no effect."""
        tally = self.tally
        ours, all_ = tally.tried
        share = (ours + tally.slack) / (all_ + tally.slack / tally.expected)
        return min(max(share, _LEAST_SHARE), 1.0)

    @property
    def evidence(self) -> float:
        """E: how much better the bets against the candidate did than chance."""
        return math.exp(min(700.0, self.log_evidence))

    @property
    def log_evidence(self) -> float:
        """The logarithm of E."""
        most = max(self.tally.sums)
        return most + math.log(sum(math.exp(each - most) for each in self.tally.sums) / len(RATIOS))

    @property
    def enough(self) -> bool:
        """Whether the evidence suffices to roll back."""
        return self.log_evidence >= math.log(ENOUGH)

    def saw(self, outcome: Outcome, *, candidate: bool, unit: str, at: float, proves: bool = True) -> None:
        """A first attempt. ``proves``: it may count for promotion, too, as while no incident is open."""
        if outcome in NOT_COUNTED:
            return
        tally = self.tally
        if tally.neutral.get(unit, -math.inf) > at:
            return
        failed = outcome in FAILS
        if failed and FAILS[outcome]:
            if unit in self._own:
                return
            self._own.add(unit)
            tally.own.append(unit)
            if len(tally.own) > _OWN_KEPT:
                self._own.discard(tally.own.pop(0))
        if failed:
            self._bet(candidate=candidate)
            self._left_out(unit, at)
        self._tried(1.0 if candidate else 0.0, 1.0)
        if proves:
            side = tally.candidate if candidate else tally.control
            side.outcomes += 1
            side.failures += failed

    def passed(self, *, candidate: int, control: int, proves: bool = True) -> None:
        """So many first attempts of each side that did not fail."""
        if not candidate + control:
            return
        self._tried(float(candidate), float(candidate + control))
        if proves:
            self.tally.candidate.outcomes += candidate
            self.tally.control.outcomes += control

    def _bet(self, *, candidate: bool) -> None:
        """A failure: what each bet gains or loses by it."""
        share = self.share
        if share >= 1.0:
            return  # everything is the candidate's: there is nothing to compare with
        for k, ratio in enumerate(RATIOS):
            theirs = share * ratio / (share * ratio + 1 - share)
            self.tally.sums[k] += math.log(theirs / share if candidate else (1 - theirs) / (1 - share))

    def _tried(self, candidates: float, attempts: float) -> None:
        """Count towards the share; what is long ago fades, for traffic moves with the hours."""
        tally = self.tally
        keep = max(0.0, 1 - attempts * tally.expected / _MEMORY)
        tally.tried = [tally.tried[0] * keep + candidates, tally.tried[1] * keep + attempts]

    def _left_out(self, unit: str, at: float) -> None:
        neutral = self.tally.neutral
        neutral[unit] = at + NEUTRAL_S
        if len(neutral) > _NEUTRAL_SWEPT:
            standing = [(name, until) for name, until in neutral.items() if until > at]
            self.tally.neutral = dict(standing[-_NEUTRAL_KEPT:])
