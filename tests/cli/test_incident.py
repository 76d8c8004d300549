"""Incidents on the command line: seen, acknowledged, reported."""

from pathlib import Path
from typing import Any

import pytest

from penstock.cli import session
from penstock.core.detector import Key
from penstock.core.incident import Cause
from penstock.core.work import Outcome, RetryLater
from penstock.ledger.book import Ledger

KEYS = {
    "id",
    "state",
    "operation",
    "class",
    "onset_at",
    "opened_at",
    "closed_at",
    "cause",
    "gates",
    "files",
    "workspaces",
    "acknowledged_by",
}


@pytest.fixture
def incident(acme: Any) -> int:
    """An open one, with one file that failed in its way."""
    acme.receive("m1")

    async def opened(ledger: Ledger) -> int:
        now = await ledger.now()
        id_, _ = await ledger.incidents.open(
            Key("media.look_up", "upstream"),
            suspected=False,
            onset_at=now - 5,
            why="Too many first attempts fail.",
            rate=0.3,
            now=now,
            isolation="media.look_up is touched.",
        )
        await ledger.incidents.diagnosed(
            id_, Cause({"wire_method": "POST"}, True, ({"contract_ok": "no"},), 8, 20, 12.5), now=now
        )
        return id_

    number: int = acme.work(opened)
    acme.settle(lambda _: RetryLater(due_at=9e9, outcome=Outcome.UPSTREAM, reason="x"))
    return number


def test_without_incidents_it_says_so(penstock: Any, acme: Any) -> None:
    del acme
    assert penstock.done("incident", "list").out == "there was no incident yet\n"
    assert penstock.done("incident", "list", "--open").out == "no incident is open\n"
    assert penstock.done("incident", "list", "--json").answer == {"incidents": []}


def test_an_incident_is_listed_shown_and_part_of_the_status(penstock: Any, acme: Any, incident: int) -> None:
    acme.beat()
    (listed,) = penstock.done("incident", "list", "--json").answer["incidents"]
    assert listed.keys() >= KEYS
    assert (listed["id"], listed["state"], listed["class"]) == (incident, "open", "upstream")
    assert listed["cause"] == {
        "rule": {"wire_method": "POST"},
        "own_request": True,
        "also": [{"contract_ok": "no"}],
        "failures": 8,
        "outcomes": 20,
        "tested": None,
        "symptoms": [],
    }
    shown = penstock.done("incident", "show", str(incident), "--json").answer
    assert shown["incident"] == listed
    assert [event["kind"] for event in shown["events"]] == ["onset", "alarm", "isolation", "diagnosis"]
    assert "Look-ups of files fail" in penstock.done("incident", "show", str(incident)).out
    assert "method on the wire POST" in penstock.done("incident", "list").out

    status = penstock.done("status", "--json").answer
    assert (status["incidents"], status["ok"]) == ([listed], False)
    assert f"Incident {incident} is open since " in penstock.done("status").out


def test_somebody_acknowledges_it_with_a_reason(penstock: Any, incident: int) -> None:
    assert "--why" in penstock("incident", "ack", str(incident)).refused(2)
    assert "--why is empty" in penstock("incident", "ack", str(incident), "--why", " ").refused(2)
    out = penstock.done("incident", "ack", str(incident), "--why", "I look").out
    assert out.startswith(f"Incident {incident} is yours, {session.who()}.")
    penstock("incident", "ack", str(incident), "--why", "me too").refused(1)
    assert "no incident 99" in penstock("incident", "ack", "99", "--why", "x").refused(1)
    (listed,) = penstock.done("incident", "list", "--json").answer["incidents"]
    assert listed["acknowledged_by"] == session.who()


def test_a_report_is_written_as_markdown_and_as_a_page(penstock: Any, incident: int, tmp_path: Path) -> None:
    text = penstock.done("incident", "report", str(incident)).out
    assert text.startswith(f"# Incident {incident}: media.look\\_up, upstream".replace("\\", ""))
    for words in (
        "## Impact",
        "1 file of 1 message in 1 workspace",
        "wire_method = POST",
        "= 1 waiting.",
        "| acme | 1",
    ):
        assert words in text, words
    said = penstock.done("incident", "report", str(incident), "--out", "report.html").out
    assert said == f"The report on incident {incident} is in report.html.\n"
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "<svg" in page
    answer = penstock.done("incident", "report", str(incident), "--format", "html", "--json").answer
    assert (answer["format"], answer["path"], "<svg" in answer["text"]) == ("html", None, True)
    assert "cannot be written" in penstock("incident", "report", str(incident), "--out", "no/such/r.md").refused(2)


def test_a_customer_is_told_of_its_own_files_only(penstock: Any, incident: int) -> None:
    text = penstock.done("incident", "report", str(incident), "--workspace", "acme").out
    assert "on the way; WhatsApp keeps it until " in text
    assert "POST" not in text
    assert "no workspace nobody" in penstock("incident", "report", str(incident), "--workspace", "nobody").refused(1)
