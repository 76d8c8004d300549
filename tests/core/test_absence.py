"""Who counts as gone: whoever was looked at again and again without a new beat, and nobody else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.absence import GAP_S, GONE_S, Watch, gone, look

EVERY_S = 5.0


def watched(*looks: tuple[float, dict[str, float]]) -> Watch:
    watch = Watch()
    for now, beats in looks:
        watch = look(watch, beats, now)
    return watch


def test_a_process_that_beats_is_never_gone() -> None:
    assert gone(watched(*((100.0 + 5 * n, {"a": 98.0 + 5 * n}) for n in range(50)))) == {}


def test_a_process_whose_beat_stays_the_same_is_gone_after_three_beats() -> None:
    looks = [(100.0 + 5 * n, {"a": 98.0}) for n in range(4)]
    assert gone(watched(*looks[:3])) == {}
    assert gone(watched(*looks)) == {"a": 98.0}


def test_a_beat_that_is_old_already_is_looked_at_for_as_long_as_any_other() -> None:
    assert gone(watched((100_000.0, {"a": 1.0}))) == {}


def test_an_observer_that_could_not_look_begins_anew() -> None:
    before = [(100.0, {"a": 98.0}), (105.0, {"a": 98.0})]
    assert gone(watched(*before, (105.0 + GAP_S + 1, {"a": 98.0}))) == {}


def test_a_clock_that_was_set_back_begins_anew() -> None:
    assert gone(watched((1_000.0, {"a": 98.0}), (100.0, {"a": 98.0}))) == {}


def test_who_took_its_leave_is_not_gone() -> None:
    looks = [(100.0 + 5 * n, {"a": 98.0}) for n in range(4)]
    assert gone(look(watched(*looks), {}, 120.0)) == {}


@given(
    pauses=st.lists(st.floats(0.1, 40.0), min_size=1, max_size=40),
    beats=st.lists(st.floats(0.1, GONE_S - EVERY_S), min_size=1, max_size=80),
    dies_after=st.integers(0, 80),
)
@settings(max_examples=80, deadline=None)
def test_only_who_stopped_beating_is_gone_and_it_is_once_it_was_looked_at_for_long_enough(
    pauses: list[float], beats: list[float], dies_after: int
) -> None:
    """Beats come in time until the process dies; looks come as they like."""
    times = [0.0]
    for pause in beats:
        times.append(times[-1] + pause)
    times = times[: dies_after + 1]
    died_at = times[-1] if dies_after < len(beats) else float("inf")
    watch, now, first_seen_dead = Watch(), 0.0, None
    for pause in pauses:
        broken = pause > GAP_S
        now += pause
        last = max(at for at in times if at <= now)
        if now > times[-1] + GONE_S and died_at == float("inf"):
            return  # the script of beats is over
        watch = look(watch, {"a": last}, now)
        if broken or (last == died_at and first_seen_dead is None) or last != died_at:
            first_seen_dead = now if last == died_at else None
        if gone(watch):
            assert last == died_at
            assert now - last >= GONE_S
        elif first_seen_dead is not None:
            assert now - first_seen_dead < GONE_S
