"""Runs are listed, shown and steered, and whoever steers one is named with the reason."""

from typing import Any

import pytest

from penstock.cli import runs
from penstock.core.reprocess import Reason
from penstock.core.work import Failed, Outcome
from penstock.ledger.book import Ledger


@pytest.fixture
def run(penstock: Any, acme: Any) -> str:
    """A run of three files, one of which was put to work."""
    acme.receive("1", "2", "3")
    acme.settle(lambda _: Failed(Outcome.GONE, "It cannot be had."), limit=3)
    begun = penstock.done("reprocess", "--yes", "--rate", "0.01", "--why", "the outage is over", "--json").answer
    acme.carry_on()
    return str(begun["id"])


def test_runs_are_listed_with_who_and_why(penstock: Any, run: str) -> None:
    (told,) = penstock.done("reprocess", "list", "--json").answer["runs"]
    assert (told["id"], told["state"], told["waiting"], told["under_way"]) == (run, "running", 2, 1)
    head, row = penstock.done("reprocess", "list").out.splitlines()
    assert head.split("\t")[:2] == ["ID", "STATE"]
    assert row.startswith(f"{run}\trunning\t3\t0\t0\t3\t")
    assert row.endswith("\tthe outage is over")


def test_a_run_is_paused_resumed_and_cancelled_and_each_is_in_the_audit_log(penstock: Any, acme: Any, run: str) -> None:
    assert penstock.done("reprocess", "pause", run, "--why", "lunch", "--json").answer["state"] == "paused"
    assert "it cannot be paused" in penstock("reprocess", "pause", run).refused(1)
    assert penstock.done("reprocess", "resume", run, "--json").answer["state"] == "running"
    cancelled = penstock.done("reprocess", "cancel", run, "--json").answer
    assert (cancelled["state"], cancelled["cancelled"], cancelled["under_way"]) == ("cancelled", 2, 1)
    assert "this run is cancelled: it cannot be resumed" in penstock("reprocess", "resume", run).refused(1)

    async def entries(ledger: Ledger) -> list[tuple[str, str]]:
        return [(each.entry.action, each.entry.why) for each in (await ledger.audit_log.latest())[-4:]]

    assert acme.work(entries) == [
        ("reprocess.start", "the outage is over"),
        ("reprocess.pause", "lunch"),
        ("reprocess.resume", ""),
        ("reprocess.cancel", ""),
    ]


def test_a_run_is_shown_as_a_sum(penstock: Any, run: str) -> None:
    out = penstock.done("reprocess", "show", run).out

    assert f"{run}  running: 0 of 3 files, 0 attached, 1 under way" in out
    assert "3 selected = 0 attached + 0 failed again + 2 waiting + 1 under way" in out
    assert "by cli:" in out


def test_what_runs_is_named_by_status(penstock: Any, run: str) -> None:
    assert [each["id"] for each in penstock.done("status", "--json").answer["reprocess"]] == [run]
    assert f"Reprocessing {run} is trying the first hundred: 0 of 3 files" in penstock.done("status").out


@pytest.mark.parametrize("command", ["show", "pause", "resume", "cancel"])
@pytest.mark.usefixtures("acme")
def test_a_run_that_is_not_there_is_said_so(penstock: Any, command: str) -> None:
    for name in ("rep_9wdvsq7gqt1dc", "rep_1", "med_9wdvsq7gqt1dc", "1"):
        assert "there is no" in penstock("reprocess", command, name).refused(1)


def test_every_reason_can_be_said() -> None:
    said = list(runs.reasons(dict.fromkeys(Reason, 2)))

    assert len(said) == len(Reason)
    assert all(line.startswith("2 files not: ") for line in said)
