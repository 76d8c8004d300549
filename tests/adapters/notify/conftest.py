"""What the tests of senders share: an incident and the alerts that it makes."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.core.alert import Alert
from penstock.core.incident import Cause, Incident, Kind

NOW = 1_795_000_000.0
ROW = Incident(
    id=7, operation="media.download", outcome="upstream", state="open", onset_at=NOW - 60, opened_at=NOW - 50,
    closed_at=None, why="Too many fail.", rate=0.3,
    cause=Cause({"wire_method": "POST"}, True, ({"contract_ok": "no"},), 8, 20, 12.5), gates=(4,), failures=12,
    outcomes=40, files=1, workspaces=3, acknowledged_by=None, acknowledged_at=None,
)  # fmt: skip


@pytest.fixture
def alert() -> Callable[..., Alert]:
    """Makes an alert; facts may be changed."""

    def make(**more: Any) -> Alert:
        known: dict[str, Any] = {
            "id": "ab12-tgt-9", "key": "penstock-ab12-7", "event": "opened", "kind": Kind.ALARM, "at": NOW,
            "text": "Too many fail.", "incident": ROW, "url": "https://media.example.com/api/v1/incidents/7",
        }  # fmt: skip
        return Alert(**known | more)

    return make
