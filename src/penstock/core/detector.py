"""Detection: first attempts in, suspicions and alarms out, one stream for each operation and family of classes.

Only an item's first attempt at an operation counts: retries would hide a partial outage. After a failure its unit, the
workspace where at least twenty were active in the last hour, else the conversation, is left out for a minute, so that
one customer's album of dead files is one failure and not ten. Below twenty workspaces an alarm is only a suspicion: it
asks for probes, and two of twenty failing make it an alarm; without a test number a second suspicion within ten minutes
does. The threshold promises at most one false alarm in thirty days over all streams. No clock, no probes of its own.
Called by ``controls.watch``.
"""

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from penstock.core.mixture import Mixture, Recovery
from penstock.core.work import Outcome

BOUND = 0.01  # the lowest bound on the normal rate of failure
NEUTRAL_S = 60.0
ENOUGH_WORKSPACES = 20
ACTIVE_S = 3_600.0
PERIOD_S = 30 * 86_400.0  # at most one false alarm in so long
PROBES = 20  # of a burst, one a second
PROBES_FAILED = 2  # of them make a suspicion an alarm
AGAIN_FROM_S, AGAIN_UNTIL_S = 60.0, 600.0  # a second suspicion so long after the first is an alarm by itself
DIAGNOSE_AT = 1_000.0  # so much evidence starts the diagnosis, before there is an alarm
SUSPECTED_S = 60.0  # how long a suspicion waits for its probes
STRAYED_RATE = 0.3  # of failures, until more is known: one request that went astray says nothing about how many fail
LEAST_RATE = 1 / 60  # outcomes in a second that the threshold reckons with at least
_APART_S = 10.0  # suspicions nearer to each other are one
_REMEMBERED = 5_000  # first attempts whose times are kept, to say how many there were since an onset

UPSTREAM, CLIENT_BUG, AUTH, GONE = "upstream", "client_bug", "auth", "gone"
# What counts as failed in which family. Throttling is an answer to us, a contract violation an alarm by itself, and
# what fails on our own side, a full disk for instance, has a line of its own in the log.
FAMILIES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.UPSTREAM: UPSTREAM,
        Outcome.TIMEOUT: UPSTREAM,
        Outcome.CLIENT_BUG: CLIENT_BUG,
        Outcome.AUTH: AUTH,
        Outcome.GONE: GONE,
    }
)


class First(NamedTuple):
    """An item's first attempt at an operation."""

    at: float  # epoch seconds
    operation: str
    outcome: Outcome
    workspace: str
    conversation: int | None


class Key(NamedTuple):
    """A stream."""

    operation: str
    family: str


class Signal(msgspec.Struct, frozen=True):
    """What the detector has to say. ``kind``: suspected, alarm, or recovered."""

    kind: str
    key: Key
    at: float
    onset_at: float | None
    rate: float  # of failures, of those that are betted on
    outcomes: int  # first attempts of this operation since the onset
    why: str


class _Stream:
    """One stream's state."""

    def __init__(self, bound: float) -> None:
        self.mixture = Mixture(bound)
        self.neutral: dict[object, float] = {}  # unit -> until when it is left out
        self.suspected: deque[Signal] = deque(maxlen=int(AGAIN_UNTIL_S / _APART_S) + 1)
        self.suspicion: Signal | None = None
        self.probes = self.probes_failed = 0
        self.recovery: Recovery | None = None
        self.since = float("-inf")  # what was tried before it is known already


class Detector:
    """Every stream of an installation. It holds as much as there are workspaces, whatever the traffic."""

    def __init__(
        self, *, streams: int = 10, bounds: Mapping[Key, float] = MappingProxyType({}), probing: bool = True
    ) -> None:
        self._streams_told = streams  # the threshold is shared by so many
        self.probing = probing  # somebody sends the probes that are wanted; without, a second suspicion has to do
        self._bounds = dict(bounds)
        self._streams: dict[Key, _Stream] = {}
        self._of: dict[str, list[Key]] = {}
        self._active: dict[str, float] = {}  # workspace -> when it was last seen
        self._minutes: dict[str, deque[list[float]]] = {}  # operation -> [minute, outcomes] of the last hour
        self._times: dict[str, deque[float]] = {}  # operation -> when the last ones were
        self._swept_at = float("-inf")

    @property
    def workspaces(self) -> int:
        """How many were active in the last hour."""
        return len(self._active)

    @property
    def confirms(self) -> bool:
        """Whether an alarm must be confirmed: with few workspaces one's trouble looks like everybody's."""
        return len(self._active) < ENOUGH_WORKSPACES

    def set_bound(self, key: Key, bound: float) -> None:
        """Reckon with another normal rate of failure; while an alarm of the stream is open it stays as it is."""
        bound = min(max(bound, BOUND), 0.5)
        stream = self._streams.get(key)
        if stream is not None and stream.recovery is not None:
            return
        self._bounds[key] = bound
        if stream is not None and abs(stream.mixture.bound - bound) > 0.1 * stream.mixture.bound:
            stream.mixture = Mixture(bound)

    def bound(self, key: Key) -> float:
        """The highest rate of failure that counts as normal for a stream."""
        return self._bounds.get(key, BOUND)

    def evidence(self) -> dict[Key, float]:
        """The mean wealth of every stream, for metrics and for whoever wants to begin a diagnosis early."""
        return {key: stream.mixture.evidence for key, stream in self._streams.items()}

    def seen(self, first: First) -> Signal | None:
        """One first attempt; what there is to say about it."""
        self._note(first)
        if first.outcome is Outcome.DELIVERED:
            return self._delivered(first)
        failing = FAMILIES.get(first.outcome)
        return None if failing is None else self._failed(Key(first.operation, failing), first)

    def _delivered(self, first: First) -> Signal | None:
        """What almost every attempt is: a success for every stream of its operation."""
        said, unit = None, self._unit(first)
        for key in self._of[first.operation]:
            stream = self._streams[key]
            if first.at < stream.since:
                continue
            if stream.recovery is not None:
                said = self._recovering(key, stream, first, failed=False) or said
            elif not stream.neutral or stream.neutral.get(unit, first.at) <= first.at:
                stream.mixture.passed()
        return said

    def passed(self, operation: str, count: int, at: float) -> None:
        """So many first attempts in a row were delivered, none of a unit that is left out: as ``seen``, at once."""
        if operation not in self._of:
            self._begin(operation)
        self._count(operation, count, at)
        for key in self._of[operation]:
            if self._streams[key].recovery is None:
                self._streams[key].mixture.passed(count)

    def probed(self, operation: str, *, failed: Outcome | None, at: float) -> Signal | None:
        """The result of one probe of a burst; ``failed`` is its class, None when it succeeded."""
        said = None
        for key in self._of.get(operation, ()):
            stream = self._streams[key]
            if stream.suspicion is None:
                continue
            stream.probes += 1
            stream.probes_failed += failed is not None and FAMILIES.get(failed) == key.family
            if stream.probes_failed >= PROBES_FAILED:
                why = f"{stream.probes_failed} of {stream.probes} probes failed as well"
                said = self._alarm(key, stream, at, why)
            elif stream.probes >= PROBES:
                stream.suspicion = None
        return said

    def wants_probes(self) -> set[str]:
        """The operations that somebody should probe now, once a second."""
        return {key.operation for key, stream in self._streams.items() if stream.suspicion is not None}

    def violated(self, operation: str, at: float) -> Signal:
        """Our own request was not what it was declared to be: one is an alarm."""
        key = Key(operation, "contract")
        return Signal(
            "alarm", key, at, at, 1.0, 1, "our own request was not what it is declared to be; it was not sent"
        )

    def strayed(self, operation: str, outcome: Outcome, at: float) -> Signal | None:
        """A request went out other than it is declared, and failed in this way: one is an alarm of that stream."""
        if operation not in self._of:
            self._begin(operation)
        key = Key(operation, FAMILIES.get(outcome, ""))
        stream = self._streams.get(key)
        if stream is None or stream.recovery is not None or at < stream.since:
            return None
        signal = self._alarm(key, stream, at, "a request went out that is not the declared one, and failed")
        stream.recovery = Recovery(STRAYED_RATE, stream.mixture.bound)
        return msgspec.structs.replace(signal, rate=STRAYED_RATE)

    def resume(self, key: Key, rate: float, *, since: float) -> None:
        """An incident of this stream is open: an earlier leader of the watch opened it, and saw what was before."""
        self.judged(key, since)
        if (stream := self._streams.get(key)) is not None:
            stream.recovery = Recovery(rate, stream.mixture.bound)

    def judged(self, key: Key, until: float) -> None:
        """What this stream's attempts until then showed was said by an earlier leader of the watch."""
        if key.operation not in self._of:
            self._begin(key.operation)
        if (stream := self._streams.get(key)) is not None:
            stream.since = max(stream.since, until)

    def closed(self, key: Key) -> None:
        """The incident of this stream is over."""
        stream = self._streams.get(key)
        if stream is not None:
            stream.recovery = stream.suspicion = None
            stream.mixture.restart()

    # -- one stream -------------------------------------------------------------------------

    def _failed(self, key: Key, first: First) -> Signal | None:
        """A failure for one stream; it says nothing to the others."""
        stream = self._streams[key]
        if first.at < stream.since:
            return None
        if stream.recovery is not None:
            return self._recovering(key, stream, first, failed=True)
        unit = self._unit(first)
        if stream.neutral.get(unit, first.at) > first.at:
            return None
        stream.neutral[unit] = first.at + NEUTRAL_S
        evidence = stream.mixture.failed(first.at)
        if evidence < self._threshold(key.operation, first.at):
            return None
        return self._rang(key, stream, first.at)

    def _rang(self, key: Key, stream: _Stream, at: float) -> Signal | None:
        """The threshold was reached: an alarm, or the suspicion of one."""
        if not self.confirms:
            return self._alarm(key, stream, at, "too many first attempts fail, over many workspaces")
        earlier = [then for then in stream.suspected if AGAIN_FROM_S <= at - then.at <= AGAIN_UNTIL_S]
        if earlier and not self.probing:
            stream.suspicion = earlier[0]
            return self._alarm(key, stream, at, f"it was suspected {at - earlier[0].at:.0f} s ago already")
        said = self._signal("suspected", key, stream, at, "too many first attempts fail")
        if not stream.suspected or at - stream.suspected[-1].at >= _APART_S:
            stream.suspected.append(said)
        if stream.suspicion is not None:  # its probes are under way
            stream.mixture.restart()
            return None
        stream.suspicion = said
        stream.probes = stream.probes_failed = 0
        stream.mixture.restart()
        return stream.suspicion

    def _alarm(self, key: Key, stream: _Stream, at: float, why: str) -> Signal:
        known = stream.suspicion
        signal = self._signal("alarm", key, stream, at, why)
        if known is not None:  # the stream began anew with the suspicion, which knows more
            signal = msgspec.structs.replace(
                signal, onset_at=known.onset_at, rate=known.rate, outcomes=self._since(key.operation, known.onset_at)
            )
        stream.suspicion = None
        stream.suspected.clear()
        stream.neutral.clear()
        stream.recovery = Recovery(signal.rate, stream.mixture.bound)
        stream.mixture.restart()
        return signal

    def _recovering(self, key: Key, stream: _Stream, first: First, *, failed: bool) -> Signal | None:
        assert stream.recovery is not None
        if not stream.recovery.seen(failed=failed):
            return None
        signal = self._signal("recovered", key, stream, first.at, "first attempts succeed again")
        self.closed(key)
        return signal

    def _signal(self, kind: str, key: Key, stream: _Stream, at: float, why: str) -> Signal:
        onset = stream.mixture.onset
        return Signal(kind, key, at, onset, stream.mixture.rate, self._since(key.operation, onset), why)

    def _begin(self, operation: str) -> None:
        """The streams of an operation that was never seen before."""
        self._of[operation] = keys = [Key(operation, family) for family in dict.fromkeys(FAMILIES.values())]
        for key in keys:
            self._streams[key] = _Stream(self._bounds.get(key, BOUND))
        self._minutes[operation] = deque()
        self._times[operation] = deque(maxlen=_REMEMBERED)

    # -- what all streams share -------------------------------------------------------------

    def _unit(self, first: First) -> object:
        if len(self._active) >= ENOUGH_WORKSPACES or first.conversation is None:
            return first.workspace
        return (first.workspace, first.conversation)

    def _threshold(self, operation: str, at: float) -> float:
        return PERIOD_S * self.rate(operation, at) * self._streams_told

    def rate(self, operation: str, at: float) -> float:
        """First attempts of an operation in a second, over the last hour or what is known of it."""
        minutes = self._minutes.get(operation)
        if not minutes:
            return LEAST_RATE
        seconds = min(max(at - minutes[0][0] * 60.0, 60.0), ACTIVE_S)
        return max(LEAST_RATE, sum(count for _, count in minutes) / seconds)

    def _since(self, operation: str, onset: float | None) -> int:
        """First attempts of an operation since a moment, as far as they are remembered."""
        if onset is None:
            return 0
        count = 0
        for at in reversed(self._times.get(operation, ())):
            if at < onset:
                break
            count += 1
        return count

    def _note(self, first: First) -> None:
        self._active[first.workspace] = first.at
        if first.operation not in self._of:
            self._begin(first.operation)
        self._times[first.operation].append(first.at)
        self._count(first.operation, 1, first.at)
        if first.at - self._swept_at >= NEUTRAL_S:
            self._sweep(first.at)

    def _count(self, operation: str, count: int, at: float) -> None:
        minutes, minute = self._minutes[operation], at // 60
        if minutes and minutes[-1][0] >= minute:
            minutes[-1][1] += count
            return
        minutes.append([minute, count])
        while minutes[0][0] < minute - ACTIVE_S // 60:
            minutes.popleft()

    def _sweep(self, now: float) -> None:
        """Forget what no longer counts."""
        self._swept_at = now
        self._active = {name: at for name, at in self._active.items() if at > now - ACTIVE_S}
        for stream in self._streams.values():
            if stream.suspicion is not None and stream.suspicion.at < now - SUSPECTED_S:
                stream.suspicion = None
            stream.neutral = {unit: until for unit, until in stream.neutral.items() if until > now}
