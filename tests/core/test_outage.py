"""An outage is one line at its beginning, one now and then, one at its end, however many meet it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import outage
from penstock.core.errors import StoreUnavailable, WrongUse
from penstock.core.outage import QUIET_S, REMIND_S, Outage, Word

Event = tuple[str, str, float]  # what happened, to what, how long after the one before


def play(events: list[Event]) -> tuple[Outage | None, list[tuple[float, Word]]]:
    """What is left, and what was said when."""
    state: Outage | None = None
    said: list[tuple[float, Word]] = []
    now = 0.0
    for happened, doing, after_s in events:
        now += after_s
        word = None
        if happened == "failed":
            state, word = outage.failed(state, doing, now=now)
        elif state is not None:
            state, word = outage.went(state, doing, now=now)
        if word is not None:
            said.append((now, word))
    return state, said


def test_a_thousand_failures_are_one_line() -> None:
    state, said = play([("failed", "write", 0.01)] * 1_000)

    assert said == [(0.01, Word.BEGAN)]
    assert state is not None
    assert state.failures == 1_000


def test_it_is_over_when_it_works_again_and_has_for_a_while() -> None:
    hasty = [("failed", "write", 0.0), ("went", "write", QUIET_S / 2)]
    assert play(hasty)[1] == [(0.0, Word.BEGAN)]

    assert play([*hasty, ("went", "write", QUIET_S)]) == (None, [(0.0, Word.BEGAN), (1.5 * QUIET_S, Word.OVER)])


def test_a_store_that_comes_and_goes_is_one_outage() -> None:
    _, said = play([("failed", "write", 1.0), ("went", "write", 1.0)] * 100)

    assert [word for _, word in said] == [Word.BEGAN]


def test_reading_does_not_end_an_outage_of_writing() -> None:
    events = [("failed", "write", 0.0), *[("went", "read", QUIET_S)] * 5]
    assert play(events)[1] == [(0.0, Word.BEGAN)]
    assert [word for _, word in play([*events, ("went", "write", 1.0)])[1]] == [Word.BEGAN, Word.OVER]


def test_whoever_looks_at_the_end_of_a_long_log_sees_that_it_lasts() -> None:
    _, said = play([("failed", "write", 60.0)] * 31)

    assert said == [
        (60.0, Word.BEGAN),
        *((60.0 + REMIND_S * count, Word.LASTS) for count in range(1, 4)),
    ]


events = st.lists(
    st.tuples(st.sampled_from(["failed", "went"]), st.sampled_from(["read", "write"]), st.floats(0, 20)), max_size=60
)


@settings(max_examples=200, deadline=None)
@given(events)
def test_whatever_happens_beginnings_and_ends_take_turns_and_are_rare(told: list[Event]) -> None:
    state, said = play(told)
    turns = [word for _, word in said if word is not Word.LASTS]

    assert turns == [Word.BEGAN, Word.OVER] * (len(turns) // 2) + [Word.BEGAN] * (len(turns) % 2)
    assert (state is not None) == (len(turns) % 2 == 1)
    ends = [at for at, word in said if word is Word.OVER]
    begins = [at for at, word in said if word is Word.BEGAN]
    assert all(end - begin >= QUIET_S for begin, end in zip(begins, ends, strict=False))


def test_what_cannot_be_reached_is_told_by_others_and_what_is_wrong_is_not() -> None:
    assert outage.level(StoreUnavailable("away")) < outage.level(WrongUse("wrong"))
