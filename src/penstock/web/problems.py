"""Answers that are not what was asked for: one sentence, whose fault, what to do; never a secret, never a trace.

Raised anywhere in this room, turned into JSON or a page by ``app``. What was not foreseen is logged by its kind and
its place in our source, not by its text: the text of a foreign error may quote a token or a phone number.
"""

import logging
import traceback
from collections.abc import Mapping
from pathlib import Path

import structlog
from starlette.exceptions import HTTPException

from penstock.core.errors import Conflict, NotFound, PenstockError, Unreachable, WrongUse

_log = structlog.get_logger()

_RETRY_AFTER_S = 5
_QUIETLY, _LOUDLY = logging.DEBUG, logging.ERROR
_ROOT = Path(__file__).parent.parent
_STATUSES: Mapping[type[PenstockError], int] = {WrongUse: 400, NotFound: 404, Conflict: 409}
_BY_STATUS = {
    404: "there is nothing here by this name",
    405: "this is not done with this method",
}


class ProblemError(Exception):
    """An answer other than the one that was asked for."""

    def __init__(
        self,
        status: int,
        what: str,
        *,
        do: str | None = None,
        fault: str = "yours",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.do = do
        self.fault = fault
        self.headers = dict(headers or {})


def problem_of(error: Exception) -> ProblemError:
    """The answer to whatever went wrong."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, HTTPException):
        what = _BY_STATUS.get(error.status_code, "this request cannot be answered")
        return ProblemError(error.status_code, what, headers=error.headers)
    if isinstance(error, Unreachable):
        return ProblemError(
            503,
            str(error),
            do="ask again in a few seconds",
            fault=error.fault,
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        )
    if isinstance(error, PenstockError):
        status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)
        return ProblemError(status, str(error), fault=error.fault)
    return ProblemError(
        500,
        "something went wrong inside Penstock; its log names the place",
        do="ask again; if it stays, show the log to whoever runs Penstock",
        fault="ours",
    )


def note(event: str, error: BaseException, **facts: object) -> None:
    """Log what was not foreseen: its kind and its place, without the words of a foreign error.

    What cannot be reached is told of once, by whoever watches it, and not again for everybody who asked.
    """
    why = str(error) if isinstance(error, PenstockError) else None
    _log.log(
        _QUIETLY if isinstance(error, Unreachable) else _LOUDLY,
        event,
        error=type(error).__name__,
        place=place(error),
        why=why,
        **facts,
    )


def place(error: BaseException) -> str | None:
    """The innermost line of our own source that the error passed."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT):
            return f"{path.relative_to(_ROOT)}:{frame.lineno}"
    return None
