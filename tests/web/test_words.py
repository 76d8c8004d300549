"""Times, durations and sizes as people read them."""

import doctest

import pytest

from penstock.web import words

NOON = 1_795_003_200.0  # 18 November 2026, 12:00 UTC


def test_the_examples_in_its_docstring_hold() -> None:
    assert doctest.testmod(words).failed == 0


@pytest.mark.parametrize(
    ("passed_s", "said"),
    [
        (-30, "now"),
        (4.9, "now"),
        (5, "5\u2009s ago"),
        (61, "1\u2009m ago"),
        (7_300, "2\u2009h ago"),
        (6 * 86_400, "6\u2009d ago"),
    ],
)
def test_a_moment_is_said_by_its_largest_unit(passed_s: float, said: str) -> None:
    assert words.ago(NOON - passed_s, NOON) == said


def test_what_is_older_than_a_week_is_said_as_a_date() -> None:
    assert words.ago(NOON - 8 * 86_400, NOON) == words.date(NOON - 8 * 86_400)


def test_the_hover_says_the_exact_time_in_utc() -> None:
    assert words.exact(0) == "1 January 1970, 00:00:00 UTC"
    assert words.clock(3_600) == "01:00"
    assert words.day(0) == "Thursday 1 January 1970"


def test_programs_get_rfc_3339_to_the_millisecond() -> None:
    assert words.rfc3339(1.5) == "1970-01-01T00:00:01.500Z"
    assert words.utc(None) is None


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0\u2009B"), (999, "999\u2009B"), (1_500, "1.5\u2009kB"), (104_857_600, "105\u2009MB")]
)
def test_bytes_are_said_in_decimal_units(count: int, said: str) -> None:
    assert words.size(count) == said


def test_a_wait_is_never_said_to_be_of_no_time() -> None:
    assert words.span(0.2) == "1\u2009s"
