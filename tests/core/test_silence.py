"""Silences: by a number's own habit, never at night and never of numbers that are rarely written to."""

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.silence import (
    ANY,
    ANY_LEAST_S,
    HABIT_S,
    NUMBER_LEAST_S,
    WEEK_HOURS,
    Gap,
    Silence,
    bit,
    ends,
    habit,
    needed,
    references,
    silent_numbers,
)

FULL = (1 << 60) - 1
HOUR = 500_000  # any
AT = HOUR * 3_600.0


def rate_by_day(hour: int) -> float:
    """Conversations in an hour, of a shop: many by day, few in the evening, none at night or on Sundays."""
    if hour // 24 % 7 == 0:
        return 0.0
    return {9: 20, 10: 40, 11: 40, 12: 30, 13: 30, 14: 40, 15: 40, 16: 30, 17: 20, 18: 4, 19: 2}.get(hour % 24, 0.0)


def minutes_of(rng: random.Random, hour: int, share: float = 1.0) -> int:
    """The mask of an hour: conversations of a few minutes each, of about every second minute."""
    mask = 0
    for _ in range(round(rng.gauss(1, 0.2) * rate_by_day(hour) * share)):
        start = rng.randrange(60)
        for minute in range(start, min(60, start + rng.randrange(1, 10))):
            mask |= (rng.random() < 0.5) << minute
    return mask


def last_minute(masks: dict[int, int], minute: int) -> int | None:
    """The last minute up to one in which something came."""
    for hour in range(minute // 60, minute // 60 - 200, -1):
        mask = masks.get(hour, 0)
        if hour == minute // 60:
            mask &= (2 << minute % 60) - 1
        if mask:
            return hour * 60 + mask.bit_length() - 1
    return None


def watch(masks: dict[int, int], first: int, last: int, *, stream: int = 7) -> list[tuple[int, Gap]]:
    """Look every minute from one hour to another; the gaps, and the minutes in which they were seen."""
    silence, known = Silence(), {}
    found = []
    for minute in range(first * 60, last * 60):
        hour = minute // 60
        if hour not in known:
            known[hour] = habit(masks, hour, known_from=HOUR - 700)
        at = last_minute(masks, minute)
        if at is not None:
            gaps = silence.look({stream: at * 60.0}, lambda _, hour=hour: known[hour], minute * 60.0 + 59)  # type: ignore[misc]
            found += [(minute, gap) for gap in gaps]
    return found


def test_the_end_of_a_silence_is_rare_where_little_comes_and_sure_where_always_something_does() -> None:
    assert ends(0) == 0.0
    assert ends(1 << 30) < 0.02
    burst = 0b11111 << 20
    assert ends(burst) < 2 * ends(1 << 30)  # one burst is one arrival, not five
    assert ends(burst | burst << 15) > ends(burst)
    assert 0.98 < ends(FULL) < 1
    assert bit(AT) == 1
    assert bit(AT + 3_599) == 1 << 59


def test_an_hour_is_like_the_same_hour_of_other_weeks_or_else_of_some_days() -> None:
    assert references(HOUR, known_from=HOUR - 1_000) == [HOUR - k * WEEK_HOURS for k in (1, 2, 3, 4)]
    assert references(HOUR, known_from=HOUR - 200) == [HOUR - WEEK_HOURS]
    assert references(HOUR, known_from=HOUR - 80) == [HOUR - 24, HOUR - 48, HOUR - 72]
    assert references(HOUR, known_from=HOUR - 72) == []  # the first hour is known in part
    assert {HOUR - 169, HOUR - 168, HOUR - 167} <= needed(HOUR, known_from=HOUR - 200)


def test_nothing_is_said_before_a_habit_is_known_nor_near_hours_that_are_quiet() -> None:
    busy = dict.fromkeys(range(HOUR - 700, HOUR), FULL)
    assert habit(busy, HOUR, known_from=HOUR - 30) == 0.0
    assert habit(busy, HOUR, known_from=HOUR - 700) > 4
    one_quiet = busy | {HOUR - WEEK_HOURS: 0}
    assert habit(one_quiet, HOUR, known_from=HOUR - 700) > 4  # one week of four may be an outage
    assert habit(one_quiet, HOUR, known_from=HOUR - 200) == 0.0
    before = {hour: FULL for hour in range(HOUR - 700, HOUR) if (HOUR - hour + 1) % 24 != 0}
    assert habit(before, HOUR, known_from=HOUR - 700) == 0.0  # a clock that was put back makes no silence


def test_everything_that_stops_is_noticed_within_minutes() -> None:
    masks = dict.fromkeys(range(HOUR - 700, HOUR), FULL) | {HOUR: (1 << 30) - 1}
    (first, gap), *_ = watch(masks, HOUR - 2, HOUR + 1, stream=ANY)
    assert first - (HOUR * 60 + 29) <= 6
    assert gap.since == (HOUR * 60 + 29) * 60.0
    assert first * 60.0 + 59 - gap.since >= ANY_LEAST_S


def test_a_number_that_goes_quiet_by_day_is_noticed_the_same_day() -> None:
    noticed = []
    for seed in range(20):
        rng = random.Random(seed)
        noon = next(hour for hour in range(HOUR, HOUR + 48) if hour % 24 == 11 and hour // 24 % 7 in (2, 3, 4))
        masks = {hour: minutes_of(rng, hour) for hour in range(HOUR - 700, noon)}
        found = watch(masks, noon - 3, noon + 5)
        noticed.append(found[0][0] - noon * 60 if found else 999)
    noticed.sort()
    assert noticed[10] <= 60
    assert noticed[-1] <= 120
    assert noticed[0] >= NUMBER_LEAST_S / 60 - 15  # the last message may have come a while before


def test_four_weeks_of_a_shop_are_quiet() -> None:
    for seed in range(6):
        rng = random.Random(seed)
        masks = {hour: minutes_of(rng, hour) for hour in range(HOUR - 700, HOUR + 28 * 24)}
        assert watch(masks, HOUR, HOUR + 28 * 24) == []


def test_a_number_that_is_rarely_written_to_is_never_silent() -> None:
    rng = random.Random(8)
    masks = {hour: 1 << rng.randrange(60) for hour in range(HOUR - 700, HOUR) if rng.random() < 0.3}
    assert watch(masks, HOUR, HOUR + 72) == []


def test_a_silence_ends_with_the_first_arrival_and_becomes_a_habit_in_a_week() -> None:
    silence = Silence()
    found = [silence.look({7: AT}, lambda _: 5.0, AT + 60 * minute) for minute in range(40)]
    assert found[-1]
    assert silence.doubtful(7, 1)
    assert silence.look({7: AT + 2_390}, lambda _: 5.0, AT + 2_400) == []
    assert not silence.doubtful(7, 1)
    silence = Silence()
    silence.resume(7, AT)
    assert silence.look({7: AT}, lambda _: 0.0, AT + HABIT_S - 60)
    assert silence.look({7: AT}, lambda _: 0.0, AT + HABIT_S) == []


def test_who_did_not_look_knows_nothing_of_that_time() -> None:
    silence = Silence()
    assert silence.look({7: AT}, lambda _: 5.0, AT + 86_400) == []  # the first look
    assert silence.look({7: AT}, lambda _: 5.0, AT + 90_000) == []  # an hour later
    assert not silence.doubtful(7, 1)


def test_single_numbers_are_not_told_of_while_everything_is_silent() -> None:
    gaps = [Gap(3, 50.0, 20.0), Gap(2, 10.0, 20.0), Gap(9, 1.0, 20.0)]
    assert [gap.stream for gap in silent_numbers(gaps, {2, 3})] == [2, 3]
    assert silent_numbers([*gaps, Gap(ANY, 60.0, 20.0)], {2, 3}) == []


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(HOUR - 700, HOUR + 2), st.integers(0, FULL), max_size=60), st.integers(0, 700))
def test_a_habit_is_a_rate_and_more_silence_never_says_less(masks: dict[int, int], known: int) -> None:
    said = habit(masks, HOUR, known_from=HOUR - known)
    assert 0.0 <= said <= 5.0
    assert math.isfinite(said)
    quieter = {hour: mask & (mask >> 1) for hour, mask in masks.items()}
    assert habit({}, HOUR, known_from=HOUR - known) == 0.0
    assert 0.0 <= habit(quieter, HOUR, known_from=HOUR - known) <= 5.0
