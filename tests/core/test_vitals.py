"""What failures do not show, kept as incidents without flapping."""

import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import ages, burn, doors
from penstock.core.detector import FAMILIES, Key
from penstock.core.incident import UNSEEN, Severity
from penstock.core.vitals import CHANGE_S, UNCLEAR_S, UNSEEN_S, Sign, Step, Vitals

KEY = Key("media.delivery", "overdue")
PAGE, TICKET = Severity.PAGE, Severity.TICKET


def sign(severity: Severity | None = TICKET, **facts: Any) -> Sign:
    told: dict[str, Any] = {"key": KEY, "severity": severity, "text": "So it is.", "onset_at": 0.0} | facts
    return Sign(**told)


def run(machine: Vitals, *signs: Sign | None, at: float = 0.0, every_s: float = 5.0) -> list[tuple[float, Step]]:
    """A look every few seconds; what was to be done, and when."""
    found = []
    for nth, each in enumerate(signs):
        now = at + nth * every_s
        found += [(now, step) for step in machine.look([] if each is None else [each], now)]
    return found


def kinds(steps: list[tuple[float, Step]]) -> list[str]:
    return [step.kind for _, step in steps]


def test_what_is_wrong_at_two_looks_in_a_row_is_opened_once() -> None:
    machine = Vitals()
    assert kinds(run(machine, sign(), sign(None), sign(), sign(None))) == []
    ((at, step),) = run(machine, sign(), sign(onset_at=3.0, about=frozenset({"acme"})), sign(), sign(), at=20.0)
    assert (at, step) == (25.0, Step("opened", KEY, TICKET, "So it is.", 3.0, frozenset({"acme"})))
    assert machine.is_open(KEY)


def test_a_ticket_becomes_a_page_and_never_a_ticket_again() -> None:
    machine = Vitals()
    steps = run(machine, sign(), sign(), sign(PAGE), sign(TICKET), sign(PAGE))
    assert kinds(steps) == ["opened", "raised"]
    assert steps[1][1].severity is PAGE
    closed = run(machine, *[sign(None)] * 70, at=100.0)
    assert [(step.kind, step.severity) for _, step in closed] == [("closed", PAGE)]


def test_it_closes_when_it_was_well_for_long_enough_and_twice_that_the_next_time() -> None:
    machine = Vitals()
    for hold_s in (300.0, 600.0, 1_200.0, 2_400.0, 3_600.0, 3_600.0):
        run(machine, sign(), sign())
        (first, *_) = run(machine, *[sign(None, text="Well again.")] * 800)
        assert (first[0], first[1].kind, first[1].text) == (hold_s, "closed", "Well again.")
    machine = Vitals()
    run(machine, sign(), sign())
    run(machine, *[sign(None)] * 59, sign(None, well=False), at=10.0)
    assert kinds(run(machine, *[sign(None)] * 60, at=310.0)) == []
    assert kinds(run(machine, sign(None), at=610.0)) == ["closed"]


def test_what_is_neither_wrong_nor_well_is_over_in_the_end() -> None:
    machine = Vitals()
    run(machine, sign(), sign())
    ((at, step),) = run(machine, *[sign(None, well=False)] * 900, at=10.0)
    assert step.kind == "closed"
    assert at == pytest.approx(5.0 + UNCLEAR_S, abs=5)


def test_what_nobody_looks_at_any_more_is_over_in_the_end() -> None:
    machine = Vitals()
    run(machine, sign(), sign())
    ((at, step),) = run(machine, *[None] * 900, at=10.0)
    assert (step.kind, "nobody" in step.text.lower()) == ("closed", True)
    assert at == pytest.approx(5.0 + UNSEEN_S, abs=10)


def test_a_change_is_told_but_not_every_few_seconds() -> None:
    machine = Vitals()
    rng = random.Random(3)
    signs = [sign(about=frozenset({f"w{rng.randrange(9)}"})) for _ in range(2 * int(CHANGE_S / 5) + 10)]
    steps = run(machine, *signs)
    assert kinds(steps) == ["opened", "changed", "changed"]
    assert steps[2][0] - steps[1][0] >= CHANGE_S


def test_the_next_leader_goes_on_with_what_is_open() -> None:
    machine = Vitals()
    machine.resume(KEY, TICKET, frozenset({"acme"}), 0.0)
    assert kinds(run(machine, *[sign(about=frozenset({"acme"}))] * 300)) == []
    assert kinds(run(machine, *[sign(None)] * 61, at=1_500.0)) == ["closed"]


def test_every_class_that_no_failure_shows_is_known_to_whoever_shows_incidents() -> None:
    ours = [ages.OVERDUE, ages.DEADLINE, ages.NO_SUCCESS, ages.STUCK, doors.SILENT, doors.NUMBER_SILENT]
    ours += [doors.SIGNATURE, doors.UNKNOWN_NUMBER, doors.UNREAD, Key("", burn.BURN_RATE)]
    assert {key.family for key in ours} == UNSEEN
    assert not UNSEEN & {*FAMILIES.values(), "contract", "local"}


STATES = st.sampled_from([sign(PAGE), sign(TICKET), sign(None), sign(None, well=False), None])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(STATES, st.integers(1, 100)), max_size=25))
def test_it_is_open_at_most_once_opens_rarely_and_ends_when_all_is_well(runs: list[tuple[Sign | None, int]]) -> None:
    machine = Vitals()
    looks = [each for each, times in runs for _ in range(times)]
    steps = run(machine, *looks, *[sign(None)] * 721)
    is_open, opened_at, severity = False, [], TICKET
    for at, step in steps:
        assert is_open == (step.kind != "opened")
        is_open = step.kind != "closed"
        if step.kind == "opened":
            opened_at.append(at)
            severity = step.severity
        assert not (severity is PAGE and step.severity is TICKET)
        severity = step.severity
    assert not is_open
    assert not machine.is_open(KEY)
    # It closes after five minutes at the soonest, and later each time.
    for nth, (before, after) in enumerate(itertools.pairwise(opened_at)):
        assert after - before >= min(3_600, 300 * 2**nth)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([sign(None), sign(None, well=False), None]), max_size=200))
def test_what_is_never_wrong_opens_nothing(looks: list[Sign | None]) -> None:
    assert run(Vitals(), *looks) == []
