"""What goes wrong is answered in one sentence, and logged without anybody's words."""

import pytest
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from penstock.core.errors import Conflict, NotFound, StoreUnavailable, UnsafeStore, WrongUse
from penstock.web.bodies import header
from penstock.web.problems import ProblemError, note, place, problem_of


@pytest.mark.parametrize(
    ("error", "status", "fault"),
    [
        (WrongUse("no"), 400, "yours"),
        (NotFound("no"), 404, "yours"),
        (Conflict("no"), 409, "yours"),
        (StoreUnavailable("no"), 503, "theirs"),
        (UnsafeStore("no"), 500, "yours"),
        (HTTPException(405, headers={"Allow": "GET"}), 405, "yours"),
        (KeyError("EAAGtoken"), 500, "ours"),
        (ProblemError(418, "no"), 418, "yours"),
    ],
)
def test_every_error_has_a_status_and_a_fault(error: Exception, status: int, fault: str) -> None:
    problem = problem_of(error)

    assert (problem.status, problem.fault) == (status, fault)
    assert "EAAG" not in problem.what


def test_what_may_pass_says_when_to_ask_again() -> None:
    assert int(problem_of(StoreUnavailable("no")).headers["Retry-After"]) > 0


def test_a_wrong_method_keeps_saying_which_there_are() -> None:
    assert problem_of(HTTPException(405, headers={"Allow": "GET"})).headers == {"Allow": "GET"}


def test_a_foreign_error_is_logged_by_kind_and_place_only() -> None:
    try:
        header([(b"a", b"1"), None], b"b")  # type: ignore[list-item]
    except TypeError as error:
        with capture_logs() as logged:
            note("web.failed", error, route="/x")

    assert logged[0]["error"] == "TypeError"
    assert logged[0]["why"] is None
    assert str(logged[0]["place"]).startswith("web/bodies.py:")


def test_an_error_of_ours_is_logged_with_its_sentence() -> None:
    with capture_logs() as logged:
        note("web.failed", UnsafeStore("fsync is off"))

    assert (logged[0]["why"], logged[0]["log_level"]) == ("fsync is off", "error")


def test_what_cannot_be_reached_is_told_of_by_others() -> None:
    with capture_logs() as logged:
        note("web.failed", StoreUnavailable("the disk is full"))

    assert [entry["log_level"] for entry in logged] == ["debug"]


def test_an_error_from_elsewhere_has_no_place_in_our_source() -> None:
    assert place(ValueError()) is None
