"""The watch with probes: a known file fetched every half minute, bursts for suspicions, tests for diagnoses.

It shows the watch what the probes have shown, and the watch's suspicions and causes to the probes. A round never waits
for a request: each goes on in the background, and what it brought is heard in a later round. When something is sent,
and what it says, is decided by ``core.probing`` and ``core.repeated``. One of the controls of ``controls.rounds``.
"""

from collections import deque
from collections.abc import Sequence
from functools import partial

import msgspec
import structlog

from penstock.controls.watch.prober import Prober, judged
from penstock.controls.watch.watch import CONTRACT, Open, Watch
from penstock.core import ids, repeated
from penstock.core.detector import FAMILIES, Key
from penstock.core.exchange import Exchange
from penstock.core.incident import Cause
from penstock.core.operation import DOWNLOAD, LOOK_UP, UPLOAD
from penstock.core.probing import BURST_EVERY_S, EVERY_S, FILE, Known, Schedule, Step, Synthetic
from penstock.core.repeated import Answer, Trials
from penstock.core.seen import Seen
from penstock.core.verdict import Verdict
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger
from penstock.ledger.probes import Last, Standing, Target

_log = structlog.get_logger()

_READ_EVERY_S = 5.0  # whether there is a number for tests
_AT_ONCE = 10  # probes of a burst that are under way: upstream may be slow to answer
_FEWEST = 2  # answers that show something
_HOPS = (LOOK_UP.name, DOWNLOAD.name)


class _Fetched(msgspec.Struct, frozen=True):
    """What a fetch of the known file brought."""

    known: Known
    exchanges: Sequence[Exchange]
    burst: bool


class _Uploaded(msgspec.Struct, frozen=True):
    number_id: int
    exchange: Exchange
    media_id: str | None


class _Tested(msgspec.Struct, frozen=True):
    key: Key
    incident: int
    cause: Cause
    answers: Sequence[Answer]
    asked: str


class _Asked(msgspec.Struct, frozen=True):
    """What a test asks for."""

    target: Target
    media_id: str
    known: Known | None
    called: str
    hops: Sequence[str]


class Probing:
    """A watch, and what it asks of upstream by itself."""

    def __init__(self, ledger: Ledger, watch: Watch, prober: Prober) -> None:
        self._ledger = ledger
        self._watch = watch
        self._prober = prober
        self._schedule = Schedule()
        self._synthetic = Synthetic()
        self._alarmed: set[Key] = set()
        self._trials: dict[int, Trials] = {}
        self._standing: Standing | None = None
        self._read_at = float("-inf")
        self._heard: deque[_Fetched | _Uploaded | _Tested] = deque()
        self._under_way = dict.fromkeys(Step, 0)

    @property
    def watch(self) -> Watch:
        """The watch itself."""
        return self._watch

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """A round of the watch; what the probes brought before it, and what is sent after it."""
        while self._heard:
            await self._hear(self._heard.popleft(), now)
        if now - self._read_at >= _READ_EVERY_S:
            self._standing, self._read_at = await self._ledger.probes.standing(), now
        standing, opening = self._standing, 0.0
        if standing is not None and self._prober.has_token(standing.target):
            opening = await self._prober.opening(standing.target, _HOPS)
        known = None if standing is None else standing.known
        self._watch.detector.probing = self._schedule.usable(known, now) and opening >= 1 / BURST_EVERY_S
        await self._watch.look(seen, now)
        for key in self._alarmed - self._watch.opened.keys():
            self._alarmed.discard(key)
            self._synthetic.closed(key)
        if standing is not None and self._prober.has_token(standing.target):
            self._send(standing, now, opening)
        self._test(now)

    # -- sending ----------------------------------------------------------------------------

    def _send(self, standing: Standing, now: float, opening: float) -> None:
        """Begin what is due."""
        suspected = bool(self._watch.detector.wants_probes())
        for step in self._schedule.due(now, standing.known, suspected=suspected, opening=opening):
            if self._under_way[step] >= (_AT_ONCE if step is Step.BURST else 1):
                continue
            self._under_way[step] += 1
            self._prober.begin(partial(self._do, step, standing))

    async def _do(self, step: Step, standing: Standing) -> None:
        try:
            if step is Step.UPLOAD:
                await self._upload(standing)
            elif standing.known is not None:
                exchanges = await self._prober.fetch(standing.target, standing.known)
                self._heard.append(_Fetched(standing.known, exchanges, step is Step.BURST))
        finally:
            self._under_way[step] -= 1

    async def _upload(self, standing: Standing) -> None:
        if await self._prober.opening(standing.target, (UPLOAD.name,)) < 1 / EVERY_S:
            return  # asked again in a minute
        self._heard.append(_Uploaded(standing.number_id, *await self._prober.upload(standing.target)))

    def _test(self, now: float) -> None:
        """Test the causes that were named since the last round."""
        open_now = {one.id for one in self._watch.opened.values()}
        self._trials = {id_: trials for id_, trials in self._trials.items() if id_ in open_now}
        for key, one in self._watch.opened.items():
            if one.cause is None or one.suspected:
                continue
            rule = (repr(one.cause.rule), one.cause.own_request)
            if one.id not in self._trials:
                self._trials[one.id] = Trials()
                if one.cause.tested is not None:
                    self._trials[one.id].made(rule)
            trials = self._trials[one.id]
            if trials.due(key.family, rule, now):
                self._prober.begin(partial(self._try, key, one, one.cause, trials, now))

    async def _try(self, key: Key, one: Open, cause: Cause, trials: Trials, now: float) -> None:
        """Send the same request several times."""
        asked = await self._asked(key, one.onset_at, now)
        if asked is None or await self._prober.opening(asked.target, asked.hops) < 1 / repeated.EVERY_S:
            trials.not_made()
            return

        def judge(exchange: Exchange) -> Verdict:
            return judged(exchange, asked.known, now=now)

        answers = await self._prober.repeat(asked.target, asked.media_id, asked.known, key.operation, judge=judge)
        if len(answers) < _FEWEST:
            trials.not_made()
            return
        self._heard.append(_Tested(key, one.id, cause, answers, asked.called))

    async def _asked(self, key: Key, onset_at: float, now: float) -> _Asked | None:
        """What to ask for: the known file, else one that failed in this incident; None when there is nothing safe."""
        if key.operation not in _HOPS:
            return None
        hops, standing, found = _HOPS[: _HOPS.index(key.operation) + 1], self._standing, None
        if standing is not None and standing.known is not None and self._schedule.usable(standing.known, now):
            known = standing.known
            found = _Asked(standing.target, known.media_id, known, "the known file of the test number", hops)
        elif key.operation == LOOK_UP.name and not self._prober.punished:
            outcomes = [each.value for each, family in FAMILIES.items() if family == key.family] or [key.family]
            item = await self._ledger.probes.failing(key.operation, outcomes, since=onset_at, now=now)
            if item is not None:
                called = f"file {ids.encode(ids.Kind.MEDIA, item.media_row)}"
                found = _Asked(item.target, item.media_id, None, called, hops)
        return found if found is not None and self._prober.has_token(found.target) else None

    # -- hearing ----------------------------------------------------------------------------

    async def _hear(self, heard: _Fetched | _Uploaded | _Tested, now: float) -> None:
        if isinstance(heard, _Fetched):
            await self._fetched(heard, now)
        elif isinstance(heard, _Uploaded):
            await self._uploaded(heard, now)
        else:
            told = repeated.told(heard.answers, own_request=heard.cause.own_request)
            data = repeated.facts(heard.answers, operation=heard.key.operation, asked=heard.asked)
            await self._watch.tested(heard.key, heard.incident, told, data, now)

    async def _fetched(self, heard: _Fetched, now: float) -> None:
        """Show the detectors how a fetch ended."""
        verdict: Verdict | None = None
        for exchange in heard.exchanges:
            verdict = judged(exchange, heard.known, now=now)
            await self._judged(exchange, verdict.outcome, now, burst=heard.burst)
            if verdict.outcome is Outcome.GONE and exchange.operation == LOOK_UP.name:
                self._schedule.lost(heard.known)
        if verdict is not None and not heard.burst:
            await self._tried(heard.exchanges[-1], verdict)

    async def _judged(self, exchange: Exchange, outcome: Outcome, now: float, *, burst: bool) -> None:
        operation = exchange.operation
        if outcome is not Outcome.DELIVERED:
            _log.info("probe.failed", burst=burst, **_seen(exchange), outcome=outcome.value, detail=exchange.detail)
            for family in {FAMILIES.get(outcome), outcome.value}:
                one = None if family is None else self._watch.opened.get(Key(operation, family))
                if one is not None:  # it is not over while probes fail
                    one.failed_at = max(one.failed_at, exchange.at)
        if outcome is Outcome.CONTRACT:
            await self._violated(exchange, now)
        elif outcome is Outcome.LOCAL:
            return  # it says nothing about upstream
        elif burst:
            await self._watch.probed(operation, failed=None if outcome is Outcome.DELIVERED else outcome, now=now)
        else:
            for signal in self._synthetic.probed(operation, outcome, exchange.at):
                if signal.kind == "recovered":
                    await self._watch.over(signal.key, "The synthetic probe succeeds again.", now)
                else:
                    await self._watch.said(signal, now)
                    self._alarmed.add(signal.key)

    async def _violated(self, exchange: Exchange, now: float) -> None:
        """A probe's own request was not what it is declared to be."""
        _log.error(
            "contract.violated",
            operation=exchange.operation,
            declared_method=exchange.declared_method,
            wire_method=exchange.wire_method,
            reason=exchange.detail,
            recipe="probe",
        )
        if Key(exchange.operation, CONTRACT) not in self._watch.opened:
            await self._watch.said(self._watch.detector.violated(exchange.operation, exchange.at), now)

    async def _uploaded(self, heard: _Uploaded, now: float) -> None:
        verdict, exchange = judged(heard.exchange, None, now=now), heard.exchange
        self._schedule.uploaded(now, ok=heard.media_id is not None)
        if heard.media_id is None:
            _log.warning("probe.not_uploaded", **_seen(exchange), outcome=verdict.outcome.value, detail=exchange.detail)
            if verdict.outcome is Outcome.CONTRACT:
                await self._violated(exchange, now)
            await self._tried(exchange, verdict)
            return
        known = Known(heard.media_id, FILE.sha256, len(FILE.data), exchange.at)
        await self._ledger.probes.uploaded(heard.number_id, known)
        if self._standing is not None and self._standing.number_id == heard.number_id:
            self._standing = msgspec.structs.replace(self._standing, known=known)
        _log.info("probe.uploaded", **_seen(exchange))

    async def _tried(self, exchange: Exchange, verdict: Verdict) -> None:
        """Keep how the last one ended."""
        if self._standing is None:
            return
        last = Last(exchange.at, exchange.operation, verdict.outcome.value, verdict.sentence)
        await self._ledger.probes.tried(self._standing.number_id, last)


def _seen(exchange: Exchange) -> dict[str, object]:
    """An exchange for the log: nothing that names a customer."""
    return {
        "operation": exchange.operation,
        "status": exchange.status,
        "graph_code": exchange.graph_code,
        "peer_address": exchange.peer_address,
        "server": exchange.server,
        "trace_id": exchange.trace_id,
    }
