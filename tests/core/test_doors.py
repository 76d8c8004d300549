"""What is wrong at the door."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.doors import (
    RECENT_S,
    Came,
    Doors,
    number_silent,
    signature,
    silent,
    unknown,
    unread,
)
from penstock.core.incident import Severity

NOW = 1_795_000_000.0
PAGE, TICKET = Severity.PAGE, Severity.TICKET


def door(taken: int = 0, refused: int = 0, ours: int = 0, app: str = "main") -> Doors:
    return Doors(app, taken, refused, ours, NOW - 300)


def test_refused_webhooks_of_ours_and_none_taken_are_a_page() -> None:
    sign = signature([door(0, 3, 3)], NOW)
    assert (sign.severity, sign.onset_at, sign.about) == (PAGE, NOW - 300, frozenset({"main"}))
    assert sign.text.startswith("3 webhooks of app main that name our numbers were refused within 15 m and none was")
    assert "penstock app set NAME --secret-file PATH" in sign.text
    assert signature([door(0, 2, 2)], NOW).severity is None
    # Another app's webhooks are taken all the while.
    assert signature([door(0, 3, 3), door(500, app="other")], NOW).severity is PAGE


def test_some_that_are_refused_beside_those_that_are_taken_are_a_ticket() -> None:
    assert signature([door(90, 10, 10)], NOW).severity is TICKET
    assert signature([door(9_000, 3, 3)], NOW).severity is None


def test_junk_is_a_ticket_at_most_and_says_that_nothing_of_it_was_stored() -> None:
    sign = signature([door(10), Doors("", 0, 90_000, 0, NOW)], NOW)
    assert sign.severity is TICKET
    assert "somebody else sends them. Nothing of theirs was stored" in sign.text
    assert signature([Doors("", 0, 90_000, 0, NOW)], NOW).severity is TICKET
    assert signature([door(10), Doors("", 0, 20, 0, NOW)], NOW).severity is None


def test_a_silence_names_who_may_be_at_fault() -> None:
    sign = silent(NOW - 600, NOW, receivers=2)
    assert (sign.severity, sign.onset_at) == (PAGE, NOW - 600)
    assert sign.text.startswith("No webhook has come for 10 m, ")
    assert "still subscribed at Meta" in sign.text
    assert "No process receives" in silent(NOW - 600, NOW, receivers=0).text
    assert silent(None, NOW, receivers=2).well
    assert not silent(None, NOW, receivers=2, well=False).well


def test_numbers_that_went_quiet_are_named_the_longest_first() -> None:
    sign = number_silent({str(n): NOW - n for n in range(1, 9)}, NOW)
    assert sign.severity is TICKET
    assert "to 8 numbers" in sign.text
    assert ": 8 since 2026-11-18 11:06:32 UTC, 7 since " in sign.text
    assert " and 3 more." in sign.text
    assert sign.about == {str(n) for n in range(1, 9)}
    assert number_silent({}, NOW).severity is None


def test_an_unknown_number_counts_for_a_day() -> None:
    came = [Came("111", NOW - 9e5, NOW - 5), Came("222", NOW - 9e5, NOW - RECENT_S)]
    sign = unknown(came, NOW)
    assert (sign.severity, sign.about, sign.onset_at) == (TICKET, frozenset({"111"}), NOW - 9e5)
    assert "for 1 number that nobody registered here: 111." in sign.text
    assert unknown(came[1:], NOW).severity is None


def test_unread_webhooks_count_for_a_day() -> None:
    assert unread(1, NOW - 5, NOW).text.startswith("1 webhook could not be understood in full, ")
    assert unread(100, NOW - 5, NOW, at_least=True).text.startswith("At least 100 webhooks ")
    assert unread(0, None, NOW).severity is None
    assert unread(7, NOW - RECENT_S, NOW).severity is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.builds(door, st.integers(0, 50), st.integers(0, 40), st.just(0)), max_size=4))
def test_no_junk_pages_anybody(doors: list[Doors]) -> None:
    assert signature(doors, NOW).severity is not PAGE
    assert signature([each for each in doors if not each.refused], NOW).severity is None
