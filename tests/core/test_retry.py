"""When an item is tried again, and that it is never given up too early."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.retry import next_step
from penstock.core.verdict import Verdict
from penstock.core.work import Claim, Expired, Failed, Outcome, RetryLater

NOW = 1_795_000_000.0
DEADLINE = NOW + 6 * 86_400.0
URL = "https://lookaside.fbsbx.com/x"


def claim(*, attempts: int = 0, deadline: float = DEADLINE) -> Claim:
    return Claim(
        id=1,
        fence=1,
        workspace_id=1,
        workspace="acme",
        number_id=1,
        phone_number_id="1",
        app="main",
        credential_id=1,
        credential="token-a",
        kind="image",
        media_id="1",
        wamid="wamid.x",
        received_at=deadline - 7 * 86_400.0,
        deadline=deadline,
        attempts=attempts,
    )


def verdict(**facts: Any) -> Verdict:
    known: dict[str, Any] = {"outcome": Outcome.UPSTREAM, "final": None, "fault": "theirs", "sentence": "It failed."}
    return Verdict(**(known | facts))


def due_in(
    judged: Verdict, *, attempts: int = 0, jitter: float = 1.0, now: float = NOW, deadline: float = DEADLINE
) -> float:
    step = next_step(
        judged, claim(attempts=attempts, deadline=deadline), now=now, jitter=jitter, url=None, url_expires_at=None
    )
    assert isinstance(step, RetryLater)
    return step.due_at - now


def test_the_window_doubles_up_to_two_minutes_and_the_jitter_fills_it() -> None:
    assert [due_in(verdict(), attempts=made) for made in range(8)] == [2, 4, 8, 16, 32, 64, 120, 120]
    assert due_in(verdict(), attempts=3, jitter=0.0) == 0
    assert due_in(verdict(), attempts=3, jitter=0.5) == 8
    assert due_in(verdict(), attempts=5_000) == 120


def test_it_waits_at_least_as_long_as_it_was_told_and_still_spreads() -> None:
    assert due_in(verdict(after_s=40.0), jitter=0.0) == 40
    assert due_in(verdict(after_s=40.0), attempts=2) == 48


def test_a_sparing_retry_is_slow_from_the_start_and_grows_to_half_an_hour() -> None:
    sparing = verdict(sparing=True)
    assert [due_in(sparing, attempts=made) for made in range(7)] == [60, 120, 240, 480, 960, 1800, 1800]
    assert due_in(sparing, jitter=0.0) == 60
    assert due_in(sparing, attempts=5_000, jitter=0.0) == 900


def test_what_would_be_due_after_the_deadline_is_tried_just_before_it_and_once_more_at_it() -> None:
    slow = verdict(sparing=True, after_s=3_600.0)
    assert due_in(slow, deadline=NOW + 600.0) == 570
    assert due_in(slow, deadline=NOW + 45.0) == 45
    assert due_in(slow, deadline=NOW + 0.5) == 0.5


def test_after_the_deadline_a_failure_is_the_end_and_says_what_happened_last() -> None:
    step = next_step(verdict(), claim(deadline=NOW), now=NOW, jitter=0.5, url=URL, url_expires_at=NOW + 100)
    assert isinstance(step, Expired)
    assert step.outcome is Outcome.UPSTREAM
    assert step.reason.endswith("At the last try: It failed.")


def test_a_final_verdict_ends_the_item_with_its_sentence() -> None:
    for final, ending in (("failed", Failed), ("expired", Expired)):
        step = next_step(
            verdict(final=final, outcome=Outcome.GONE), claim(), now=NOW, jitter=0.5, url=URL, url_expires_at=NOW + 100
        )
        assert isinstance(step, ending)
        assert (step.outcome, step.reason) == (Outcome.GONE, "It failed.")


@pytest.mark.parametrize(
    ("fresh_url", "expires_in_s", "kept"),
    [(False, 300.0, True), (False, 12.0, True), (False, 11.0, False), (False, None, False), (True, 300.0, False)],
)
def test_a_url_is_kept_while_it_will_live_at_the_next_try(
    fresh_url: bool, expires_in_s: float | None, kept: bool
) -> None:
    expires_at = None if expires_in_s is None else NOW + expires_in_s
    step = next_step(verdict(fresh_url=fresh_url), claim(), now=NOW, jitter=1.0, url=URL, url_expires_at=expires_at)
    assert isinstance(step, RetryLater)
    assert (step.url, step.url_expires_at) == ((URL, expires_at) if kept else (None, None))


times = st.floats(0, 4e9, allow_nan=False)


@given(
    st.sampled_from(Outcome),
    st.sampled_from([None, "expired", "failed"]),
    st.one_of(st.none(), st.floats(0, 1e7)),
    st.booleans(),
    st.booleans(),
    st.integers(0, 100_000),
    times,
    times,
    st.floats(0, 1),
    st.one_of(st.none(), times),
)
@settings(deadline=None, max_examples=300)
def test_an_item_is_never_lost_and_never_given_up_early(
    outcome: Outcome,
    final: str | None,
    after_s: float | None,
    sparing: bool,
    fresh_url: bool,
    attempts: int,
    now: float,
    deadline: float,
    jitter: float,
    url_expires_at: float | None,
) -> None:
    judged = verdict(outcome=outcome, final=final, after_s=after_s, sparing=sparing, fresh_url=fresh_url)
    url = URL if url_expires_at is not None else None
    step = next_step(
        judged,
        claim(attempts=attempts, deadline=deadline),
        now=now,
        jitter=jitter,
        url=url,
        url_expires_at=url_expires_at,
    )
    assert step.outcome is outcome
    match step:
        case Failed():
            assert final == "failed"
        case Expired():
            assert final == "expired" or now >= deadline
        case RetryLater():
            assert final is None and now < deadline
            assert now <= step.due_at <= deadline
            if step.url is not None:
                assert not fresh_url and url_expires_at is not None and step.due_at < url_expires_at


@given(st.floats(0, 1), st.booleans(), st.floats(1.0, 700_000.0))
@settings(deadline=None, max_examples=60)
def test_retries_end_at_the_deadline_and_not_before(jitter: float, sparing: bool, life_s: float) -> None:
    now, made, step = NOW, 0, None
    while made < 100_000:
        step = next_step(
            verdict(sparing=sparing),
            claim(attempts=made, deadline=NOW + life_s),
            now=now,
            jitter=max(jitter, 0.2),
            url=None,
            url_expires_at=None,
        )
        if not isinstance(step, RetryLater):
            break
        now, made = step.due_at, made + 1
    assert isinstance(step, Expired)
    assert now == NOW + life_s  # the last try was made at the deadline


# -- behind gates -----------------------------------------------------------------------------------------------

HOUR = 3_600.0
GONE = verdict(outcome=Outcome.GONE, final="failed")


def life(answers: list[Verdict | None], held: list[tuple[float, float]], jitter: float) -> tuple[str, list[float]]:
    """What becomes of a file that gates hold from time to time, and when it was tried.

    ``answers`` are Meta's, one for each attempt and None for the file; the last one is repeated. A gate only keeps
    anybody from trying.
    """
    now, tries = DEADLINE - 7 * 86_400.0, list[float]()
    while True:
        while behind := [until for since, until in held if since <= now < until]:
            now = max(behind)
        judged = answers[min(len(tries), len(answers) - 1)]
        tries.append(now)
        if judged is None:
            return "attached", tries
        step = next_step(judged, claim(attempts=len(tries) - 1), now=now, jitter=jitter, url=None, url_expires_at=None)
        if not isinstance(step, RetryLater):
            return type(step).__name__, tries
        now = max(now, step.due_at)


@settings(deadline=None, max_examples=150)
@given(
    answers=st.lists(st.sampled_from([verdict(), verdict(sparing=True), verdict(after_s=50.0)]), max_size=5),
    last=st.sampled_from([None, GONE]),
    held=st.lists(
        st.tuples(st.floats(-1, 24), st.floats(0, 24)).map(
            lambda times: (DEADLINE - (7 * 24 - times[0]) * HOUR, DEADLINE - (7 * 24 - times[0] - times[1]) * HOUR)
        ),
        max_size=6,
    ),
    jitter=st.floats(0, 1),
)
def test_after_a_day_of_gates_a_file_stands_where_it_would_stand_without_any(
    answers: list[Verdict | None], last: Verdict | None, held: list[tuple[float, float]], jitter: float
) -> None:
    state, tries = life([*answers, last], held, jitter)
    free_state, free_tries = life([*answers, last], [], jitter)

    assert (state, len(tries)) == (free_state, len(free_tries))
    assert not any(since <= at < until for at in tries for since, until in held)


@settings(deadline=None, max_examples=50)
@given(past_s=st.floats(0, 30 * 86_400.0), jitter=st.floats(0, 1))
def test_a_gate_that_outlasts_the_deadline_ends_nothing_and_the_next_try_decides(past_s: float, jitter: float) -> None:
    held = [(0.0, DEADLINE + past_s)]

    assert life([None], held, jitter) == ("attached", [DEADLINE + past_s])
    assert life([verdict()], held, jitter) == ("Expired", [DEADLINE + past_s])
