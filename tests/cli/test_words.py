"""Times, sizes and counts are said in a few characters that a person reads at a glance."""

import doctest

import pytest

from penstock.cli import words


def test_the_examples_in_the_module_hold() -> None:
    assert doctest.testmod(words).failed == 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"),
        (0.0042, "4 ms"),
        (1, "1.0 s"),
        (9.94, "9.9 s"),
        (10, "10 s"),
        (59.9, "59 s"),
        (60, "1 m"),
        (61, "1 m 1 s"),
        (3_599, "59 m 59 s"),
        (8_049, "2 h 14 m"),
        (86_400, "1 d"),
        (601_200, "6 d 23 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, said: str) -> None:
    assert words.plain(words.duration(seconds)) == said


@pytest.mark.parametrize(("at", "said"), [(100.0, "now"), (97.0, "3.0 s ago"), (280.0, "in 3 m"), (100.4, "now")])
def test_a_time_is_said_from_now(at: float, said: str) -> None:
    assert words.plain(words.ago(at, 100.0)) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_800_000, "1.8 MB"),
        (104_857_600, "105 MB"),
        (10**13, "10.0 TB"),
    ],
)
def test_bytes_are_said_in_decimal_units(count: int, said: str) -> None:
    assert words.plain(words.size(count)) == said


def test_counts_have_thin_spaces_for_people_and_none_for_grep() -> None:
    assert words.count(1_234_567) == "1\u2009234\u2009567"
    assert words.plain(words.many(1_234_567, "file")) == "1234567 files"
    assert words.many(1, "process", "processes") == "1 process"
    assert words.many(2, "process", "processes") == "2 processes"


def test_times_for_programs_are_rfc_3339_in_utc() -> None:
    assert words.utc(1_795_000_000.25) == "2026-11-18T11:06:40.250Z"
    assert words.utc(None) is None


def test_a_message_id_is_masked_where_it_holds_a_phone_number() -> None:
    wamid = "wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQzQUVYQU1QTEUwMDAwMDAwMDAwMQA="

    assert words.masked(wamid) == "wamid.…AwMDAwMQA="[:7] + wamid[-8:]
    assert words.masked("wamid.HBgL") == "wamid.…"
    assert words.masked("") == ""


@pytest.mark.parametrize(("names", "said"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_names_are_listed_as_in_a_sentence(names: list[str], said: str) -> None:
    assert words.listed(names) == said
