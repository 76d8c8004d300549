"""The watch at work: shows the detector first attempts, opens incidents, has their cause named, and closes them.

What it knows besides the incidents themselves is the tail of the attempts, so the next leader of the watch goes on
where this one stopped. It decides nothing: that is ``core.detector`` and ``core.diagnosis``. One of the controls of
``controls.rounds``.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from penstock.core import baseline, dimensions, incident
from penstock.core.detector import FAMILIES, Detector, First, Key, Signal
from penstock.core.diagnosis import diagnose
from penstock.core.evidence import Evidence, fails
from penstock.core.incident import UNSEEN, Incident
from penstock.core.mending import Mending
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

_LOOK_AT = (3, 5, 8, 13, 20, 30, 40, 60, 80, 100, 200, 500)  # failures at which a diagnosis is made anew
_LOOK_EVERY_S = 5.0  # … and, while no cause is known and more fails, at least so often
_COUNT_EVERY_S = 2.0
_SUSPECTED_S = 900.0  # a suspicion that nothing confirmed is over
_QUIET_S = 600.0  # an incident in which nothing failed for so long is over
_LATELY = 200  # closed incidents, of which attempts may be shown again
CONTRACT = Outcome.CONTRACT.value


class Open:
    """An incident that is not closed, and what is counted of it."""

    def __init__(self, id_: int, key: Key, *, onset_at: float, suspected: bool, now: float) -> None:
        self.id = id_
        self.key = key
        self.onset_at = onset_at
        self.suspected = suspected
        self.since = now
        self.failed_at = now
        self.failures = self.outcomes = self.files = 0
        self._before = self._again = (0, 0, 0)  # by an earlier leader until ``resumed_at``, and seen again by this one
        self._since = (0, 0, 0)
        self.resumed_at = float("-inf")
        self.workspaces: set[str] = set()
        self.base_workspaces = 0
        self.diagnosed_at = 0  # failures
        self.looked_at = 0.0
        self.cause: incident.Cause | None = None
        self.gates: tuple[int, ...] = ()
        self.counted_at = 0.0
        self.mending = Mending(now)

    def resume(self, known: Incident, now: float) -> None:
        """Go on where an earlier leader stopped; what it counted is shown again in part, and counts once."""
        self.resumed_at = self.failed_at = now
        self._before = known.failures, known.outcomes, known.files
        self.failures, self.outcomes, self.files = self._before
        self.base_workspaces, self.cause, self.gates = known.workspaces, known.cause, known.gates
        self.diagnosed_at = known.failures if known.cause is not None else 0

    def count(self, seen: Seen) -> None:
        """One more attempt at its operation."""
        if seen.at < self.onset_at:
            return
        failed = fails(seen, self.key.family)
        self.mending.seen((seen.worker, seen.recipe), seen.at, violated=seen.outcome is Outcome.CONTRACT)
        if failed:
            self.failed_at = max(self.failed_at, seen.at)
            self.workspaces.add(seen.workspace)
        if seen.first:
            self._count_first(failed=failed, again=seen.at < self.resumed_at)

    def _count_first(self, *, failed: bool, again: bool) -> None:
        if again:
            self._again = _sum(self._again, failed)
        else:
            self._since = _sum(self._since, failed)
        known = (max(each) for each in zip(self._before, self._again, strict=True))
        self.failures, self.outcomes, self.files = (a + b for a, b in zip(known, self._since, strict=True))


class Watch:
    """Detection, diagnosis and incidents."""

    def __init__(self, ledger: Ledger, *, rng: random.Random, probing: bool = False) -> None:
        self._ledger = ledger
        self._rng = rng
        self._detector = Detector(probing=probing)
        self._evidence = Evidence(rng)
        self._open: dict[Key, Open] = {}
        self._hours: dict[str, dict[str, list[int]]] = {}  # operation -> family -> [outcomes, failures]
        self._hour: int | None = None
        self._judged: dict[Key, float] = {}  # until when an earlier leader's incidents say it all
        self._begun = False

    @property
    def detector(self) -> Detector:
        """What it asks, for metrics and for whoever sends probes."""
        return self._detector

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """Show the detector what was tried, and bring the incidents up to date."""
        if not self._begun:
            await self._begin(now)
        for each in seen:
            self._evidence.add(each)
            self._count(each)
            if (signal := self._signal(each)) is not None:
                await self.said(signal, now)
        await self._new_hour(now)
        for one in list(self._open.values()):
            await self._follow(one, now)

    async def probed(self, operation: str, *, failed: Outcome | None, now: float) -> None:
        """The result of a probe that the detector wanted."""
        if (signal := self._detector.probed(operation, failed=failed, at=now)) is not None:
            await self.said(signal, now)

    # -- for the probes -------------------------------------------------------------------------

    @property
    def opened(self) -> Mapping[Key, Open]:
        """The incidents that are not closed."""
        return self._open

    async def tested(self, key: Key, id_: int, told: str, data: Mapping[str, Any], now: float) -> None:
        """What a test of an incident's cause has shown."""
        one = self._open.get(key)
        if one is not None and one.id == id_ and one.cause is not None:
            one.cause = msgspec.structs.replace(one.cause, tested=told)
            await self._ledger.incidents.tested(id_, one.cause, told, data, now=now)
            _log.warning("incident.tested", incident=id_, **_named(key), shown=told)

    async def over(self, key: Key, why: str, now: float) -> None:
        """An incident that only probes saw is over."""
        if (one := self._open.get(key)) is not None and not one.failures:
            await self._close(one, why, now)

    # -- detection ------------------------------------------------------------------------------

    def _signal(self, seen: Seen) -> Signal | None:
        if seen.outcome is Outcome.CONTRACT:
            key = Key(seen.operation, CONTRACT)
            if key in self._open or seen.at < self._judged.get(key, 0.0):
                return None
            return self._detector.violated(seen.operation, seen.at)
        if not seen.contract_ok:  # it was sent all the same
            if seen.outcome is Outcome.DELIVERED:  # by the grace of some servers: that shows nothing
                return None
            if (signal := self._detector.strayed(seen.operation, seen.outcome, seen.at)) is not None:
                return signal
        if not seen.first:
            return None
        return self._detector.seen(First(seen.at, seen.operation, seen.outcome, seen.workspace, seen.conversation_id))

    async def said(self, signal: Signal, now: float) -> None:
        """What a detector has to say: open an incident, confirm or close it."""
        if signal.kind == "recovered":
            if (one := self._open.get(signal.key)) is not None:
                text = (
                    f"First attempts succeed again, by a rate of failure below {self._detector.bound(signal.key):.1%}."
                )
                await self._ledger.incidents.note(one.id, incident.Kind.RECOVERY, text, at=signal.at)
                await self._close(one, "First attempts succeed again, by the evidence of the detector.", now)
            return
        onset_at = signal.onset_at if signal.onset_at is not None else signal.at
        suspected = signal.kind == "suspected"
        id_, new = await self._ledger.incidents.open(
            signal.key,
            suspected=suspected,
            onset_at=onset_at,
            why=signal.why[:1].upper() + signal.why[1:] + ".",
            rate=signal.rate,
            now=now,
            isolation=self._isolation(signal.key, onset_at),
        )
        one = self._open.get(signal.key)
        if one is None:
            one = self._open[signal.key] = Open(id_, signal.key, onset_at=onset_at, suspected=suspected, now=now)
            for each in self._evidence.since(onset_at):
                if each.operation == signal.key.operation:
                    one.count(each)
        if one.suspected and not suspected:
            one.onset_at = onset_at
        one.suspected = one.suspected and suspected
        if new:
            log = _log.warning if suspected else _log.error
            log(
                f"incident.{'suspected' if suspected else 'opened'}", incident=id_, **_named(signal.key), why=signal.why
            )

    def _isolation(self, key: Key, onset_at: float) -> str:
        """Which operation fails, and which does not, in one line."""
        shares: dict[str, list[int]] = {}
        for seen in self._evidence.since(onset_at):
            both = shares.setdefault(seen.operation, [0, 0])
            both[0] += fails(seen, key.family)
            both[1] += 1
        told = ", ".join(f"{name}: {bad} of {of} failed" for name, (bad, of) in sorted(shares.items()))
        said = f"{key.operation} is touched. Since the onset {told or 'nothing else was tried'}."
        return f"{said} {incident.shown(self._evidence.symptoms(key.family, onset_at))}".rstrip()

    def _count(self, seen: Seen) -> None:
        for key, one in self._open.items():
            if key.operation == seen.operation:
                one.count(seen)
        if not seen.first or self._open:  # an hour with an incident says nothing about what is normal
            return
        hours = self._hours.get(seen.operation)
        if hours is None:
            hours = self._hours[seen.operation] = {family: [0, 0] for family in FAMILIES.values()}
        for hour in hours.values():
            hour[0] += 1
        if seen.outcome in FAMILIES:
            hours[FAMILIES[seen.outcome]][1] += 1

    # -- incidents ------------------------------------------------------------------------------

    async def _begin(self, now: float) -> None:
        """Go on with the incidents that an earlier leader left open, and with what it knew to be normal."""
        self._begun = True
        for known in await self._ledger.incidents.latest(only_open=True, limit=1_000):
            if known.outcome in UNSEEN:  # another control's
                continue
            key = Key(known.operation, known.outcome)
            one = self._open[key] = _resumed(known, key, now)
            if not one.suspected:
                self._detector.resume(key, known.rate, since=now)
        for known in await self._ledger.incidents.latest(limit=_LATELY):
            if known.closed_at is not None and known.outcome not in UNSEEN:
                key = Key(known.operation, known.outcome)
                self._judged[key] = max(known.closed_at, self._judged.get(key, 0.0))
                self._detector.judged(key, known.closed_at)
        for key, hours in (await self._ledger.incidents.hours(now=now)).items():
            self._detector.set_bound(key, baseline.bound(hours, now))

    async def _new_hour(self, now: float) -> None:
        hour = int(now // baseline.HOUR_S)
        if self._hour is None:
            self._hour = hour
        if hour == self._hour:
            return
        added = [
            (Key(operation, family), baseline.Hour(self._hour, *both))
            for operation, hours in self._hours.items()
            for family, both in hours.items()
        ]
        self._hour, self._hours = hour, {}
        await self._ledger.incidents.add_hours(added, now=now)
        for key, hours in (await self._ledger.incidents.hours(now=now)).items():
            self._detector.set_bound(key, baseline.bound(hours, now))

    async def _follow(self, one: Open, now: float) -> None:
        """Diagnose, count, tell of gates, and see whether it is over."""
        await self._diagnose(one, now)
        await self._gates(one, now)
        if now - one.counted_at >= _COUNT_EVERY_S:
            one.counted_at = now
            await self._counted(one)
        if one.suspected and now - one.since > _SUSPECTED_S:
            await self._close(one, "It was suspected, and nothing confirmed it.", now)
        elif one.key.family == CONTRACT and (mended := one.mending.why(now)) is not None:
            await self._close(one, mended, now)
        elif now - one.failed_at > _QUIET_S:
            await self._close(one, f"Nothing has failed in this way for {_QUIET_S / 60:.0f} minutes.", now)

    async def _diagnose(self, one: Open, now: float) -> None:
        due = max((at for at in _LOOK_AT if at <= one.failures), default=0)
        if one.key.family == CONTRACT:
            due = min(due or 1, 20)
        if one.cause is None and now - one.looked_at >= _LOOK_EVERY_S and one.failures >= _LOOK_AT[0]:
            due = max(due, one.failures)
        if due <= one.diagnosed_at:
            return
        one.diagnosed_at, one.looked_at = due, now
        rows = self._evidence.rows(one.key.family, one.onset_at)
        found = await asyncio.to_thread(diagnose, rows, dimensions.CAUSES, rng=self._rng)
        if found is None:
            return
        cause = incident.cause_of(found, self._evidence.symptoms(one.key.family, one.onset_at))
        if one.cause is None or (cause.rule, cause.own_request) != (one.cause.rule, one.cause.own_request):
            cause = msgspec.structs.replace(cause, tested=one.cause.tested if one.cause is not None else None)
            one.cause = cause
            await self._ledger.incidents.diagnosed(one.id, cause, now=now)
            _log.warning("incident.diagnosed", incident=one.id, **_named(one.key), cause=incident.sentence(cause))

    async def _gates(self, one: Open, now: float) -> None:
        """Tell of gates that others set since it began and that steer its operation."""
        standing = [
            gate
            for gate in await self._ledger.gates.active(now=now)
            if gate.opening is not None
            and gate.since >= one.onset_at
            and gate.scope.get("operation", one.key.operation) == one.key.operation
        ]
        ids = tuple(sorted(gate.id for gate in standing))
        if ids == one.gates:
            return
        newest = max(standing, key=lambda gate: gate.id, default=None)
        if set(ids) - set(one.gates) and newest is not None:
            text = f"A gate of {newest.by} stands: {newest.why}"
            await self._ledger.incidents.gated(one.id, ids, text, at=newest.since, actor=newest.by)
        else:
            text = "A gate was opened again."
            await self._ledger.incidents.gated(one.id, ids or one.gates, text, at=now, actor="watch")
        one.gates = ids

    async def _counted(self, one: Open) -> None:
        await self._ledger.incidents.counted(
            one.id,
            failures=one.failures,
            outcomes=one.outcomes,
            files=one.files,
            workspaces=max(len(one.workspaces), one.base_workspaces),
        )

    async def _close(self, one: Open, why: str, now: float) -> None:
        del self._open[one.key]
        self._detector.closed(one.key)
        await self._counted(one)
        if await self._ledger.incidents.close(one.id, why, now=now):
            _log.info("incident.closed", incident=one.id, **_named(one.key), why=why)


def _resumed(known: Incident, key: Key, now: float) -> Open:
    one = Open(known.id, key, onset_at=known.onset_at, suspected=known.state == "suspected", now=known.opened_at)
    one.resume(known, now)
    return one


def _sum(counts: tuple[int, int, int], failed: bool) -> tuple[int, int, int]:  # noqa: FBT001 -- as it is counted
    return counts[0] + failed, counts[1] + 1, counts[2] + failed


def _named(key: Key) -> dict[str, str]:
    return {"operation": key.operation, "outcome": key.family}
