"""The breaker: what shuts it, what does not, and the way out of every state."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import breaker
from penstock.core.breaker import (
    EAGER_OPENING,
    FEWEST,
    GROWTH,
    OTHERS,
    PROBE_OPENING,
    PROBES,
    RAMP_FROM,
    SETTLE_S,
    SILENCE_S,
    STALE_S,
    TRIES,
    WIDE,
    WINDOW,
    Breaker,
    Intent,
    Phase,
    Tried,
)
from penstock.core.gate import Gate
from penstock.core.seen import Seen
from penstock.core.work import Outcome

NOW = 1_795_000_000.0
LOOK_UP = "media.look_up"
BACK_S = 60.0  # from the first probe that passes until there is no gate, generously


class Watch:
    """A breaker and the time that passes before it."""

    def __init__(self, operation: str = LOOK_UP) -> None:
        self.breaker = Breaker(operation, born_at=NOW)
        self.now = NOW
        self.jobs = iter(range(1, 1_000_000))

    def phase(self) -> Phase:
        return self.breaker.phase

    def attempt(self, passed: bool | None, *, job: int | None = None, nth: int = 1, **more: Any) -> None:
        number = next(self.jobs) if job is None else job
        self.breaker.saw(Tried(number, nth, self.now, self.now, passed, **more))

    def file(self, passed: bool, **more: Any) -> None:
        """A file that passes at once, or not in its first attempts."""
        job = next(self.jobs)
        for nth in range(1, 2 if passed else TRIES + 1):
            self.attempt(passed, job=job, nth=nth, **more)

    def files(self, passed: int, failed: int, **more: Any) -> None:
        for good in (True,) * passed + (False,) * failed:
            self.file(good, **more)

    def later(self, seconds: float) -> Intent | None:
        """Time passes, a look a second."""
        end = self.now + seconds
        intent = self.breaker.tick(self.now)
        while self.now < end:
            self.now = min(end, self.now + 1.0)
            intent = self.breaker.tick(self.now)
        return intent

    def shut(self) -> Intent:
        self.files(0, FEWEST)
        intent = self.breaker.tick(self.now)
        assert intent is not None
        return intent

    def probe(self, passed: bool | None) -> Intent | None:
        intent = self.later(5.0)
        self.attempt(passed, nth=4)
        return self.breaker.tick(self.now) or intent


def gate(opening: float, **more: Any) -> Gate:
    facts: dict[str, Any] = {"scope": {"operation": LOOK_UP}, "since": NOW - 100, "until": None, **more}
    return Gate(
        id=1, opening=opening, owner="breaker", by="breaker", why="It was so.", override_automatic=False, **facts
    )


# -- what shuts it, and what does not ---------------------------------------------------------------------


def test_half_of_the_last_files_that_do_not_pass_shut_the_gate() -> None:
    watch = Watch()
    watch.files(FEWEST, 0)
    watch.files(0, FEWEST - 1)
    assert watch.breaker.tick(NOW) is None
    watch.file(False)
    intent = watch.breaker.tick(NOW)

    assert intent is not None
    assert (intent.scope, intent.opening) == ({"operation": LOOK_UP}, PROBE_OPENING)
    assert intent.why.startswith("20 of the last 40 files did not get through media.look_up in 3 attempts")


def test_the_reason_names_how_the_attempts_ended() -> None:
    watch = Watch()
    watch.files(0, 15, what="503")
    watch.files(0, 5, what="timeout")

    intent = watch.breaker.tick(NOW)
    assert intent is not None
    assert "(503: 15, timeout: 5)" in intent.why


def test_fewer_files_than_show_something_shut_nothing() -> None:
    watch = Watch()
    watch.files(0, FEWEST - 1)

    assert watch.breaker.tick(NOW) is None


def test_failing_attempts_shut_nothing_while_their_files_pass_in_the_end() -> None:
    watch = Watch()
    for _ in range(500):
        job = next(watch.jobs)
        watch.attempt(False, job=job, nth=1)
        watch.attempt(False, job=job, nth=2)
        watch.attempt(True, job=job, nth=3)

    assert watch.breaker.tick(NOW) is None


def test_a_third_of_a_fleet_that_is_bad_shuts_nothing() -> None:
    watch, chance = Watch(), random.Random(1)
    for _ in range(20_000):
        job = next(watch.jobs)
        for nth in range(1, 50):
            passed = chance.random() > 0.3
            watch.attempt(passed, job=job, nth=min(nth, 4))
            if passed:
                break

    assert watch.phase() is Phase.FLOWING


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - breaker.PASSED - breaker.FAILED))
def test_what_says_nothing_about_upstream_shuts_nothing(outcome: Outcome) -> None:
    watch = Watch()
    for _ in range(500):
        watch.breaker.saw(breaker.tried(seen(outcome=outcome)))

    assert watch.breaker.tick(NOW) is None


@pytest.mark.parametrize("outcome", sorted(breaker.FAILED))
def test_what_upstream_failed_at_shuts_it(outcome: Outcome) -> None:
    watch = Watch()
    for job in range(FEWEST):
        for nth in range(1, TRIES + 1):
            watch.breaker.saw(breaker.tried(seen(outcome=outcome, media_row=job, nth=nth)))

    assert watch.phase() is Phase.PROBING


def test_a_file_that_goes_on_failing_is_counted_once() -> None:
    watch = Watch()
    for nth in range(1, 1_000):
        watch.attempt(False, job=0, nth=min(nth, 4))

    assert watch.breaker.tick(NOW) is None


def test_of_a_file_that_failed_long_ago_the_new_attempts_count() -> None:
    watch = Watch()
    for _ in range(FEWEST):
        job = next(watch.jobs)
        watch.attempt(False, job=job, nth=4)
        watch.attempt(False, job=job, nth=4)
    assert watch.breaker.tick(NOW) is None
    for job in range(1, FEWEST + 1):
        watch.attempt(False, job=job, nth=4)

    assert watch.phase() is Phase.PROBING


def test_what_ended_long_ago_says_nothing_about_now() -> None:
    watch = Watch()
    watch.files(0, FEWEST - 1)
    watch.now += STALE_S
    watch.file(False)

    assert watch.breaker.tick(watch.now) is None


def test_calls_that_turn_slow_shut_it() -> None:
    watch = Watch()
    for _ in range(WINDOW):
        watch.attempt(True)
    for _ in range(WINDOW // 2 - 1):
        watch.attempt(True, slow=True)
    assert watch.breaker.tick(NOW) is None
    watch.attempt(True, slow=True)
    intent = watch.breaker.tick(NOW)

    assert intent is not None
    assert intent.why.startswith("20 of the last 40 requests of media.look_up were slow.")


def test_requests_of_ours_that_went_out_wrong_and_failed_shut_it_at_the_third() -> None:
    watch = Watch()
    for _ in range(100):
        watch.attempt(True, own=True)
    watch.attempt(False, own=True)
    watch.attempt(False, own=True)
    assert watch.breaker.tick(NOW) is None
    watch.attempt(False, own=True)
    intent = watch.breaker.tick(NOW)

    assert intent is not None
    assert "other than declared" in intent.why


def test_the_trouble_of_one_workspace_is_its_own() -> None:
    watch = Watch()
    watch.files(OTHERS, 0, unit="globex")
    watch.files(0, WINDOW - OTHERS, unit="acme")
    assert watch.breaker.tick(NOW) is None
    watch.files(0, OTHERS, unit="globex")
    watch.file(False, unit="acme")

    assert watch.phase() is Phase.PROBING


def test_the_only_workspace_there_is_is_not_left_out() -> None:
    watch = Watch()
    watch.files(0, FEWEST, unit="acme")

    assert watch.phase() is Phase.PROBING


def test_a_host_that_fails_while_others_work_is_the_scope() -> None:
    watch = Watch("media.download")
    watch.files(OTHERS, 0, host="good.fbcdn.net")
    watch.files(0, FEWEST, host="bad.fbcdn.net")
    intent = watch.breaker.tick(NOW)

    assert intent is not None
    assert intent.scope == {"host": "bad.fbcdn.net"}
    watch.later(5.0)
    for _ in range(PROBES):
        watch.attempt(True, host="good.fbcdn.net")
    assert watch.phase() is Phase.PROBING
    for _ in range(PROBES):
        watch.attempt(True, host="bad.fbcdn.net")
    assert watch.phase() is not Phase.PROBING


def test_when_every_host_fails_the_operation_is_the_scope() -> None:
    watch = Watch("media.download")
    watch.files(0, FEWEST // 2, host="a.fbcdn.net")
    watch.files(0, FEWEST // 2, host="b.fbcdn.net")
    intent = watch.breaker.tick(NOW)

    assert intent is not None
    assert intent.scope == {"operation": "media.download"}


# -- the way back -----------------------------------------------------------------------------------------


def test_three_probes_that_pass_in_a_row_open_it_a_little() -> None:
    watch = Watch()
    watch.shut()
    for passed in (True, True, False, True, True):
        intent = watch.probe(passed)
        assert intent is not None
        assert intent.opening == (EAGER_OPENING if passed else PROBE_OPENING)
    intent = watch.probe(True)

    assert intent is not None
    assert intent.opening == RAMP_FROM
    assert "3 files in a row" in intent.why


def test_what_passes_and_was_not_the_declared_request_opens_nothing() -> None:
    watch = Watch()
    watch.shut()
    for _ in range(12):
        watch.later(5.0)
        watch.attempt(True, nth=4, own=True)
    intent = watch.breaker.tick(watch.now)
    assert intent is not None
    assert intent.opening == PROBE_OPENING
    for _ in range(3):
        intent = watch.probe(True)
    assert intent is not None
    assert intent.opening == RAMP_FROM


def test_the_opening_grows_each_second_until_there_is_no_gate() -> None:
    watch = Watch()
    watch.shut()
    for _ in range(PROBES):
        watch.probe(True)
    openings = []
    while (intent := watch.later(1.0)) is not None:
        openings.append(intent.opening)

    assert openings == [round(RAMP_FROM * GROWTH**n, 2) for n in range(1, len(openings) + 1)]
    assert openings[-1] < WIDE <= openings[-1] * GROWTH * 1.01
    assert len(openings) == 21
    assert watch.phase() is Phase.FLOWING


def test_a_pause_of_the_watch_opens_it_no_faster() -> None:
    watch = Watch()
    watch.shut()
    for _ in range(PROBES):
        watch.probe(True)
    watch.now += 30.0
    intent = watch.breaker.tick(watch.now)

    assert intent is not None
    assert intent.opening == round(RAMP_FROM * GROWTH, 2)


def test_what_was_under_way_when_it_was_shut_is_no_probe() -> None:
    watch = Watch()
    watch.shut()
    watch.now += SETTLE_S - 0.1
    for _ in range(PROBES):
        watch.attempt(True)
    assert watch.phase() is Phase.PROBING
    watch.now += 0.2
    for _ in range(PROBES):
        watch.attempt(True)

    assert watch.phase() is Phase.RAMPING


def test_the_time_that_it_is_shut_does_not_double() -> None:
    watch = Watch()
    for _ in range(5):
        intent = watch.shut()
        assert intent.opening == PROBE_OPENING
        for _ in range(PROBES):
            intent_now = watch.probe(True)
        assert intent_now is not None
        assert intent_now.opening == RAMP_FROM


def test_files_that_fail_while_it_is_let_back_shut_it_again() -> None:
    watch = Watch()
    watch.shut()
    for _ in range(PROBES):
        watch.probe(True)
    watch.files(0, FEWEST)
    intent = watch.breaker.tick(watch.now)

    assert intent is not None
    assert intent.opening == PROBE_OPENING


def test_a_probe_that_says_nothing_about_upstream_is_no_verdict() -> None:
    watch = Watch()
    watch.shut()
    for passed in (True, None, True, None, True):
        watch.probe(passed)

    assert watch.phase() is Phase.RAMPING


def test_when_nothing_is_heard_for_a_while_a_trickle_asks() -> None:
    watch = Watch()
    watch.shut()
    for _ in range(11):
        intent = watch.probe(None)
        assert intent is not None
        assert intent.opening == PROBE_OPENING
    watch.later(5.0)

    assert watch.phase() is Phase.RAMPING


def test_while_probes_fail_it_stays_shut() -> None:
    watch = Watch()
    watch.shut()
    for _ in range(500):
        intent = watch.probe(False)
        assert intent is not None
        assert intent.opening == PROBE_OPENING


# -- a leader that follows another ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opening", "phase"),
    [(0.0, Phase.PROBING), (PROBE_OPENING, Phase.PROBING), (EAGER_OPENING, Phase.PROBING), (2.6, Phase.RAMPING)],
)
def test_a_new_leader_goes_on_from_the_gate_that_stands(opening: float, phase: Phase) -> None:
    watch = Watch()
    watch.breaker.resume(gate(opening))
    intent = watch.breaker.tick(NOW - 99.5)

    assert watch.phase() is phase
    assert intent is not None
    assert (intent.scope, intent.opening, intent.why) == ({"operation": LOOK_UP}, opening, "It was so.")


def test_a_new_leader_counts_the_probes_that_were_made_since_it_was_shut() -> None:
    watch = Watch()
    watch.breaker.resume(gate(PROBE_OPENING))
    for ago in (101, 90, 80):
        watch.breaker.saw(Tried(1, 4, NOW - ago, NOW - ago, True))
    assert watch.phase() is Phase.PROBING
    watch.attempt(True)

    assert watch.phase() is Phase.RAMPING


def test_what_a_new_leader_reads_of_the_past_shuts_nothing_by_itself() -> None:
    watch = Watch()
    watch.now = NOW - 100
    watch.files(0, 2 * WINDOW)
    watch.now = NOW
    assert watch.breaker.tick(NOW) is None
    watch.file(False)

    assert watch.phase() is Phase.PROBING


# -- what is made of an attempt ---------------------------------------------------------------------------


def seen(**facts: Any) -> Seen:
    known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__) | {
        "media_row": 1,
        "nth": 1,
        "at": NOW,
        "operation": LOOK_UP,
        "declared_method": "GET",
        "wire_method": "GET",
        "host": "graph.facebook.com",
        "outcome": Outcome.DELIVERED,
        "duration_s": 0.5,
        "workspace": "acme",
    }
    return Seen(**known | facts)


def test_an_attempt_is_told_with_what_a_breaker_needs() -> None:
    assert breaker.tried(seen(status=503, outcome=Outcome.UPSTREAM, media_row=7, nth=2)) == Tried(
        job=7,
        nth=2,
        began_at=NOW,
        ended_at=NOW + 0.5,
        passed=False,
        host="graph.facebook.com",
        unit="acme",
        what="503",
    )


@pytest.mark.parametrize(
    ("facts", "slow"),
    [
        ({"duration_s": 9.9}, False),
        ({"duration_s": 10.0}, True),
        ({"outcome": Outcome.TIMEOUT, "duration_s": 0.1}, True),
        ({"operation": "media.download", "duration_s": 29.0, "size": 0}, False),
        ({"operation": "media.download", "duration_s": 31.0, "size": 0}, True),
        ({"operation": "media.download", "duration_s": 300.0, "size": 16 * 2**20}, False),
        ({"operation": "media.download", "duration_s": 600.0}, True),
    ],
)
def test_a_file_may_take_the_time_that_its_size_needs(facts: dict[str, Any], slow: bool) -> None:
    assert breaker.tried(seen(**facts)).slow == slow


@pytest.mark.parametrize(
    ("facts", "own"),
    [
        ({"wire_method": "POST", "outcome": Outcome.CLIENT_BUG}, True),
        ({"wire_method": "GET", "outcome": Outcome.CLIENT_BUG}, False),
        ({"wire_method": "POST", "outcome": Outcome.CONTRACT}, False),
    ],
)
def test_a_request_that_was_sent_other_than_declared_is_our_own_fault(facts: dict[str, Any], own: bool) -> None:
    assert breaker.tried(seen(**facts)).own == own


# -- whatever happens -------------------------------------------------------------------------------------

ATTEMPTS = st.tuples(
    st.integers(0, 30),  # job
    st.integers(1, 4),
    st.sampled_from([True, False, False, False, None]),
    st.booleans(),  # slow
    st.booleans(),  # own
    st.sampled_from(["a", "b"]),
    st.sampled_from(["acme", "globex"]),
    st.sampled_from([0.0, 0.0, 0.0, 0.1, 1.0, 7.0, 61.0]),  # until the next one
    st.integers(1, 60),  # as often
)


def told(watch: Watch, events: list[tuple[Any, ...]]) -> Iterator[Intent | None]:
    """Anything at all happens."""
    for job, nth, passed, slow, own, host, unit, wait_s, times in events:
        for n in range(times):
            watch.attempt(passed, job=job + n, nth=nth, slow=slow, own=own, host=host, unit=unit)
        watch.now += wait_s
        yield watch.breaker.tick(watch.now)


@settings(max_examples=60, deadline=None)
@given(st.lists(ATTEMPTS, max_size=40))
def test_whatever_happened_a_good_upstream_soon_has_no_gate(events: list[tuple[Any, ...]]) -> None:
    watch = Watch()
    for intent in told(watch, events):
        assert intent is None or 0 < intent.opening < WIDE
    intent, waited_s = watch.later(2.0), 0.0
    while intent is not None:
        watch.attempt(True, host=intent.scope.get("host", ""))
        waited_s += 1.0 if watch.phase() is Phase.RAMPING else 5.0
        intent = watch.later(1.0 if watch.phase() is Phase.RAMPING else 5.0)
        assert waited_s <= BACK_S


@settings(max_examples=60, deadline=None)
@given(st.lists(ATTEMPTS, max_size=40))
def test_whatever_happened_silence_leaves_no_gate(events: list[tuple[Any, ...]]) -> None:
    watch = Watch()
    list(told(watch, events))

    assert watch.later(SILENCE_S + BACK_S) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(ATTEMPTS, max_size=40))
def test_whatever_happened_an_upstream_that_passes_nothing_is_shut_and_stays_so(events: list[tuple[Any, ...]]) -> None:
    watch = Watch()
    list(told(watch, events))
    watch.files(0, 2 * WINDOW)
    watch.later(SETTLE_S)
    for _ in range(60):
        watch.attempt(False, host=(watch.breaker.tick(watch.now) or Intent({}, 0, "")).scope.get("host", ""))
        intent = watch.later(5.0)
        if watch.phase() is Phase.RAMPING:
            watch.files(0, WINDOW)
        else:
            assert intent is not None
            assert intent.opening == PROBE_OPENING
    assert watch.phase() is Phase.PROBING


@settings(max_examples=100, deadline=None)
@given(st.lists(ATTEMPTS, max_size=60))
def test_without_a_reason_there_is_no_gate(events: list[tuple[Any, ...]]) -> None:
    """Whatever happens: files that pass within three attempts, in their time, by requests as they are declared."""
    watch = Watch()
    failed: dict[int, int] = {}
    for job, _, passed, _, _, host, unit, wait_s, times in events:
        for _ in range(times):
            passes = passed if failed.get(job, 0) < TRIES - 1 else True
            watch.attempt(passes, job=job, nth=failed.get(job, 0) + 1, host=host, unit=unit)
            failed[job] = 0 if passes else failed.get(job, 0) + (passes is False)
        watch.now += wait_s
        assert watch.breaker.tick(watch.now) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(ATTEMPTS, max_size=40), st.integers(0, 40))
def test_a_change_of_leaders_at_any_moment_keeps_the_gate(events: list[tuple[Any, ...]], at: int) -> None:
    watch = Watch()
    intent = None
    for intent in told(watch, events[:at]):  # noqa: B007 -- the last one is wanted
        pass
    intent = watch.breaker.tick(watch.now)
    watch.breaker = Breaker(LOOK_UP, born_at=watch.now)
    if intent is not None:
        watch.breaker.resume(gate(intent.opening, scope=intent.scope, since=watch.now))
        kept = watch.breaker.tick(watch.now)
        assert kept is not None
        assert (kept.scope, kept.opening) == (intent.scope, intent.opening)
    list(told(watch, events[at:]))
    assert watch.later(SILENCE_S + BACK_S) is None
