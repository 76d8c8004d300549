"""How long things are kept: wishes that go together, and when something is due."""

import pytest

from penstock.core.errors import WrongUse
from penstock.core.keeping import DAY_S, MOST_DAYS, Keep, body_due_at, checked, due_at


def test_everything_is_kept_for_good_unless_somebody_says_otherwise() -> None:
    assert set(Keep().shown().values()) == {"forever"}
    assert due_at(0.0, None) == float("inf")


def test_a_wish_replaces_the_one_before_and_no_other() -> None:
    keep = Keep(bodies=10, attempts=5).changed({"bodies": None, "files": 3})

    assert keep == Keep(files=3, attempts=5)
    assert keep.columns() == {"keep_bodies": None, "keep_messages": None, "keep_files": 3, "keep_attempts": 5}


@pytest.mark.parametrize("days", [0, -1, MOST_DAYS + 1])
def test_a_number_of_days_must_be_one_that_can_be(days: int) -> None:
    with pytest.raises(WrongUse, match="kept for 1 to"):
        checked(Keep(bodies=days))


def test_files_do_not_outlive_their_messages() -> None:
    with pytest.raises(WrongUse, match="say --keep-files 30 or less"):
        Keep().changed({"messages": 30})
    with pytest.raises(WrongUse, match="a file goes with its message"):
        Keep().changed({"messages": 30, "files": 31})
    assert Keep().changed({"messages": 30, "files": 30}).files == 30
    assert Keep().changed({"files": 1}).messages is None


def test_a_body_goes_when_the_longest_of_its_workspaces_lets_it() -> None:
    assert body_due_at(100.0, [1, 3, 2]) == 100.0 + 3 * DAY_S
    assert body_due_at(100.0, [1, None]) == float("inf")
    assert body_due_at(100.0, []) == float("inf")
