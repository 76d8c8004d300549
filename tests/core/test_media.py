"""The life of a media item: the table of transitions holds together, and deadlines count from the right moment."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.media import (
    MEDIA_LIFE_S,
    NO_STORAGE_LIFE_S,
    OPEN,
    TRANSITIONS,
    State,
    Step,
    after,
    deadline,
)

SENT = 1_795_000_000.0


def test_a_file_is_claimed_fetched_and_attached() -> None:
    claimed = after(State.WAITING, Step.CLAIM)

    assert claimed is State.FETCHING
    assert after(claimed, Step.ATTACH) is State.ATTACHED


@pytest.mark.parametrize("step", [Step.PUT_BACK, Step.RETRY, Step.LOSE_LEASE])
def test_a_file_that_was_not_fetched_waits_again(step: Step) -> None:
    assert after(State.FETCHING, step) is State.WAITING


@pytest.mark.parametrize("state", [State.EXPIRED, State.FAILED])
def test_what_was_lost_waits_again_only_by_reprocessing(state: State) -> None:
    assert [step for step in Step if after(state, step) is State.WAITING] == [Step.REPROCESS]


def test_an_attached_file_can_only_be_erased() -> None:
    assert [step for step in Step if after(State.ATTACHED, step) is not None] == [Step.ERASE]


def test_nothing_follows_erasure() -> None:
    assert all(after(State.ERASED, step) is None for step in Step)


def test_nothing_ends_without_having_been_fetched() -> None:
    assert {after(State.WAITING, step) for step in Step} == {None, State.FETCHING, State.ERASED}


def test_every_state_can_be_reached() -> None:
    reached = {State.WAITING}
    for _ in State:
        reached |= {to for (state, _), to in TRANSITIONS.items() if state in reached}

    assert reached == set(State)


def test_only_waiting_and_fetching_are_open() -> None:
    assert {State.WAITING, State.FETCHING} == OPEN


def test_the_table_speaks_of_states_and_steps_that_exist() -> None:
    assert set(TRANSITIONS) <= set(itertools.product(State, Step))


def test_meta_keeps_a_file_for_seven_days_from_the_message() -> None:
    assert deadline(sent_at=SENT, received_at=SENT + 100, no_storage=False) == SENT + MEDIA_LIFE_S


def test_on_a_no_storage_number_a_file_lives_an_hour() -> None:
    assert deadline(sent_at=SENT, received_at=SENT, no_storage=True) == SENT + NO_STORAGE_LIFE_S


def test_a_message_from_the_future_promises_no_longer_life() -> None:
    assert deadline(sent_at=SENT + 9_999, received_at=SENT, no_storage=False) == SENT + MEDIA_LIFE_S


def test_a_file_of_the_history_lives_from_its_arrival() -> None:
    old = SENT - 10 * 86_400

    assert deadline(sent_at=old, received_at=SENT, no_storage=False, history=True) == SENT + MEDIA_LIFE_S


@given(st.floats(0, 4e9), st.floats(0, 4e9), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_deadline_is_later_than_metas_promise_counted_from_the_arrival(
    sent_at: float, received_at: float, no_storage: bool, history: bool
) -> None:
    until = deadline(sent_at=sent_at, received_at=received_at, no_storage=no_storage, history=history)

    assert until <= received_at + (NO_STORAGE_LIFE_S if no_storage else MEDIA_LIFE_S)
