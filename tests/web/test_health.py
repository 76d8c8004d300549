"""Liveness, readiness and figures."""

import asyncio
import time
from typing import Any

import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.core.detector import Key
from penstock.core.errors import StoreUnavailable, WrongUse
from penstock.ledger.audit_log import AuditLog
from penstock.ledger.counts import Counts
from penstock.web import health


async def test_it_is_alive_whatever_the_store_does(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    break_writes(monkeypatch)

    assert (await site.get("/healthz")).status == 200


async def test_it_is_ready_when_a_write_is_durable(site: Any) -> None:
    assert (await site.get("/readyz")).text == "ok\n"


async def test_it_is_not_ready_when_nothing_can_be_stored(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    break_writes(monkeypatch)
    got = await site.get("/readyz")

    assert got.status == 503
    assert got.text == "cannot store: the disk is full\n"
    assert "Retry-After" in got.headers


async def test_many_who_ask_at_once_cost_one_write(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = []
    write = SqliteDatabase.write

    async def counted(self: Any, script: Any) -> Any:
        writes.append(script)
        return await write(self, script)

    monkeypatch.setattr(SqliteDatabase, "write", counted)
    answers = await asyncio.gather(*(site.get("/readyz") for _ in range(20)))

    assert {got.status for got in answers} == {200}
    assert len(writes) == 1


async def test_a_write_that_hangs_is_not_waited_for(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_args: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(SqliteDatabase, "write", hang)
    monkeypatch.setattr(health, "_WRITE_WITHIN_S", 0.05)

    assert (await site.get("/readyz")).status == 503


async def test_figures_count_files_by_state_and_name_no_workspace(site: Any) -> None:
    await site.receive(site.file("image", "m1"), site.file("image", "m2"))
    await site.attach("m1", b"\xff\xd8\xff")
    got = await site.get("/metrics")

    assert got.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'penstock_media{state="attached"} 1.0' in got.text
    assert 'penstock_media{state="waiting"} 1.0' in got.text
    assert 'penstock_build_info{version="1.2.3"} 1.0' in got.text
    assert "acme" not in got.text


async def test_figures_that_cannot_be_read_do_not_hide_the_others(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_args: Any) -> None:
        raise StoreUnavailable("no")

    monkeypatch.setattr(SqliteDatabase, "read", broken)
    got = await site.get("/metrics")

    assert got.status == 200
    assert "penstock_store_readable 0.0" in got.text


async def test_figures_tell_gates_incidents_and_how_long_the_audit_log_is(site: Any) -> None:
    before = entries((await site.get("/metrics")).text)
    await site.ledger.gates.shut({"app": "main"}, owner="operator", by="cli:anna", why="a test", now=time.time())
    await site.ledger.incidents.open(
        Key("media.look_up", "upstream"), suspected=True, onset_at=1.0, why="w", rate=0.3, now=2.0, isolation="i"
    )
    text = (await site.get("/metrics")).text

    assert 'penstock_gates{opening="shut",owner="operator"} 1.0' in text
    assert 'penstock_incidents{severity="page",state="suspected"} 1.0' in text
    assert entries(text) == before + 1


async def test_many_who_scrape_at_once_count_the_files_once(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    tallies = Counts.tallies

    async def noted(self: Counts) -> Any:
        counted.append(1)
        return await tallies(self)

    monkeypatch.setattr(Counts, "tallies", noted)
    monkeypatch.setattr(health, "_FIGURES_FOR_S", 300.0)
    await asyncio.gather(*(site.get("/metrics") for _ in range(10)))

    assert len(counted) == 1


async def test_an_audit_log_that_cannot_be_read_hides_no_other_figure(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: Any) -> None:
        raise WrongUse("the audit log has no head")

    monkeypatch.setattr(AuditLog, "head", broken)
    text = (await site.get("/metrics")).text

    assert "penstock_store_readable 1.0" in text
    assert "penstock_audit_log_entries" not in text


async def test_who_does_not_watch_tells_nothing_of_the_whole(site: Any) -> None:
    silent = health.Health(site.ledger, site.app.metrics, counting=False)
    [path] = [route for route in silent.routes() if route.path == "/metrics"]

    assert b"penstock_media{" not in bytes((await path.endpoint(None)).body)


def entries(text: str) -> int:
    """The last entry of the audit log."""
    [line] = [line for line in text.splitlines() if line.startswith("penstock_audit_log_entries ")]
    return int(float(line.split()[1]))


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_monitoring_only_reads(site: Any, path: str) -> None:
    got = await site.post(path)

    assert got.status == 405
    assert set(got.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}


def break_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_args: Any) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(SqliteDatabase, "write", full)
