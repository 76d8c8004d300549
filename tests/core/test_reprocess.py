"""Which files may be put back to work, and a run that loses none of them whatever happens to it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs

from penstock.core import reprocess
from penstock.core.media import State as MediaState
from penstock.core.media import Step, after
from penstock.core.reprocess import (
    FIRST,
    OVER,
    SENTENCES,
    STEP,
    TRIED,
    WINDOW,
    Candidate,
    Reason,
    Run,
    State,
    ineligible,
    judged,
    may_release,
    released,
    takes_s,
)

NOW = 1_795_000_000.0
LOST = Candidate("failed", "1000000000000101", NOW + 60.0, number_removed=False)


def ready(files: int, *, rate: float | None = None) -> Run:
    """A run that has found its files."""
    return reprocess.all_selected(reprocess.selected(Run(rate=rate), eligible=files, refused=0))


def put(run: Run, count: int | None = None, *, now: float = NOW) -> Run:
    """The run after as many were put to work as it may, or so many."""
    return released(run, may_release(run, now=now) if count is None else count, now=now)


# -- which files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["failed", "expired"])
def test_a_lost_file_with_time_left_may_be_put_back_to_work(state: str) -> None:
    assert ineligible(LOST._replace(state=state), now=NOW) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": "attached"}, Reason.ATTACHED),
        ({"state": "erased"}, Reason.ERASED),
        ({"state": "waiting"}, Reason.BEING_FETCHED),
        ({"state": "fetching"}, Reason.BEING_FETCHED),
        ({"media_id": ""}, Reason.NO_MEDIA_ID),
        ({"deadline": NOW}, Reason.DEADLINE_PASSED),
        ({"number_removed": True}, Reason.NUMBER_REMOVED),
        ({"in_run": True}, Reason.OTHER_RUN),
    ],
    ids=str,
)
def test_each_reason_against_it_is_told(changed: dict[str, Any], reason: Reason) -> None:
    assert ineligible(LOST._replace(**changed), now=NOW) is reason


def test_what_is_past_its_time_may_be_tried_when_somebody_insists_and_nothing_else_may() -> None:
    old = LOST._replace(deadline=NOW - 86_400)

    assert ineligible(old, now=NOW, past_deadline=True) is None
    assert ineligible(old._replace(media_id=""), now=NOW, past_deadline=True) is Reason.NO_MEDIA_ID


@pytest.mark.parametrize("state", MediaState)
def test_only_states_that_the_table_leads_out_of_by_reprocessing_are_eligible(state: MediaState) -> None:
    eligible = ineligible(LOST._replace(state=state.value), now=NOW) is None

    assert eligible == (after(state, Step.REPROCESS) is not None)


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)


# -- how many, and when ------------------------------------------------------------------------------------


def test_nothing_is_put_to_work_before_all_files_are_known() -> None:
    assert may_release(reprocess.selected(Run(), eligible=10, refused=0), now=NOW) == 0


def test_it_begins_with_a_hundred() -> None:
    run = put(ready(20_000))

    assert run.under_way == FIRST
    assert may_release(run, now=NOW + 9_999) == 0


def test_it_goes_on_in_steps_within_its_window_when_they_are_attached() -> None:
    run = judged(reprocess.ended(put(ready(20_000)), attached=FIRST))
    assert not run.on_trial
    steps = []
    while may_release(run, now=NOW):
        steps.append(may_release(run, now=NOW))
        run = put(run)

    assert max(steps) == STEP
    assert run.under_way == WINDOW


def test_a_few_that_are_retried_for_days_do_not_keep_the_rest_waiting() -> None:
    run = reprocess.ended(put(ready(20_000)), attached=TRIED - 1)
    assert judged(run).on_trial
    assert not judged(reprocess.ended(run, failed=1)).on_trial


def test_it_pauses_itself_as_soon_as_half_of_the_first_hundred_cannot_be_attached() -> None:
    run = put(ready(20_000))
    half = reprocess.ended(run, failed=FIRST // 2)
    assert judged(half) == half
    paused = judged(reprocess.ended(half, expired=1))

    assert (paused.state, paused.stopped) == (State.PAUSED, True)
    assert "of the first 51 files only 0 were attached" in (paused.reason or "")
    assert may_release(paused, now=NOW) == 0


def test_after_it_was_resumed_it_tries_a_hundred_again() -> None:
    paused = judged(reprocess.ended(put(ready(20_000)), failed=FIRST))
    resumed = reprocess.resume(paused)
    assert resumed is not None
    assert (resumed.on_trial, resumed.reason) == (True, None)
    again = put(resumed)

    assert again.under_way == FIRST
    assert "of the last" in (judged(reprocess.ended(again, failed=FIRST)).reason or "")


def test_later_it_pauses_itself_when_most_of_a_hundred_endings_are_bad() -> None:
    run = judged(reprocess.ended(put(ready(20_000)), attached=FIRST))
    run = judged(reprocess.ended(put(run), attached=49, failed=50))
    assert run.state is State.RUNNING

    assert judged(reprocess.ended(put(run), failed=1)).state is State.PAUSED


def test_what_was_paused_by_a_person_goes_on_where_it_was() -> None:
    run = judged(reprocess.ended(put(ready(20_000)), attached=FIRST))
    paused = reprocess.pause(run)
    assert paused is not None

    assert reprocess.resume(paused) == run


def test_endings_do_not_stop_what_has_nothing_left_to_be_put_to_work() -> None:
    run = reprocess.ended(put(ready(60)), failed=60)

    assert judged(run).state is State.DONE


def test_what_waits_behind_a_shut_gate_takes_nobodys_place() -> None:
    run = put(ready(20_000))

    assert may_release(run, now=NOW, held=FIRST) == FIRST
    assert may_release(run, now=NOW, held=40) == 40


def test_a_slow_rate_lets_one_file_through_at_a_time() -> None:
    run = put(ready(10, rate=0.1))
    assert run.under_way == 1
    assert may_release(run, now=NOW + 9.9) == 0
    assert may_release(run, now=NOW + 10.0) == 1


@given(rate=st.floats(0.01, 500.0), pauses=st.lists(st.floats(0.0, 5.0), max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_more_than_the_rate_goes_through_in_any_stretch_of_time(rate: float, pauses: list[float]) -> None:
    run = structs.replace(ready(10_000_000, rate=rate), on_trial=False)
    now = NOW
    for pause in pauses:
        now += pause
        count = may_release(run, now=now)
        run = reprocess.ended(released(run, count, now=now), attached=count)

    assert run.attached <= rate * (now - NOW + max(1.0, 1 / rate)) + 1


def test_how_long_it_takes_is_told_from_the_rate_or_from_that_of_late() -> None:
    assert takes_s(600, rate=10.0, recent=2.0) == 60.0
    assert takes_s(600, rate=None, recent=2.0) == 300.0
    assert takes_s(600, rate=None, recent=None) is None


# -- whatever happens --------------------------------------------------------------------------------------


class AnyRun(RuleBasedStateMachine):
    """Files are found, put to work, end, are erased; people pause, resume and cancel; in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.run = Run(rate=None)
        self.now = NOW
        self.files = 0
        self.trial: int | None = FIRST  # how many it may still put to work before it has proved itself

    @rule(eligible=st.integers(0, 400), refused=st.integers(0, 5), last=st.booleans())
    def more_are_found(self, eligible: int, refused: int, last: bool) -> None:
        if self.run.selecting:
            self.files += eligible + refused
            self.run = reprocess.selected(self.run, eligible=eligible, refused=refused)
            self.run = reprocess.all_selected(self.run) if last else self.run

    @rule(refused=st.integers(0, 3), waited_s=st.floats(0.0, 10.0), held=st.integers(0, 50))
    def some_are_put_to_work(self, refused: int, waited_s: float, held: int) -> None:
        self.now += waited_s
        held = min(held, self.run.under_way)
        room = may_release(self.run, now=self.now, held=held)
        if room:
            assert self.run.state is State.RUNNING
            assert room <= min(self.run.waiting, STEP)
            assert self.run.under_way - held + room <= WINDOW
        refused = min(refused, room)
        self.run = released(self.run, room - refused, refused=refused, now=self.now)

    @rule(data=st.data())
    def some_end(self, data: st.DataObject) -> None:
        counts = {}
        left = self.run.under_way
        for name in ("attached", "failed", "expired", "erased"):
            counts[name] = data.draw(st.integers(0, left), label=name)
            left -= counts[name]
        self.run = reprocess.ended(self.run, **counts)

    @rule()
    def it_is_looked_at(self) -> None:
        before = self.run
        self.run = judged(before)
        assert judged(self.run) == self.run
        if self.run.stopped and not before.stopped:
            since = before.ended - before.seen_ended
            assert (before.attached - before.seen_attached) * 2 < max(since, FIRST)
            assert self.run.reason
        if before.on_trial and not self.run.on_trial:
            assert (before.attached - before.seen_attached) * 2 >= before.ended - before.seen_ended >= TRIED

    @rule(step=st.sampled_from(sorted(reprocess.STEERING)))
    def somebody_steers(self, step: str) -> None:
        steered = reprocess.STEERING[step](self.run)
        if self.run.state in OVER:
            assert steered is None
        self.run = steered or self.run

    @invariant()
    def no_file_is_lost_and_the_sum_adds_up(self) -> None:
        assert self.run.selected == self.files
        assert self.run.adds_up, self.run

    @invariant()
    def what_is_over_has_nothing_waiting(self) -> None:
        if self.run.state in OVER:
            assert self.run.waiting == 0
            assert may_release(self.run, now=self.now) == 0
        if self.run.state is State.DONE:
            assert self.run.under_way == 0

    def teardown(self) -> None:
        """However it stands, a run comes to its end once its files do and somebody resumes it."""
        run = reprocess.all_selected(self.run)
        for _ in range(5_000):
            if run.state in OVER and not run.under_way:
                break
            run = reprocess.resume(run) or run
            self.now += 1.0
            run = released(run, may_release(run, now=self.now), now=self.now)
            run = judged(reprocess.ended(run, attached=run.under_way))
        assert run.state in OVER
        assert run.selected == run.refused + run.attached + run.failed + run.expired + run.cancelled


TestAnyRun = AnyRun.TestCase
TestAnyRun.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
