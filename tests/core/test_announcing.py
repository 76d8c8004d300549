"""What a target is told when: opened, updated, closed, each incident as one story, whatever it missed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.announcing import CLOSED, OPENED, UPDATED, Plan, plan, wait_s
from penstock.core.incident import Event, Kind

QUIET = frozenset[int]()


def events(*told: tuple[int, Kind], first: int = 1) -> list[Event]:
    return [Event(first + nth, id_, 0.0, kind.value, "watch", "") for nth, (id_, kind) in enumerate(told)]


def said(
    them: list[Event], heard: frozenset[int] = QUIET, states: dict[int, str] | None = None
) -> list[tuple[Any, ...]]:
    """Everything that a target is told of these, one after the other."""
    found, position = list[tuple[Any, ...]](), 0
    while True:
        pending = [each for each in them if each.id > position]
        step = plan(pending, heard, states or {}, position=position)
        if step.telling is None:
            return found
        position, heard = step.telling.event.id, step.telling.heard
        found.append((step.telling.word, step.telling.event.incident_id, step.telling.event.id))


def test_an_incident_is_opened_updated_and_closed() -> None:
    one = events((7, Kind.ONSET), (7, Kind.ALARM), (7, Kind.ISOLATION))
    assert plan(one, QUIET, {7: "open"}).telling == plan(one[1:], QUIET, {7: "open"}).telling
    assert said(one, states={7: "open"}) == [(OPENED, 7, 2)]
    assert said(events((7, Kind.DIAGNOSIS)), frozenset({7}), {7: "open"}) == [(UPDATED, 7, 1)]
    assert said(events((7, Kind.CLOSED)), frozenset({7}), {7: "closed"}) == [(CLOSED, 7, 1)]


def test_what_happened_while_it_was_away_is_told_sensibly() -> None:
    missed = events(
        (7, Kind.ALARM), (7, Kind.DIAGNOSIS), (8, Kind.ALARM), (7, Kind.GATE), (8, Kind.CLOSED), (7, Kind.TEST)
    )
    assert said(missed, states={7: "open", 8: "closed"}) == [
        (OPENED, 7, 1),
        (OPENED, 8, 3),
        (CLOSED, 8, 5),
        (UPDATED, 7, 6),
    ]


def test_that_somebody_looks_after_it_is_passed_over_only_by_the_closing() -> None:
    acked = [(7, Kind.ALARM), (7, Kind.ACKNOWLEDGED), (7, Kind.GATE)]
    assert said(events(*acked), states={7: "open"}) == [(OPENED, 7, 1), (UPDATED, 7, 2), (UPDATED, 7, 3)]
    assert said(events(*acked, (7, Kind.CLOSED)), states={7: "closed"}) == [(OPENED, 7, 1), (CLOSED, 7, 4)]


def test_a_suspicion_is_told_to_nobody_unless_it_is_confirmed() -> None:
    suspected = [(7, Kind.ONSET), (7, Kind.SUSPECTED), (7, Kind.ISOLATION), (7, Kind.DIAGNOSIS)]
    assert said(events(*suspected), states={7: "suspected"}) == []
    assert said(events(*suspected, (7, Kind.CLOSED)), states={7: "closed"}) == []
    assert said(events(*suspected, (7, Kind.ALARM)), states={7: "open"}) == [(OPENED, 7, 5)]


def test_what_needs_no_telling_is_passed() -> None:
    assert plan(events((7, Kind.ONSET), (7, Kind.SUSPECTED)), QUIET, {7: "suspected"}, position=0) == Plan(None, 2)
    assert plan([], QUIET, {}, position=9) == Plan(None, 9)


def test_a_target_that_comes_in_the_middle_hears_of_it_at_the_first_change_and_not_of_what_is_over() -> None:
    assert said(events((7, Kind.DIAGNOSIS), (7, Kind.TEST)), states={7: "open"}) == [(OPENED, 7, 1), (UPDATED, 7, 2)]
    assert said(events((7, Kind.DIAGNOSIS), (7, Kind.CLOSED)), states={7: "closed"}) == []


def test_a_word_of_a_later_release_is_passed() -> None:
    assert said([Event(1, 7, 0.0, "something-new", "watch", "")], states={7: "open"}) == []


@pytest.mark.parametrize(("attempts", "longest"), [(1, 4.0), (2, 8.0), (20, 300.0), (10_000, 300.0)])
def test_a_wait_grows_and_all_of_it_is_random(attempts: int, longest: float) -> None:
    assert wait_s(attempts, jitter=1.0) == longest
    assert wait_s(attempts, jitter=0.0) == 0.0


def test_what_somebody_has_to_mend_is_tried_rarely_and_a_target_may_ask_for_time() -> None:
    assert 1_800 <= wait_s(1, jitter=0.0, lasting=True) < wait_s(1, jitter=1.0, lasting=True) <= 3_600
    assert wait_s(1, jitter=0.0, asked_s=40.0) == 40.0
    assert wait_s(1, jitter=0.0, asked_s=1e9) == 3_600


# -- whatever happens, whenever the target answers ------------------------------------------------

_MIDDLE = [Kind.ISOLATION, Kind.DIAGNOSIS, Kind.TEST, Kind.GATE, Kind.ACKNOWLEDGED, Kind.TRACE, Kind.REPROCESS]


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, Kind]]:
    """Several incidents, each from its onset on, interleaved."""
    stories = []
    for id_ in range(1, draw(st.integers(1, 4)) + 1):
        middle = st.lists(st.sampled_from(_MIDDLE), max_size=4)
        kinds = [Kind.ONSET]
        suspected = draw(st.booleans())
        kinds += [Kind.SUSPECTED, *draw(middle)] if suspected else []
        if not suspected or draw(st.booleans()):
            kinds += [Kind.ALARM, *draw(middle)]
        kinds += [Kind.CLOSED] if draw(st.booleans()) else []
        stories.append([(id_, kind) for kind in kinds])
    whole = []
    while any(stories):
        story = draw(st.sampled_from([each for each in stories if each]))
        whole.append(story.pop(0))
    return whole


def _state(them: list[Event], id_: int) -> str:
    kinds = {each.kind for each in them if each.incident_id == id_}
    return "closed" if Kind.CLOSED in kinds else ("open" if Kind.ALARM in kinds else "suspected")


@settings(max_examples=200, deadline=None)
@given(lives(), st.data())
def test_every_incident_is_one_story_in_order_whenever_the_target_answers(
    told: list[tuple[int, Kind]], data: st.DataObject
) -> None:
    them = events(*told)
    position, heard, got = 0, QUIET, list[tuple[str, int, int]]()
    there = 0  # so many events have happened so far
    while there < len(them) or (there == len(them) and position < len(them)):
        there = min(len(them), there + data.draw(st.integers(1, 6)))
        happened = them[:there]
        for _ in range(data.draw(st.integers(0, 3)) if there < len(them) else 1_000):
            pending = [each for each in happened if each.id > position]
            states = {id_: _state(happened, id_) for id_, _ in told}
            step = plan(pending, heard, states, position=position)
            assert step.passed >= position
            if step.telling is None:
                position = step.passed
                break
            assert step.telling.event.id > position
            position, heard = step.telling.event.id, step.telling.heard
            got.append((step.telling.word, step.telling.event.incident_id, step.telling.event.id))

    assert [event for *_, event in got] == sorted({event for *_, event in got})
    for id_ in {id_ for id_, _ in told}:
        kinds = [kind for each, kind in told if each == id_]
        words = [word for word, each, _ in got if each == id_]
        if Kind.ALARM not in kinds:
            assert words == []
            continue
        assert words[0] == OPENED
        assert words.count(OPENED) == 1
        assert (words[-1] == CLOSED) is (Kind.CLOSED in kinds)
        assert set(words[1:-1]) <= {UPDATED}
        updates = [
            each.id for each in them if each.incident_id == id_ and each.kind in {Kind.DIAGNOSIS, Kind.GATE, Kind.TEST}
        ]
        alarm = next(each.id for each in them if each.incident_id == id_ and each.kind == Kind.ALARM)
        if Kind.CLOSED not in kinds and updates and updates[-1] > alarm:
            assert (UPDATED, id_, updates[-1]) in got  # the latest change is never lost
