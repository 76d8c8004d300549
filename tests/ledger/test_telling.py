"""What is said of a store that is away: which line, with which facts."""

from structlog.testing import capture_logs

from penstock.core.outage import QUIET_S, REMIND_S
from penstock.ledger.telling import Teller


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_an_outage_is_told_when_it_begins_while_it_lasts_and_when_it_is_over() -> None:
    time = Time()
    teller = Teller("store", meaning="files wait", clock=time)
    with capture_logs() as logged:
        teller.went("write")
        for _ in range(5):
            teller.failed("write", "the disk is full")
        assert teller.lacks("write")
        assert not teller.lacks("read")
        time.now += REMIND_S
        teller.failed("write", "the disk is still full")
        time.now += QUIET_S
        teller.went("write")
        teller.went("write")

    assert logged == [
        {"event": "store.unavailable", "log_level": "warning", "reason": "the disk is full", "meaning": "files wait"},
        {
            "event": "store.still_unavailable",
            "log_level": "warning",
            "reason": "the disk is still full",
            "after_s": REMIND_S,
            "failures": 6,
        },
        {"event": "store.available_again", "log_level": "info", "after_s": REMIND_S + QUIET_S, "failures": 6},
    ]
    assert not teller.lacks("write")
