"""Changes by people become events of the log: once, by their name in the audit log, and of persons nothing but that."""

from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from penstock.controls.changes import Changes
from penstock.ledger.audit_log import Entry
from penstock.ledger.book import Ledger


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


async def test_a_gate_that_somebody_shuts_is_a_line_with_who_and_why(ledger: Ledger, lines: list[Any]) -> None:
    changes = Changes(ledger)
    await changes.look((), 0.0)
    await ledger.gates.shut({}, owner="operator", by="cli:anna", why="Graph is down", now=1.0)
    await changes.look((), 2.0)
    await changes.look((), 3.0)

    [line] = lines
    assert (line["event"], line["who"], line["why"]) == ("gate.shut", "cli:anna", "Graph is down")
    assert line["subject"] == {"scope": {}, "owner": "operator"}
    assert line["entry"] == 1


async def test_what_was_changed_before_is_not_told_again(ledger: Ledger, lines: list[Any]) -> None:
    await ledger.gates.shut({}, owner="operator", by="cli:anna", why="before", now=1.0)
    changes = Changes(ledger)
    await changes.look((), 2.0)
    await changes.look((), 3.0)

    assert lines == []


async def test_what_tells_of_its_gates_itself_is_not_told_twice(ledger: Ledger, lines: list[Any]) -> None:
    changes = Changes(ledger)
    await changes.look((), 0.0)
    await ledger.gates.shut({}, owner="breaker", by="breaker", why="nothing gets through", now=1.0)
    await changes.look((), 2.0)

    assert lines == []


async def test_of_a_customer_who_was_erased_only_that_is_told(ledger: Ledger, lines: list[Any]) -> None:
    changes = Changes(ledger)
    await changes.look((), 0.0)
    wish = Entry("cli:anna", "customer.erased", {"workspace": "acme"}, "Ada on 491701234567 asked for it")
    await ledger.audit_log.append(wish, now=1.0)
    await changes.look((), 2.0)

    [line] = lines
    assert line["event"] == "customer.erased"
    assert "491701234567" not in str(line)
