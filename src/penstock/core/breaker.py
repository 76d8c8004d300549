"""The breaker of one operation: shuts its gate when files do not get past it, and lets them back a few at a time.

It judges *files*, not requests: while retries over new connections get the files through, nothing is shut, however many
requests fail. Shut, one file every five seconds shows how upstream is, and sooner once one has passed; after three in a
row the opening grows until there is no gate any more. Every state has a way out by time, except that requests which go
on failing, or go out other than declared, keep it shut. It reads no clock and sets no gate: what was tried and what
time it is are arguments, what should stand is the answer. Run by ``controls.gates.breaker``.
"""

from collections import Counter, deque
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from penstock.core.gate import Gate
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.seen import Seen
from penstock.core.work import Outcome

WINDOW = 40  # files that are judged together
FEWEST = 20  # … and fewer than these show nothing
SHARE = 0.5  # of them that did not pass, or of calls that were slow
TRIES = 3  # within so many attempts a file should have passed
STALE_S = 3_600.0  # what ended longer ago says nothing about now
PROBE_OPENING = 0.2  # items per second while shut: one every five seconds
EAGER_OPENING = 0.5  # … after one that passed: the next ones need not wait so long
PROBES = 3  # in a row that must pass
SETTLE_S = 1.5  # from shutting until no fetcher goes by the gates of before
SILENCE_S = 60.0  # without a word from upstream for so long, a trickle asks
RAMP_FROM = 2.0  # items per second
GROWTH = 1.3  # each second
WIDE = 500.0  # items per second; what is wider needs no gate
OWN_FAILURES = 3  # of requests of ours that went out other than declared, within a minute
OTHERS = 3  # files of others that show that trouble is one workspace's, or one host's
_OWN_WITHIN_S = 60.0
_STEP_S = 0.9  # a step a second, by a clock that is looked at about once a second
_REMEMBERED = 4_096  # files that have not passed yet
_SLOW_LOOK_UP_S = 10.0
_SLOW_FILE_S = 30.0
_SLOW_FILE_RATE_BYTES_PER_S = 32 * 1_024
_USUAL_FILE_BYTES = 16 * 1_024 * 1_024  # when its size is not known

PASSED = frozenset({Outcome.DELIVERED})
FAILED = frozenset({Outcome.CLIENT_BUG, Outcome.UPSTREAM, Outcome.TIMEOUT})


class Phase(StrEnum):
    """What stands in front of the operation."""

    FLOWING = "flowing"  # no gate
    PROBING = "probing"  # shut, but for one file now and then
    RAMPING = "ramping"  # an opening that grows


class Tried(NamedTuple):
    """One attempt, as far as a breaker is concerned. Times are epoch seconds."""

    job: int  # the file
    nth: int  # attempt of it at this operation, from 1
    began_at: float
    ended_at: float
    passed: bool | None  # None: it says nothing about upstream
    slow: bool = False
    own: bool = False  # it was sent, and was not the declared request
    host: str = ""
    unit: str = ""  # whose file it is
    what: str = ""  # how it ended, in a word for people


class Intent(msgspec.Struct, frozen=True):
    """The gate that should stand."""

    scope: dict[str, str]
    opening: float  # items per second
    why: str


class _Sample(NamedTuple):
    """A file that passed, or did not in its first attempts."""

    passed: bool
    at: float
    host: str
    unit: str
    what: str


def tried(seen: Seen) -> Tried:
    """What a breaker makes of an attempt.

    An answer about a token, a limit or the file itself says nothing about upstream, nor does what went wrong on our own
    side or was never sent.
    """
    passed = True if seen.outcome in PASSED else False if seen.outcome in FAILED else None
    return Tried(
        job=seen.media_row,
        nth=seen.nth,
        began_at=seen.at,
        ended_at=seen.at + seen.duration_s,
        passed=passed,
        slow=seen.outcome is Outcome.TIMEOUT or seen.duration_s >= _slow_after_s(seen),
        own=not seen.contract_ok and seen.outcome is not Outcome.CONTRACT,
        host=seen.host or "",
        unit=seen.workspace,
        what=seen.outcome.value if seen.status is None else str(seen.status),
    )


def _slow_after_s(seen: Seen) -> float:
    if seen.operation == LOOK_UP.name:
        return _SLOW_LOOK_UP_S
    size = _USUAL_FILE_BYTES if seen.size is None else seen.size
    return _SLOW_FILE_S + size / _SLOW_FILE_RATE_BYTES_PER_S


class Breaker:
    """The breaker of one operation. What ended before ``born_at`` is history: it is remembered and shuts nothing."""

    def __init__(self, operation: str, *, born_at: float = 0.0) -> None:
        self.operation = operation
        self.phase = Phase.FLOWING
        self._born_at = born_at
        self._files: deque[_Sample] = deque(maxlen=WINDOW)
        self._calls: deque[tuple[bool, float]] = deque(maxlen=WINDOW)  # was slow, when it ended
        self._own: deque[float] = deque(maxlen=OWN_FAILURES)
        self._failures: dict[int, int] = {}  # of files that have not passed yet, in this phase
        self._since = 0.0  # of the phase; infinity until its gate was asked for
        self._heard_at = 0.0  # the last word from upstream while probing
        self._good = 0  # probes in a row that passed
        self._opening = PROBE_OPENING
        self._stepped_at = 0.0
        self._scope: dict[str, str] = {"operation": operation}
        self._why = ""

    @property
    def flows(self) -> bool:
        """Whether no gate is wanted."""
        return self.phase is Phase.FLOWING

    def resume(self, gate: Gate) -> None:
        """Go on from a gate that stands: an earlier leader of the watch set it."""
        self._scope, self._why = dict(gate.scope), gate.why
        opening = PROBE_OPENING if gate.opening is None else gate.opening
        self._enter(Phase.RAMPING if opening > EAGER_OPENING else Phase.PROBING, opening, gate.since)

    def saw(self, tried: Tried) -> None:
        """Something was tried. In the order in which it is told."""
        if tried.passed is None:
            return
        if self.phase is Phase.PROBING:
            self._probed(tried)
        elif self.phase is Phase.FLOWING or tried.began_at >= self._since:
            self._judge(tried)

    def tick(self, now: float) -> Intent | None:
        """The gate that should stand at ``now``; None = none. To be asked about once a second."""
        if self.phase is Phase.FLOWING:
            return None
        if self._since == float("inf"):
            self._since = self._stepped_at = self._heard_at = now
        elif self.phase is Phase.PROBING:
            if now - max(self._since, self._heard_at) >= SILENCE_S:
                self._ramp(f"Nothing was heard from it for {SILENCE_S:.0f} s.")
                self._since = self._stepped_at = now
        elif now - self._stepped_at >= _STEP_S:
            self._opening, self._stepped_at = self._opening * GROWTH, now
            if self._opening >= WIDE:
                self._enter(Phase.FLOWING, PROBE_OPENING, 0.0)
                return None
        return Intent(self._scope, round(self._opening, 2), self._why)

    # -- while it flows, and while it is let back --------------------------------------------

    def _judge(self, tried: Tried) -> None:
        self._calls.append((tried.slow, tried.ended_at))
        sample = self._sample(tried)
        if sample is not None:
            self._files.append(sample)
        if tried.own and not tried.passed:
            self._own.append(tried.ended_at)
        if tried.ended_at < self._born_at:
            return
        if sample is not None and not sample.passed:
            self._trip_for_files(tried.ended_at)
        if self.phase is not Phase.PROBING and tried.slow:
            self._trip_for_slowness(tried.ended_at)
        if self.phase is not Phase.PROBING and tried.own and not tried.passed:
            self._trip_for_ourselves(tried.ended_at)

    def _sample(self, tried: Tried) -> _Sample | None:
        """What an attempt says of its file: it passed, or it has just not passed in its first attempts.

        A file is counted as not having passed once, whatever becomes of it. Of one that was tried long ago, or before
        a gate, the attempts since then count.
        """
        if tried.passed:
            self._failures.pop(tried.job, None)
            return _Sample(True, tried.ended_at, tried.host, tried.unit, tried.what)
        before = self._failures.pop(tried.job, 0)
        made = max(before + 1, tried.nth if tried.nth <= TRIES else 0)
        if len(self._failures) >= _REMEMBERED:
            del self._failures[next(iter(self._failures))]
        self._failures[tried.job] = made
        if before < TRIES <= made:
            return _Sample(False, tried.ended_at, tried.host, tried.unit, tried.what)
        return None

    def _trip_for_files(self, now: float) -> None:
        files = [each for each in self._files if each.at > now - STALE_S]
        bad = [each for each in files if not each.passed]
        if len(files) < FEWEST or len(bad) < SHARE * len(files):
            return
        unit = _most_common(each.unit for each in bad)
        if _others_pass(each for each in files if each.unit != unit):
            return  # it is one workspace's trouble, and no reason to keep the others waiting
        host = _most_common(each.host for each in bad)  # Graph is one host; files may lie on several
        one_host = (
            self.operation == DOWNLOAD.name and bool(host) and _others_pass(each for each in files if each.host != host)
        )
        where = f" past {host}" if one_host else ""
        ends = ", ".join(f"{what}: {count}" for what, count in Counter(each.what for each in bad).most_common(3))
        self._scope = {"host": host} if one_host else {"operation": self.operation}
        self._trip(
            f"{len(bad)} of the last {len(files)} files did not get{where} through {self.operation} "
            f"in {TRIES} attempts ({ends})."
        )

    def _trip_for_slowness(self, now: float) -> None:
        calls = [slow for slow, at in self._calls if at > now - STALE_S]
        if len(calls) >= FEWEST and sum(calls) >= SHARE * len(calls):
            self._scope = {"operation": self.operation}
            self._trip(f"{sum(calls)} of the last {len(calls)} requests of {self.operation} were slow.")

    def _trip_for_ourselves(self, now: float) -> None:
        recent = [at for at in self._own if at > now - _OWN_WITHIN_S]
        if len(recent) >= OWN_FAILURES:
            self._scope = {"operation": self.operation}
            self._trip(f"Requests of {self.operation} went out other than declared, and failed.")

    def _trip(self, evidence: str) -> None:
        self._why = f"{evidence} One file every {1 / PROBE_OPENING:.0f} s is tried until {PROBES} in a row get through."
        self._enter(Phase.PROBING, PROBE_OPENING, float("inf"))

    # -- while it is shut -------------------------------------------------------------------

    def _probed(self, tried: Tried) -> None:
        if tried.began_at < self._since + SETTLE_S or self._scope.get("host", tried.host) != tried.host:
            return
        self._heard_at = max(self._heard_at, tried.ended_at)
        # What was not the declared request passes by the grace of some servers, and shows nothing of their health.
        self._good = self._good + 1 if tried.passed and not tried.own else 0
        self._opening = EAGER_OPENING if self._good else PROBE_OPENING
        if self._good >= PROBES:
            self._ramp(f"{PROBES} files in a row got through.")

    def _ramp(self, evidence: str) -> None:
        self._why = f"{evidence} {self.operation} is opened a little more each second."
        self._enter(Phase.RAMPING, RAMP_FROM, float("inf"))

    def _enter(self, phase: Phase, opening: float, since: float) -> None:
        """What was seen in an earlier phase says nothing in this one."""
        self.phase, self._opening, self._since = phase, opening, since
        self._stepped_at = self._heard_at = since
        self._good = 0
        if phase is not Phase.FLOWING:
            self._files.clear()
            self._calls.clear()
            self._own.clear()
            self._failures.clear()


def _most_common(names: Iterable[str]) -> str:
    return Counter(names).most_common(1)[0][0]


def _others_pass(files: Iterable[_Sample]) -> bool:
    """Whether there are files enough, and most of them passed."""
    others = list(files)
    return len(others) >= OTHERS and sum(not each.passed for each in others) < SHARE * len(others)
