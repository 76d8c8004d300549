"""The rollout at work: counts what was tried with either recipe, and moves the rollout on or takes it back.

All that it knows is kept in the rollout's row together with the last attempt that is in it, so a leader that was killed
loses nothing and the next one counts nothing twice; two that lead at once notice, and one of them reads again. Every
change is an entry of the audit log and a line in the open incidents. It decides nothing: that is ``core.rollout``. One
of the controls of ``controls.rounds``.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from penstock.controls.rollouts.first_stage import FirstStage
from penstock.controls.rollouts.kept import Kept, kept_of
from penstock.controls.rollouts.taking_back import taken_back
from penstock.controls.rollouts.trial import Trials
from penstock.core import buckets
from penstock.core.ages import NO_SUCCESS
from penstock.core.detector import FAMILIES
from penstock.core.guard import Guard
from penstock.core.incident import Incident
from penstock.core.rollout import At, Judged, Move, judge, moved
from penstock.core.seen import Seen
from penstock.core.staging import DONE, SHARES, TEST, Rollout, reached
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

WHO = "rollout"
_REMEMBERED = 5_000  # first attempts, by which the share of a stage is expected
_PENDING = 20_000  # attempts that wait to be counted while the ledger cannot be read
_FREEZING = frozenset({*FAMILIES.values(), NO_SUCCESS.family})  # classes of incidents


class Rollouts:
    """Looks after the rollout that is under way, if there is one. ``changed`` is called when it has moved one."""

    def __init__(
        self,
        ledger: Ledger,
        trials: Trials,
        *,
        token: Callable[[str], str | None],
        changed: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._ledger = ledger
        self._changed = changed
        self._first = FirstStage(ledger, trials, token=token)
        self._recent: deque[Seen] = deque(maxlen=_REMEMBERED)
        self._pending: deque[Seen] = deque(maxlen=_PENDING)
        self._hand: _Hand | None = None

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """Count what was tried, and do what follows from it."""
        self._recent.extend(each for each in seen if each.first)
        self._pending.extend(seen)
        rollout = await self._ledger.rollouts.current()
        if rollout is None:
            self._hand = None
            self._pending.clear()
            return
        if self._hand is None or not self._hand.knows(rollout):
            self._hand = _Hand(rollout)  # somebody else counted meanwhile, or nobody did yet
        hand = self._hand
        frozen = await self._frozen()  # before anything is taken: what raises here leaves all to the next look
        new = [each for each in self._pending if each.id > hand.since]
        self._pending.clear()
        judged = await self._judged(hand, rollout, new, now, frozen)
        hand.kept.said = judged.why
        # A violation is among these attempts, so it must have had its effect before they are counted.
        if (hand.violation is not None or await self._keep(hand, rollout)) and judged.move is not None:
            await self._move(rollout, judged)

    async def _judged(
        self, hand: "_Hand", rollout: Rollout, new: Sequence[Seen], now: float, frozen: str | None
    ) -> Judged:
        """What is to be done now."""
        at = At(rollout.stage, rollout.paused)
        if hand.violation is None:  # it is kept in mind until the rollout could be taken back
            wrong = (each for each in new if each.recipe == rollout.recipe and violates(each))
            hand.violation = next((_violation(each) for each in wrong), None)
        violation = hand.violation
        hand.last = max([hand.last, *(each.id for each in new)])
        if rollout.stage == TEST:
            return await self._first.judged(at, rollout, hand.kept, now, violation=violation, frozen=frozen)
        guard = hand.guard(rollout, self._recent)
        for each in new:
            if each.first and hand.counts(rollout, each):
                candidate = each.recipe == rollout.recipe
                guard.saw(
                    each.outcome, candidate=candidate, unit=_unit(rollout, each), at=each.at, proves=frozen is None
                )
        need = hand.kept.need(rollout.stage)
        return judge(at, guard.tally, need, held_s=now - rollout.since, frozen=frozen, violation=violation)

    async def _frozen(self) -> str | None:
        """The incident of upstream that holds everything up."""
        found = await self._ledger.incidents.latest(only_open=True)
        return next((f"incident {incident.id}" for incident in found if freezes(incident)), None)

    async def _move(self, rollout: Rollout, judged: Judged) -> None:
        """Change the rollout, unless somebody else has changed it meanwhile."""
        move = judged.move
        assert move is not None
        following = moved(At(rollout.stage, rollout.paused), move)
        assert following is not None
        store = self._ledger.rollouts
        if move is Move.ROLL_BACK:
            done = await taken_back(self._ledger, rollout.id, who=WHO, reason=judged.why)
        elif following.stage == DONE:
            done = await store.finish(rollout, who=WHO, reason=judged.why)
        else:
            done = await store.set_stage(rollout, following.stage, who=WHO, reason=judged.why)
        if done is not None:
            if self._changed is not None:  # this process need not wait until it is told
                await self._changed()
            level = _log.warning if move is Move.ROLL_BACK else _log.info
            level("rollout.moved", rollout=rollout.id, recipe=rollout.recipe, stage=following.stage, why=judged.why)

    async def _keep(self, hand: "_Hand", rollout: Rollout) -> bool:
        """Write what was counted, if anything was; False when somebody else counted, or it is over."""
        progress = hand.kept.progress(hand.last)
        if progress == rollout.progress:
            return True
        if not await self._ledger.rollouts.count(rollout, progress):
            self._hand = None
            return False
        hand.written = progress.last_attempt
        return True


class _Hand:
    """A rollout as this leader has it in hand."""

    def __init__(self, rollout: Rollout) -> None:
        self.id = rollout.id
        self.since = self.last = self.written = rollout.progress.last_attempt
        self.violation: str | None = None
        self.kept: Kept = kept_of(rollout)
        self._guard: Guard | None = None

    def knows(self, rollout: Rollout) -> bool:
        """Whether this is what the ledger has: nobody else counted."""
        return self.id == rollout.id and self.written == rollout.progress.last_attempt

    def guard(self, rollout: Rollout, recent: Sequence[Seen]) -> Guard:
        """The guard of the stage; a stage begins with a new one."""
        if self.kept.stage != rollout.stage or self.kept.tally is None:
            self._guard = _begun(rollout, [each for each in recent if self.counts(rollout, each, any_recipe=True)])
            self.kept.stage, self.kept.tally = rollout.stage, self._guard.tally
        elif self._guard is None:
            self._guard = Guard(self.kept.tally)
        return self._guard

    def counts(self, rollout: Rollout, seen: Seen, *, any_recipe: bool = False) -> bool:
        """Whether an attempt is evidence: test workspaces have the candidate throughout: nothing to compare."""
        if not any_recipe and seen.recipe not in {rollout.recipe, rollout.previous}:
            return False
        return self.kept.asked.counts_tests or seen.workspace not in rollout.test_workspaces


def _begun(rollout: Rollout, recent: Sequence[Seen]) -> Guard:
    """A guard for a stage, which expects the share that the traffic before would have had."""
    would = sum(
        reached(rollout, workspace=each.workspace, conversation=each.conversation_id, item=each.media_row)
        for each in recent
    )
    return Guard.of(SHARES[rollout.stage], candidates=would, attempts=len(recent))


def _unit(rollout: Rollout, seen: Seen) -> str:
    """What one bucket holds: its failures within a minute are one."""
    if rollout.unit == buckets.WORKSPACE:
        return seen.workspace
    return f"{seen.workspace}/{seen.conversation_id if seen.conversation_id is not None else f'item {seen.media_row}'}"


def freezes(incident: Incident) -> bool:
    """Whether an incident is of upstream.

    A request of our own that is wrong is not, its cure is what is rolled out; nor are webhooks that do not come.
    """
    ours = incident.cause is not None and incident.cause.own_request
    return incident.state != "closed" and incident.outcome in _FREEZING and not ours


def violates(seen: Seen) -> bool:
    """Whether a request was not the declared one; where a media id is unfit for any, it came to no host."""
    return not seen.contract_ok and seen.host is not None


def _violation(seen: Seen) -> str:
    method = f", as a {seen.wire_method}" if seen.wire_method != seen.declared_method else ""
    return f"{seen.operation} was prepared otherwise than declared{method}."
