"""A running process is seen, and one that ended in good order is not."""

from pathlib import Path

import apsw
import pytest
from structlog.testing import capture_logs

from penstock.flow.housekeeping import Housekeeping
from penstock.ledger.audit_log import Entry
from penstock.ledger.book import Ledger


async def test_a_process_is_listed_while_it_runs_and_not_after_it_left(ledger: Ledger) -> None:
    process = Housekeeping(ledger, role="all")
    await process.start()
    alive = await ledger.processes.alive(now=await ledger.now())
    assert [(each["id"], each["role"]) for each in alive] == [(process.id, "all")]
    await process.stop()
    assert await ledger.processes.alive(now=await ledger.now()) == []


async def test_a_process_that_was_killed_is_gone_after_three_missed_beats(ledger: Ledger) -> None:
    now = await ledger.now()
    await ledger.processes.beat("killed", role="all", now=now)
    assert await ledger.processes.alive(now=now + 29)
    assert await ledger.processes.alive(now=now + 31) == []


async def test_the_head_of_the_audit_log_is_noted_at_the_start_after_a_change_and_every_hour(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Housekeeping(ledger, role="all")
    with capture_logs() as logs:
        await process._beat()
        await process._beat()
        await ledger.audit_log.append(Entry("me", "act", {}), now=1.0)
        await process._beat()
        await process._beat()
        monkeypatch.setattr(process, "_note_at", 0.0)  # an hour later
        await process._beat()

    noted = [(each["entries"], each["head"]) for each in logs if each["event"] == "audit_log.head"]
    head = (await ledger.audit_log.head()).digest.hex()
    assert noted == [(0, "0" * 64), (1, head), (1, head)]


async def test_an_audit_log_that_was_broken_keeps_no_process_from_starting(ledger: Ledger, tmp_path: Path) -> None:
    file = apsw.Connection(str(tmp_path / "penstock.db"))
    file.set_busy_timeout(30_000)
    file.execute("DELETE FROM audit_head")
    file.close()
    process = Housekeeping(ledger, role="all")
    with capture_logs() as logs:
        await process.start()
        await process.stop()

    assert [(each["event"], each["log_level"]) for each in logs] == [("audit_log.head_unknown", "error")]
