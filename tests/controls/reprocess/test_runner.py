"""Runs are carried on by one process at a time, past gates and deaths, and nobody else is held up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from penstock.controls.reprocess.runner import ROLE, Runner, shut_lanes
from penstock.core.errors import Unreachable
from penstock.core.gate import Board, Gate
from penstock.core.reprocess import State
from penstock.core.work import Attached, Ending, Failed, Outcome
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.runs import Asked, Report

FAILED = Failed(Outcome.GONE, "It cannot be had.")
ATTACHED = Attached(3, b"\x01" * 32, "image/jpeg")
NUMBER: dict[str, object] = {
    "id": 7,
    "phone_number_id": "100000000000002",
    "workspace": "acme",
    "app": "main",
    "credential": "token-a",
}


async def end(ledger: Ledger, ending: Ending) -> int:
    """Fetch what is due, to this end."""
    now = await ledger.now()
    claims = await ledger.queue.claim(owner="me", limit=1_000, now=now, lease_s=60)
    for claim in claims:
        assert await ledger.queue.settle(claim, ending, (), now=now)
    return len(claims)


@pytest.fixture
def lose(provisioned: Ledger, webhooks: Any, signed: Callable[..., bytes]) -> Callable[..., Awaitable[int]]:
    """Makes so many files that failed, and a run about them."""

    async def make(files: int, *, kind: str = "image", rate: float | None = None) -> int:
        registry = Registry(provisioned)
        await registry.refresh()
        stamp = str(int(await provisioned.now()))
        names = [f"{kind}-{number}" for number in range(files)]
        body = webhooks.body(*[webhooks.file(f"wamid.{name}", name, kind, timestamp=stamp) for name in names])
        assert isinstance(await Receiver(provisioned, registry).take(body, signed(body)), Taken)
        assert await end(provisioned, FAILED) == files
        return (await provisioned.reprocess.start(Asked(), rate=rate, who="cli:anna", why="again")).id

    return make


async def until(ledger: Ledger, run: int, reached: Callable[[Report], bool]) -> Report:
    """The run once it stands so."""
    async with asyncio.timeout(60):
        while True:
            report, adds_up = await ledger.reprocess.counted(run)
            assert adds_up, report
            if reached(report):
                return report
            await asyncio.sleep(0.01)


async def test_a_run_is_carried_on_to_its_end_and_the_fetcher_is_woken(provisioned: Ledger, lose: Any) -> None:
    run = await lose(5)
    woken, changed = asyncio.Event(), asyncio.Event()
    runner = Runner(provisioned, owner="a", wake=woken.set, changed=changed.set, idle_s=0.05)
    with capture_logs() as logs:
        await runner.start()
        async with asyncio.timeout(60):
            await woken.wait()
        await until(provisioned, run, lambda report: report.run.under_way == 5)
        assert await end(provisioned, ATTACHED) == 5
        await until(provisioned, run, lambda report: report.run.state is State.DONE)
        async with asyncio.timeout(60):  # the row is there a moment before the line of the log
            while not any(entry["event"] == "reprocess.done" for entry in logs):
                await asyncio.sleep(0.01)
        await runner.stop()

    assert changed.is_set()
    assert [(entry["event"], entry["attached"]) for entry in logs if entry["event"] == "reprocess.done"] == [
        ("reprocess.done", 5)
    ]
    assert await provisioned.leaders.leader(ROLE) is None


async def test_one_leads_and_another_goes_on_where_it_stopped(provisioned: Ledger, lose: Any) -> None:
    run = await lose(3, rate=1.0)
    first, second = Runner(provisioned, owner="a"), Runner(provisioned, owner="b")
    first._lead._lease_s = 600.0  # however slow this machine is
    for _ in range(4):
        await first.turn()
        assert await second.turn() == 1.0
    assert (await provisioned.reprocess.run(run, workspace_id=None)).run.under_way >= 1  # type: ignore[union-attr]
    await first._lead.leave()
    second._lead._ask_at = float("-inf")  # it asks three times within a lease
    await second.turn()

    leader = await provisioned.leaders.leader(ROLE)
    assert leader is not None and leader[0] == "b"


async def test_without_runs_nobody_leads_and_nothing_is_written(provisioned: Ledger) -> None:
    runner = Runner(provisioned, owner="a", idle_s=0.5)

    assert await runner.turn() == 0.5
    assert await provisioned.leaders.leader(ROLE) is None


async def test_what_comes_to_no_end_is_looked_at_less_and_less_often(provisioned: Ledger, lose: Any) -> None:
    await lose(1)
    runner = Runner(provisioned, owner="a", idle_s=1.0)
    pauses = [await runner.turn() for _ in range(9)]

    assert pauses[-1] == 1.0
    assert pauses[-3:] == sorted(pauses[-3:])


async def test_a_lane_behind_a_shut_gate_is_left_and_its_files_stay_what_they_are(
    provisioned: Ledger, lose: Any
) -> None:
    run = await lose(2)
    now = await provisioned.now()
    await provisioned.gates.shut({"kind": "image"}, owner="operator", by="ops", why="graph is down", now=now)
    runner = Runner(provisioned, owner="a")
    for _ in range(4):
        await runner.turn()
    report, _ = await provisioned.reprocess.counted(run)
    assert (report.run.state, report.run.waiting, report.run.under_way) == (State.RUNNING, 2, 0)
    await provisioned.gates.open({"kind": "image"}, owner="operator")
    for _ in range(2):
        await runner.turn()

    assert (await provisioned.reprocess.counted(run))[0].run.under_way == 2


async def test_while_the_store_is_away_it_is_said_and_tried_again(
    provisioned: Ledger, lose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await lose(1)
    tries = []

    async def away() -> list[int]:
        tries.append(1)
        raise Unreachable("the database is away")

    monkeypatch.setattr("penstock.controls.reprocess.runner._AGAIN_S", 0.01)
    monkeypatch.setattr(provisioned.reprocess, "active", away)
    runner = Runner(provisioned, owner="a", idle_s=0.05)
    with capture_logs() as logs:
        await runner.start()
        async with asyncio.timeout(60):
            while len(tries) < 3:
                await asyncio.sleep(0.01)
    monkeypatch.undo()
    await until(provisioned, run, lambda report: report.run.under_way == 1)
    await runner.stop()

    assert {"reprocess.store_unavailable"} <= {entry["event"] for entry in logs}


async def test_a_run_that_pauses_itself_says_so_in_the_log(provisioned: Ledger, lose: Any) -> None:
    run = await lose(110)
    runner = Runner(provisioned, owner="a")
    for _ in range(3):
        await runner.turn()
    assert await end(provisioned, FAILED) == 100
    with capture_logs() as logs:
        await runner.turn()

    assert (await provisioned.reprocess.counted(run))[0].run.state is State.PAUSED
    [told] = [entry for entry in logs if entry["event"] == "reprocess.paused_itself"]
    assert told["log_level"] == "warning"
    assert "only 0 were attached" in told["reason"]


@pytest.mark.parametrize(
    ("scope", "shut"),
    [
        ({}, ",7:image,7:audio,7:video,7:document,7:sticker,"),
        ({"workspace": "acme"}, ",7:image,7:audio,7:video,7:document,7:sticker,"),
        ({"operation": "media.download"}, ",7:image,7:audio,7:video,7:document,7:sticker,"),
        ({"kind": "video"}, ",7:video,"),
        ({"workspace": "rival"}, ""),
    ],
    ids=str,
)
def test_the_lanes_behind_a_shut_gate_are_named(scope: dict[str, str], shut: str) -> None:
    gate = Gate(1, scope, 0.0, "operator", "ops", "because", 0.0, None, False)

    assert shut_lanes(Board([gate]), [NUMBER], now=1.0) == shut
    assert shut_lanes(Board(), [NUMBER], now=1.0) == ""
