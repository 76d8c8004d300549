"""Files that do not come and do not fail either."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.ages import DEADLINE, NO_SUCCESS, OVERDUE, SHARE, SILENT_S, STUCK, Lot, deadline, no_success, overdue
from penstock.core.ages import stuck as stuck_
from penstock.core.incident import Severity
from penstock.core.media import MEDIA_LIFE_S, NO_STORAGE_LIFE_S

NOW = 1_795_000_000.0
PAGE, TICKET = Severity.PAGE, Severity.TICKET


def lot(age_s: float = 0.0, *, tried: bool = False, files: int = 1, **facts: Any) -> Lot:
    """Files of one lane, all of one age."""
    late = files if age_s > 120 else 0
    at = NOW - age_s
    known: dict[str, Any] = {
        "workspace": "acme",
        "app": "main",
        "credential": "token-a",
        "number": "1",
        "kind": "image",
        "no_storage": False,
        "backlog": False,
        "files": files,
        "late": 0 if tried else late,
        "late_tried": late if tried else 0,
        "oldest_at": None if tried else at,
        "oldest_tried_at": at if tried else None,
        "soon": 0,
        "very_soon": 0,
        "first_at": at + MEDIA_LIFE_S,
    }
    return Lot(**known | facts)


def test_a_file_that_was_not_tried_for_two_minutes_is_a_ticket() -> None:
    sign = overdue([lot(121.0)], NOW, covered=False)
    assert (sign.key, sign.severity, sign.about, sign.onset_at) == (OVERDUE, TICKET, frozenset({"acme"}), NOW - 121)
    assert sign.text.startswith("The oldest file has been waiting for 2 m 1 s. 1 file of 1 workspace wait")
    assert overdue([lot(119.0)], NOW, covered=False).severity is None
    assert overdue([], NOW, covered=False).well


def test_one_or_two_that_are_tried_again_have_reasons_of_their_own_for_an_hour() -> None:
    assert overdue([lot(900.0, tried=True, files=2)], NOW, covered=False).severity is None
    assert overdue([lot(900.0, tried=True, files=3)], NOW, covered=False).severity is TICKET
    assert overdue([lot(3_601.0, tried=True)], NOW, covered=False).severity is TICKET


def test_a_quarter_of_its_life_is_a_page_whoever_was_told_of_a_cause() -> None:
    sign = overdue([lot(SHARE * MEDIA_LIFE_S + 1, tried=True)], NOW, covered=True)
    assert sign.severity is PAGE
    assert "1 d 18 h, 25% of the time that WhatsApp keeps it" in sign.text
    short = lot(SHARE * NO_STORAGE_LIFE_S + 1, no_storage=True)
    assert overdue([short], NOW, covered=False).severity is PAGE
    assert overdue([lot(600.0)], NOW, covered=True).severity is None


def test_what_a_person_holds_is_said_and_not_counted() -> None:
    held = lot(3e5, files=40, held_by="operator")
    assert overdue([held], NOW, covered=False).severity is None
    sign = overdue([held, lot(200.0)], NOW, covered=False)
    assert "40 files more are held on purpose" in sign.text
    assert overdue([lot(3e5, held_by="breaker")], NOW, covered=False).severity is PAGE


def test_what_was_imported_or_put_back_to_work_is_as_old_as_it_is() -> None:
    assert overdue([lot(3e5, backlog=True)], NOW, covered=False).severity is None


def test_a_deadline_counts_for_everything_that_waits() -> None:
    assert deadline([lot()], NOW).severity is None
    near = lot(5e5, files=9, soon=4, first_at=NOW + 80_000)
    sign = deadline([near], NOW)
    assert (sign.key, sign.severity) == (DEADLINE, TICKET)
    assert "4 files of 1 workspace are near the end" in sign.text
    assert "the first one's ends in 22 h 13 m" in sign.text
    held = lot(5e5, soon=1, very_soon=1, first_at=NOW - 60, held_by="operator", backlog=True)
    sign = deadline([near, held], NOW)
    assert sign.severity is PAGE
    assert "1 of them is held by a gate that was shut by hand: `penstock gate list` names it" in sign.text
    assert "ends 1 m ago" in sign.text


@pytest.mark.parametrize(
    ("fetchers", "attempts", "said"),
    [
        (0, 0, "No process fetches"),
        (2, 0, "try nothing, which is our own fault"),
        (2, 9, "9 attempts failed meanwhile"),
    ],
)
def test_no_success_while_files_wait_is_a_page_that_says_whose_fault_it_is(
    fetchers: int, attempts: int, said: str
) -> None:
    def sign(lots: list[Lot], since: float = NOW - SILENT_S, *, covered: bool = False) -> Any:
        return no_success(lots, NOW, succeeded_at=since, fetchers=fetchers, attempts=attempts, covered=covered)

    waits = lot(400.0, files=3)
    assert (sign([waits]).key, sign([waits]).severity) == (NO_SUCCESS, PAGE)
    assert said in sign([waits]).text
    assert sign([waits], NOW - SILENT_S + 1).severity is None
    assert sign([lot(400.0, files=2)]).severity is None
    assert sign([lot(100.0, files=9)]).severity is None
    assert sign([lot(400.0, files=9, held_by="breaker")]).severity is None
    assert (sign([waits], covered=True).severity is None) == bool(attempts)


def test_events_without_a_position_are_a_ticket_and_then_a_page() -> None:
    assert stuck_(None, NOW).well
    assert not stuck_(NOW - 20, NOW).well
    assert stuck_(NOW - 20, NOW).severity is None
    assert (stuck_(NOW - 40, NOW).key, stuck_(NOW - 40, NOW).severity) == (STUCK, TICKET)
    assert stuck_(NOW - 400, NOW).severity is PAGE


LOTS = st.builds(
    lot,
    st.floats(0, 7e5),
    tried=st.booleans(),
    files=st.integers(1, 9),
    backlog=st.booleans(),
    no_storage=st.booleans(),
    held_by=st.sampled_from(["", "operator", "breaker"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(LOTS, max_size=6), st.booleans())
def test_only_what_waits_for_too_long_is_wrong_and_more_of_it_is_never_less_wrong(
    lots: list[Lot], covered: bool
) -> None:
    sign = overdue(lots, NOW, covered=covered)
    counted = [each for each in lots if not each.backlog and each.held_by != "operator" and each.late + each.late_tried]
    assert sign.severity is None or counted
    more = overdue([*lots, lot(6e5)], NOW, covered=covered)
    assert more.severity is PAGE
    assert overdue([each for each in lots if each not in counted], NOW, covered=covered).severity is None
