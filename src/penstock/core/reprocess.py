"""Reprocessing, decided: which ended files may be put back to work, how many now, and whether the run may go on.

A run is a value that knows how many of its files stand where; every step gives the next value, and the sum always adds
up. It begins with a hundred files and goes on only if enough of them are attached; after that it looks again at every
hundred endings. What waits behind a shut gate counts neither for it nor against it. Nothing here knows a file's row or
a clock. Used by ``ledger.reprocess``, ``controls.reprocess`` and whoever shows a run.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from penstock.core.media import State as MediaState
from penstock.core.media import Step, after

FIRST = 100  # files of the trial, and endings from one check to the next
TRIED = 90  # of the first hundred must have ended before they are judged; a few may be retried for days
WINDOW = 500  # files of one run under way at once at most: so many go on when it is paused or cancelled
STEP = 200  # files put to work in one transaction at most: more would hold up the webhooks behind it
_BURST_S = 1.0  # what a rate has saved up at most


class Reason(StrEnum):
    """Why a file that was selected is not put back to work."""

    ATTACHED = "attached"
    BEING_FETCHED = "being_fetched"
    ERASED = "erased"
    NO_MEDIA_ID = "no_media_id"
    DEADLINE_PASSED = "deadline_passed"
    NUMBER_REMOVED = "number_removed"
    OTHER_RUN = "in_another_run"


SENTENCES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.ATTACHED: "attached already",
        Reason.BEING_FETCHED: "waiting or being fetched already",
        Reason.ERASED: "erased with their customer",
        Reason.NO_MEDIA_ID: "never delivered by WhatsApp: there is no media id to ask for",
        Reason.DEADLINE_PASSED: "past their time at WhatsApp (7 days, 1 hour on a No-Storage number): asking is rarely "
        "worth it; --past-deadline tries each once",
        Reason.NUMBER_REMOVED: "of a number that was removed: add it again first",
        Reason.OTHER_RUN: "in another run that is not over",
    }
)


class Candidate(NamedTuple):
    """What is to be known of a file to tell whether it may be put back to work."""

    state: str
    media_id: str
    deadline: float  # epoch seconds
    number_removed: bool
    in_run: bool = False  # another run has it


def ineligible(item: Candidate, *, now: float, past_deadline: bool = False) -> Reason | None:
    """Why this file is not put back to work; None = it may be. ``past_deadline`` tries those over at WhatsApp, too."""
    if after(MediaState(item.state), Step.REPROCESS) is None:
        return _STANDING.get(item.state, Reason.BEING_FETCHED)
    if not item.media_id:
        return Reason.NO_MEDIA_ID
    if item.number_removed:
        return Reason.NUMBER_REMOVED
    if item.deadline <= now and not past_deadline:
        return Reason.DEADLINE_PASSED
    return Reason.OTHER_RUN if item.in_run else None


_STANDING = {MediaState.ATTACHED.value: Reason.ATTACHED, MediaState.ERASED.value: Reason.ERASED}


class State(StrEnum):
    """How a run stands. One that is over is never begun again."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


OVER = frozenset({State.CANCELLED, State.DONE})


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run: what it may do, and how many of its files stand where. Each file is in exactly one of the counts."""

    state: State = State.RUNNING
    selecting: bool = True  # it is still being found out which files it is about
    on_trial: bool = True
    stopped: bool = False  # it paused itself; ``reason`` says why
    reason: str | None = None
    rate: float | None = None  # files a second; None = as the fetchers take them
    next_at: float = 0.0  # epoch seconds up to which the rate is used
    selected: int = 0
    refused: int = 0  # not eligible, or no longer when their turn came
    waiting: int = 0  # for their turn
    under_way: int = 0  # put back to work
    attached: int = 0
    failed: int = 0
    expired: int = 0
    cancelled: int = 0
    seen_attached: int = 0  # when it was last looked at
    seen_ended: int = 0

    @property
    def eligible(self) -> int:
        """How many files it is really about."""
        return self.selected - self.refused

    @property
    def ended(self) -> int:
        """How many came to an end again."""
        return self.attached + self.failed + self.expired

    @property
    def adds_up(self) -> bool:
        """Whether every selected file is accounted for, once."""
        counts = (self.refused, self.waiting, self.under_way, self.ended, self.cancelled)
        return min(counts) >= 0 and sum(counts) == self.selected


# -- what happens to its files ------------------------------------------------------------------


def selected(run: Run, *, eligible: int, refused: int) -> Run:
    """More files were found. After a cancel nothing is selected any more."""
    return _with(
        run,
        selected=run.selected + eligible + refused,
        waiting=run.waiting + eligible,
        refused=run.refused + refused,
    )


def all_selected(run: Run) -> Run:
    """Every file that the run is about was found."""
    return _with(run, selecting=False)


def may_release(run: Run, *, now: float, held: int = 0) -> int:
    """How many files may be put back to work now; ``held`` of those under way stand behind a shut gate."""
    if run.state is not State.RUNNING or run.selecting:
        return 0
    moving = max(0, run.under_way - held)
    room = FIRST - (run.ended - run.seen_ended) - moving if run.on_trial else WINDOW - moving
    return max(0, min(room, run.waiting, _by_rate(run, now), STEP))


def released(run: Run, count: int, *, refused: int = 0, now: float) -> Run:
    """So many were put back to work, and so many turned out not to be eligible any more."""
    used_s = count / run.rate if run.rate else 0.0
    return _with(
        run,
        waiting=run.waiting - count - refused,
        under_way=run.under_way + count,
        refused=run.refused + refused,
        next_at=max(run.next_at, now) + used_s if used_s else run.next_at,
    )


def ended(run: Run, *, attached: int = 0, failed: int = 0, expired: int = 0, erased: int = 0) -> Run:
    """So many of those under way came to an end."""
    return _with(
        run,
        under_way=run.under_way - attached - failed - expired - erased,
        attached=run.attached + attached,
        failed=run.failed + failed,
        expired=run.expired + expired,
        refused=run.refused + erased,
    )


def judged(run: Run) -> Run:
    """The run after a look at what became of its files: it goes on, pauses itself, or is done."""
    if run.state in OVER or run.selecting:
        return run
    if not run.waiting and not run.under_way:
        return _with(run, state=State.DONE, stopped=False, reason=None)
    if run.state is not State.RUNNING or not run.waiting:
        return run  # nothing would be put to work, so there is nothing to be stopped
    since, good = run.ended - run.seen_ended, run.attached - run.seen_attached
    hopeless = run.on_trial and (since - good) * 2 > max(FIRST, since)
    if hopeless or (since >= (TRIED if run.on_trial else FIRST) and good * 2 < since):
        return _with(run, state=State.PAUSED, stopped=True, reason=_why_stopped(run, since, good))
    if since >= (TRIED if run.on_trial else FIRST):
        return _with(run, on_trial=False, seen_attached=run.attached, seen_ended=run.ended)
    return run


# -- what a person does to it -------------------------------------------------------------------


def pause(run: Run) -> Run | None:
    """Nothing more is put to work; what is under way goes on. None = it does not run."""
    return _with(run, state=State.PAUSED, stopped=False, reason=None) if run.state is State.RUNNING else None


def resume(run: Run) -> Run | None:
    """Go on. After it paused itself there is a trial of the next hundred again. None = it is not paused."""
    if run.state is not State.PAUSED:
        return None
    going = _with(run, state=State.RUNNING, stopped=False, reason=None)
    if run.stopped:
        going = _with(going, on_trial=True, seen_attached=run.attached, seen_ended=run.ended)
    return going


def cancel(run: Run) -> Run | None:
    """Give up what has not been put to work; what is under way goes on. None = it is over already."""
    if run.state in OVER:
        return None
    return _with(
        run,
        state=State.CANCELLED,
        selecting=False,
        stopped=False,
        reason=None,
        waiting=0,
        cancelled=run.cancelled + run.waiting,
    )


STEERING = MappingProxyType({"pause": pause, "resume": resume, "cancel": cancel})


# -- beforehand ---------------------------------------------------------------------------------


def takes_s(eligible: int, *, rate: float | None, recent: float | None) -> float | None:
    """How long a run will take by its rate, or else by that of late, in seconds; None = nobody can tell."""
    pace = rate or recent
    return eligible / pace if pace else None


# -- parts --------------------------------------------------------------------------------------


def _by_rate(run: Run, now: float) -> int:
    """How many files the rate allows at this moment; one at least is saved up, however slow it is."""
    if not run.rate:
        return STEP
    saved_s = max(_BURST_S, 1 / run.rate) - max(0.0, run.next_at - now)
    return int(saved_s * run.rate + 1e-6)


def _why_stopped(run: Run, since: int, good: int) -> str:
    which = f"first {since}" if run.on_trial and not run.seen_ended else f"last {since}"
    return (
        f"of the {which} files only {good} were attached, so it paused itself; look at why the others ended "
        "(`penstock media list`), mend that, then resume it or cancel it"
    )


def _with(run: Run, **changes: object) -> Run:
    return msgspec.structs.replace(run, **changes)
