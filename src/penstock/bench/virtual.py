"""A fleet in trouble in virtual time: files arrive, wait, are tried and retried by the machines that really decide.

Retry, verdict, lanes, gate and breaker are those of ``core``; the clock, the queue and the fleet are made here, with
the parameters of the simulations that the breaker was designed by, so that the figures may stand side by side. A second
is one step. Run by ``bench.gates``.
"""

import bisect
import heapq
import math
import random
import statistics
from collections.abc import Sequence

import msgspec

from penstock.bench.policies import Policy
from penstock.core import lanes as order
from penstock.core import retry, verdict
from penstock.core.breaker import Tried
from penstock.core.exchange import Exchange
from penstock.core.lanes import Lane, Limits, Ready, Turns
from penstock.core.operation import LOOK_UP
from penstock.core.work import Claim, Outcome, RetryLater

HOST = "graph.example"
SOON_S = 60.0
_WORKSPACES = 5
_LIFE_S = 7 * 86_400.0
_DRAINED = 20
_LONGEST_S = 4 * 3_600.0  # a run that goes on for longer has lost something
_LIVE_AFTER_S = 120.0  # the time after the first opening in which live files are looked at


class Trouble(msgspec.Struct, frozen=True):
    """The traffic and the fleet of a run."""

    bad: float  # the part of the fleet that is in trouble
    heals_s: float = 900.0
    arrivals_s: float = 1_800.0
    per_s: float = 10.0
    fails_bad: float = 0.98  # of the attempts at a bad server, and at a good one
    fails_good: float = 0.005
    connections: int = 20  # each ends at one server, and is replaced after so many requests
    requests: int = 50
    room_per_s: int = 60  # attempts


class Run(msgspec.Struct, frozen=True):
    """What became of a run."""

    files: int
    within_60_s: float  # share of all files
    p50_s: float
    p99_s: float
    attempts_per_s: float  # while the fleet was bad
    failures_per_s: float  # of the whole run, by the seconds of trouble
    longest_queue: int
    drained_s: float  # after it healed, until 20 files waited
    opens: int
    calls_per_s_shut: float | None  # None: it was never shut
    back_s: float | None  # from healing until more than probes passed; None: it was not shut then
    live_p50_s: float  # of what arrived in the two minutes after that
    lost: int
    doubled: int


class _File:
    __slots__ = ("arrived_at", "attempts", "lane", "tries")

    def __init__(self, arrived_at: float, lane: Lane) -> None:
        self.arrived_at = arrived_at
        self.lane = lane
        self.attempts = 0


def run(policy: Policy, trouble: Trouble, seed: int) -> Run:
    """One run to its end: until nothing waits."""
    return _World(policy, trouble, seed).whole()


class _Fleet:
    """Connections, each with a server at its other end."""

    def __init__(self, trouble: Trouble, chance: random.Random) -> None:
        self._trouble = trouble
        self._chance = chance
        self._bad = [chance.random() < trouble.bad for _ in range(trouble.connections)]
        self._uses = [0] * trouble.connections

    def passes(self, now: float, *, fresh: bool) -> bool:
        """One attempt, over any connection."""
        trouble, chance = self._trouble, self._chance
        number = chance.randrange(trouble.connections)
        if fresh or self._uses[number] >= trouble.requests:
            self._bad[number], self._uses[number] = chance.random() < trouble.bad, 0
        self._uses[number] += 1
        fails = trouble.fails_bad if self._bad[number] and now < trouble.heals_s else trouble.fails_good
        return chance.random() >= fails


class _World:
    """The queue of a run, and what is counted."""

    def __init__(self, policy: Policy, trouble: Trouble, seed: int) -> None:
        self._policy, self._trouble = policy, trouble
        self._chance = random.Random(f"{seed} {trouble.bad}")
        self._fleet = _Fleet(trouble, self._chance)
        self._lanes = [Lane(number, number, "image", f"workspace-{number}") for number in range(_WORKSPACES)]
        self._ready: dict[Lane, list[int]] = {lane: [] for lane in self._lanes}  # by arrival, and so by deadline
        self._later: list[tuple[float, int]] = []
        self._files: list[_File] = []
        self._waiting = 0
        self._turns = Turns()
        self._took_s: dict[int, float] = {}
        self._doubled = self._attempts = self._failures = self._longest = 0
        self._shut_s = self._shut_attempts = 0
        self._drained_s: float | None = None
        self._open_at: float | None = None

    def whole(self) -> Run:
        """Second by second, until nothing waits."""
        now = 0.0
        while now < _LONGEST_S and (now < self._trouble.arrivals_s or self._waiting):
            self._second(now)
            now += 1.0
        took = sorted(self._took_s.values())
        opened_at = self._open_at
        live = [
            took_s
            for number, took_s in self._took_s.items()
            if opened_at is not None and opened_at <= self._files[number].arrived_at < opened_at + _LIVE_AFTER_S
        ]
        heals_s = self._trouble.heals_s
        return Run(
            files=len(self._files),
            within_60_s=sum(each <= SOON_S for each in took) / len(self._files),
            p50_s=statistics.median(took),
            p99_s=took[math.ceil(0.99 * len(took)) - 1],
            attempts_per_s=self._attempts / heals_s,
            failures_per_s=self._failures / heals_s,
            longest_queue=self._longest,
            drained_s=now - heals_s if self._drained_s is None else self._drained_s,
            opens=self._policy.opens,
            calls_per_s_shut=self._shut_attempts / self._shut_s if self._shut_s else None,
            back_s=None if opened_at is None or not self._shut_s else max(0.0, opened_at - heals_s),
            live_p50_s=statistics.median(live) if live else 0.0,
            lost=len(self._files) - len(self._took_s) - self._waiting,
            doubled=self._doubled,
        )

    def _second(self, now: float) -> None:
        self._arrive(now)
        while self._later and self._later[0][0] <= now:
            number = heapq.heappop(self._later)[1]
            bisect.insort(self._ready[self._files[number].lane], number)
        allowed = self._policy.free(now)
        attempts = self._attempt_some(now, self._trouble.room_per_s if allowed is None else allowed)
        if self._policy.shut:
            self._shut_s += 1
            self._shut_attempts += attempts
        if now >= self._trouble.heals_s and self._open_at is None and not self._policy.shut:
            self._open_at = now
        self._longest = max(self._longest, self._waiting)
        if now >= self._trouble.heals_s and self._drained_s is None and self._waiting <= _DRAINED:
            self._drained_s = now - self._trouble.heals_s

    def _arrive(self, now: float) -> None:
        if now >= self._trouble.arrivals_s:
            return
        for _ in range(_poisson(self._trouble.per_s, self._chance)):
            lane = self._lanes[len(self._files) % len(self._lanes)]
            self._ready[lane].append(len(self._files))
            self._files.append(_File(now, lane))
            self._waiting += 1

    def _attempt_some(self, now: float, room: int) -> int:
        """Claims in fair turns as a fetcher makes them; how many attempts were made."""
        free = min(room, self._trouble.room_per_s)
        quotas = order.share(
            (lane for lane in self._lanes if self._ready[lane]), free=free, turns=self._turns, limits=Limits()
        )
        served, made = {}, 0
        for lane, quota in quotas.items():
            earliest, live = self._looked_at(lane, quota, now)
            picked, served[lane] = order.mix(earliest, live, quota=quota, turn=self._turns.mixed.get(lane, 0), now=now)
            for number in picked:
                ready = self._ready[lane]
                del ready[bisect.bisect_left(ready, number)]
                made += 1
                if not self._attempt(number, now):
                    self._turns = order.after(self._turns, served)
                    return made
        self._turns = order.after(self._turns, served)
        return made

    def _looked_at(self, lane: Lane, quota: int, now: float) -> tuple[list[Ready], list[Ready]]:
        """A lane's first files by deadline, and its newest live ones."""
        ready = self._ready[lane]
        begin = bisect.bisect_left(ready, now - order.LIVE_S, key=lambda number: self._files[number].arrived_at)
        return self._as_ready(ready[:quota]), self._as_ready(ready[max(begin, len(ready) - quota) :][::-1])

    def _as_ready(self, numbers: Sequence[int]) -> list[Ready]:
        return [Ready(number, self._files[number].arrived_at + _LIFE_S) for number in numbers]

    def _attempt(self, number: int, now: float) -> bool:
        """One file is tried; whether another one may be."""
        file, policy = self._files[number], self._policy
        passed = self._fleet.passes(now, fresh=policy.probing() or (policy.fresh_retries and file.attempts > 0))
        self._attempts += now < self._trouble.heals_s
        exchange = Exchange(
            operation=LOOK_UP.name,
            declared_method="GET",
            wire_method="GET",
            at=now,
            duration_s=0.0,
            status=200 if passed else 405,
        )
        judged = verdict.judge(exchange, now=now, received_at=file.arrived_at, deadline=file.arrived_at + _LIFE_S)
        if judged.outcome is Outcome.DELIVERED:
            self._doubled += number in self._took_s
            self._took_s[number] = now - file.arrived_at
            self._waiting -= 1
        else:
            self._failures += 1
            claim = _claim(number, file)
            step = retry.next_step(judged, claim, now=now, jitter=self._chance.random(), url=None, url_expires_at=None)
            if isinstance(step, RetryLater):
                heapq.heappush(self._later, (step.due_at, number))
        file.attempts += 1
        passed_hop = judged.outcome is Outcome.DELIVERED
        return policy.tried(
            Tried(number, min(file.attempts, 4), now, now, passed_hop, host=HOST, unit=file.lane.workspace)
        )


def _claim(number: int, file: _File) -> Claim:
    lane = file.lane
    return Claim(
        id=number,
        fence=1,
        workspace_id=lane.workspace_id,
        workspace=lane.workspace,
        number_id=lane.number_id,
        phone_number_id=lane.number,
        app=lane.app,
        credential_id=1,
        credential=lane.credential,
        kind=lane.kind,
        media_id=str(number),
        wamid="",
        received_at=file.arrived_at,
        deadline=file.arrived_at + _LIFE_S,
        attempts=file.attempts,
    )


def _poisson(mean: float, chance: random.Random) -> int:
    """How many arrive in a second (Knuth): few are expected."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
