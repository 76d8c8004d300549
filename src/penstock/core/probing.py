"""The synthetic probe: when a known file is uploaded, renewed and fetched, and what its fetches say.

A tiny file of Penstock's own, uploaded for a test number, shows how upstream is when no customer's file is there to
show it, and confirms what a single customer's files make suspicious. Its results are a stream of their own, with a
bound a hundred times lower than that of customers' files. No clock and no request: time and results are arguments.
Run by ``controls.watch.probing``.
"""

from collections import deque
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from penstock.core.detector import CLIENT_BUG, FAMILIES, GONE, PERIOD_S, UPSTREAM, Key, Signal
from penstock.core.form import SmallFile
from penstock.core.gate import BREAKER, Gate
from penstock.core.mixture import Mixture, Recovery
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.work import Outcome

EVERY_S = 30.0
BURST_EVERY_S = 1.0
LIVES_S = 30 * 86_400.0  # Meta: an uploaded file
RENEW_S = 20 * 86_400.0  # … so ten days are left for uploads that fail
UPLOAD_AGAIN_S, UPLOAD_RARELY_S = 60.0, 3_600.0  # after one that failed; twice as long after each, up to this
LOST_AGAIN_S = 3_600.0  # a file that Graph no longer knows is uploaded anew once in so long
BOUND = 1e-4  # of a probe's failures, when all is well
FILE = SmallFile(
    name="penstock-probe.txt",
    mime_type="text/plain",
    data=b"Penstock uploaded this file and fetches it now and then, to see whether files can be fetched.\n",
)

_FAMILIES = (
    UPSTREAM,
    CLIENT_BUG,
    GONE,
)  # a token that is refused is that token's trouble: one says nothing of upstream
_KEYS = tuple(Key(operation.name, family) for operation in (LOOK_UP, DOWNLOAD) for family in _FAMILIES)
_ENOUGH = PERIOD_S / EVERY_S * len(_KEYS)
_RECOVERING = 0.3  # with so many failing, twenty that succeed in a row are rare; without any they take ten minutes
_JITTER_S = 0.2  # the watch looks about once a second
_REMEMBERED = 100
_FREE = float("inf")


class Known(msgspec.Struct, frozen=True):
    """The file that is fetched. ``uploaded_at`` is epoch seconds."""

    media_id: str
    sha256: bytes
    size: int
    uploaded_at: float

    @property
    def dies_at(self) -> float:
        """When Meta forgets it."""
        return self.uploaded_at + LIVES_S


class Step(StrEnum):
    """What is to be done."""

    UPLOAD = "upload"
    FETCH = "fetch"  # the probe of every half minute
    BURST = "burst"  # one of those that a suspicion asks for


def narrowest(gates: Iterable[Gate]) -> float:
    """How many requests a second these gates let a probe make; infinity where none stands.

    A breaker's gate does not count: it is shut because files do not get through, and whether they would is what a probe
    is to show. It is not one of the files that a breaker lets through to find out, so it takes nothing from them.
    """
    return min((gate.opening for gate in gates if gate.opening is not None and gate.owner != BREAKER), default=_FREE)


class Schedule:
    """When each thing was done last. A new one fetches at once."""

    def __init__(self) -> None:
        self._fetched_at = self._burst_at = self._upload_at = float("-inf")
        self._refused = 0
        self._lost: str | None = None

    def usable(self, known: Known | None, now: float) -> bool:
        """Whether there is a file that says something about upstream."""
        return known is not None and now < known.dies_at and not self._to_replace(known, now)

    def due(self, now: float, known: Known | None, *, suspected: bool, opening: float = _FREE) -> list[Step]:
        """What is to begin now; it counts as begun. ``opening`` is what gates let through, in fetches a second."""
        steps = []
        if self._wants_upload(known, now) and now >= self._upload_at:
            self._upload_at = now + UPLOAD_AGAIN_S
            steps.append(Step.UPLOAD)
        if not self.usable(known, now):
            return steps
        if now - self._fetched_at >= EVERY_S - _JITTER_S and opening >= 1 / EVERY_S:
            self._fetched_at = now
            steps.append(Step.FETCH)
        if suspected and now - self._burst_at >= BURST_EVERY_S - _JITTER_S and opening >= 1 / BURST_EVERY_S:
            self._burst_at = now
            steps.append(Step.BURST)
        return steps

    def uploaded(self, now: float, *, ok: bool) -> None:
        """How an upload ended."""
        self._refused = 0 if ok else self._refused + 1
        if not ok:
            self._upload_at = now + min(UPLOAD_AGAIN_S * 2.0 ** min(self._refused - 1, 30), UPLOAD_RARELY_S)

    def lost(self, known: Known) -> None:
        """Graph says that it knows this file no longer, or not yet."""
        self._lost = known.media_id

    def _to_replace(self, known: Known, now: float) -> bool:
        return known.media_id == self._lost and now - known.uploaded_at >= LOST_AGAIN_S

    def _wants_upload(self, known: Known | None, now: float) -> bool:
        return known is None or now - known.uploaded_at >= RENEW_S or self._to_replace(known, now)


class _Stream:
    def __init__(self) -> None:
        self.mixture = Mixture(BOUND)
        self.recovery: Recovery | None = None
        self.lately: deque[tuple[float, bool]] = deque(maxlen=_REMEMBERED)  # when; whether it failed


class Synthetic:
    """The streams of the probe's results. Two failures in a row are an alarm, and so is nearly a third of them."""

    def __init__(self) -> None:
        self._streams = {key: _Stream() for key in _KEYS}

    def probed(self, operation: str, outcome: Outcome, at: float) -> list[Signal]:
        """One fetch at an operation; what there is to say about it. What failed on our own side says nothing."""
        failing = FAMILIES.get(outcome)
        said = [
            self._step(key, stream, at, failed=failing is not None)
            for key, stream in self._streams.items()
            if key.operation == operation and (outcome is Outcome.DELIVERED or failing == key.family)
        ]
        return [signal for signal in said if signal is not None]

    def closed(self, key: Key) -> None:
        """The incident of this stream is over, however that was found."""
        if (stream := self._streams.get(key)) is not None:
            stream.recovery = None
            stream.mixture.restart()

    def _step(self, key: Key, stream: _Stream, at: float, *, failed: bool) -> Signal | None:
        stream.lately.append((at, failed))
        if stream.recovery is not None:
            if not stream.recovery.seen(failed=failed):
                return None
            self.closed(key)
            return Signal("recovered", key, at, None, 0.0, 0, "the synthetic probe succeeds again")
        if not failed:
            stream.mixture.passed()
            return None
        if stream.mixture.failed(at) < _ENOUGH:
            return None
        return self._alarm(key, stream, at)

    def _alarm(self, key: Key, stream: _Stream, at: float) -> Signal:
        mixture = stream.mixture
        onset, rate = mixture.onset or at, mixture.rate
        since = [bad for when, bad in stream.lately if when >= onset]
        why = f"{sum(since)} of {len(since)} synthetic probes failed, of a file that was there"
        stream.recovery = Recovery(rate, BOUND, most=_RECOVERING)
        mixture.restart()
        return Signal("alarm", key, at, onset, rate, len(since), why)
