"""Weeks of attempts: made before they begin, and over when all of them is."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.weeks import AHEAD, WEEK_S, Part, missing, over, part_of

NOW = 1_795_000_000.0
TIMES = st.floats(0, 4e9)


def test_a_part_is_read_from_what_the_database_says_of_it() -> None:
    assert part_of("a", "FOR VALUES FROM ('604800') TO ('1209600')") == Part("a", 604_800.0, 1_209_600.0)
    assert part_of("a", "FOR VALUES FROM (MINVALUE) TO ('1.209600e+06')") == Part("a", float("-inf"), 1_209_600.0)
    assert part_of("a", "DEFAULT") is None


@given(now=TIMES, outside=st.none() | TIMES)
def test_what_is_made_covers_now_and_the_weeks_ahead_and_never_overlaps(now: float, outside: float | None) -> None:
    made = missing([], now=now, oldest_outside=outside)
    for at in (now, now + AHEAD * WEEK_S, *([] if outside is None else [outside])):
        assert len([part for part in made if part.starts_at <= at < part.ends_at]) == 1

    assert missing(made, now=now, oldest_outside=outside) == []


def test_a_week_that_is_partly_there_is_left_alone() -> None:
    first = Part("attempts_first", float("-inf"), NOW + 1)

    assert all(part.starts_at > NOW for part in missing([first], now=NOW, oldest_outside=None))


def test_a_part_is_over_when_its_last_moment_is() -> None:
    parts = [Part("a", 0, 10), Part("b", 10, 20)]

    assert over(parts, before=9.9) == []
    assert over(parts, before=10) == parts[:1]
    assert over(parts, before=25) == parts
