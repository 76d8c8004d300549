"""A rollout survives ``kill -9`` at every stage, and the page about the next version of Graph does what it says."""

import asyncio
import contextlib
import re
import shlex
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.simulator import Platform, Scenario, Webhooks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "graph-version.md"
STAGES = ("test", "1", "5", "25", "100")
QUIET = Scenario(webhooks=Webhooks(url=False, retry_delays_s=(0.0, 0.2, 0.5, *([1.0] * 400))))
ENOUGH = 4  # outcomes at each stage
BEHIND = 40  # messages that may be on their way at once
LAB = "100000000000003"


class Running:
    """An installation with a test workspace, in a process that may be killed, and traffic that goes on meanwhile."""

    def __init__(self, penstock: Any, meta: Platform) -> None:
        self.penstock, self.meta = penstock, meta
        self.sent = 0

    async def json(self, *arguments: str) -> Any:
        """What a command answers, beside the traffic."""
        return await asyncio.to_thread(self.penstock.json, *arguments)

    async def run(self, *arguments: str) -> str:
        """A command, beside the traffic."""
        told: str = await asyncio.to_thread(self.penstock.run, *arguments)
        return told

    async def send(self, number: str) -> None:
        """A file comes, of a customer of its own."""
        self.sent += 1
        await self.meta.send(number, "image", customer=self.sent)

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self.penstock.start()
        await self.penstock.answers()

    async def stage(self) -> str:
        """Where the rollout is."""
        stage: str = (await self.json("rollout", "status"))["stage"]
        return stage

    async def until(self, condition: Callable[[Any], bool]) -> Any:
        """Wait for a rollout of which something is true."""
        async with asyncio.timeout(300):
            while not condition(found := await self.json("rollout", "status")):
                await asyncio.sleep(0.2)
        return found

    def seen(self) -> tuple[str, bool, int]:
        """The stage, whether all that came was tried and counted, and how many outcomes count there.

        It is read beside the process, for a command is slow.
        """
        with contextlib.closing(sqlite3.connect(self.penstock.folder / "penstock.db", timeout=60)) as database:
            rows = database.execute(
                "SELECT stage, last_attempt >= (SELECT max(id) FROM attempts) AND NOT EXISTS (SELECT 1 FROM fetches), "
                "outcomes FROM rollouts"
            ).fetchall()
        return str(rows[0][0]), bool(rows[0][1]), int(rows[0][2])

    async def counted(self, stage: str) -> None:
        """Wait until all that came was tried and counted, and what follows from it was done."""
        async with asyncio.timeout(300):
            while True:
                found, counted, outcomes = self.seen()
                if found != stage or (stage != "test" and counted and outcomes < ENOUGH):
                    return
                await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def traffic(self) -> AsyncIterator[None]:
        """Files come one after the other, as fast as they are taken."""
        sending = asyncio.create_task(self._traffic())
        try:
            yield
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    async def _traffic(self) -> None:
        while True:
            for _ in range(BEHIND):
                await self.send(self.penstock.number)
            with contextlib.suppress(TimeoutError):
                await self.meta.drain(2)
            await asyncio.sleep(0.05)

    async def nothing_is_lost(self) -> None:
        """Everything that was sent is attached, once."""
        await self.meta.drain(300)
        async with asyncio.timeout(300):
            while True:
                tallies = (await self.json("status"))["workspaces"]
                if not any(each["waiting"] + each["fetching"] for each in tallies):
                    break
                await asyncio.sleep(0.5)
        audit = await self.json("audit")
        assert audit["ok"], audit["problems"]
        assert sum(each["attached"] for each in audit["workspaces"]) == self.sent


@pytest.fixture
async def running(installation: Any) -> AsyncIterator[Running]:
    """It runs."""
    async with Platform(QUIET, seed=7) as meta:
        penstock = installation(meta.graph_url)
        penstock.provision()
        penstock.introduce(meta)
        penstock.run("workspace", "add", "lab", "--test")
        add = ("number", "add", LAB, "--workspace", "lab", "--app", "main", "--token-file", "-")
        penstock.run(*add, given=penstock.token)
        meta.add_number(LAB, app_secret=penstock.secret.encode(), callback=penstock.callback, token="token")
        it = Running(penstock, meta)
        await it.start()
        yield it


async def attached(it: Running) -> None:
    """Some files are at the test workspace."""
    for _ in range(6):
        await it.send(LAB)
    await it.nothing_is_lost()


async def test_a_rollout_that_is_killed_at_every_stage_goes_on_to_everybody_and_nothing_is_lost(
    running: Running,
) -> None:
    it = running
    await attached(it)
    await it.run("recipe", "add", "next", "--graph-version", "v99.0", "--why", "a test")
    await it.run("rollout", "start", "next", "--outcomes", str(ENOUGH), "--why", "a test")
    batches = {"test": 1, "1": 40, "5": 8, "25": 3, "100": 3}  # files that do not carry it over more than one stage
    killed: list[str] = []
    async with asyncio.timeout(600):
        while (stage := it.seen()[0]) != "done":
            assert stage in STAGES
            for _ in range(batches[stage]):
                await it.send(it.penstock.number)
            if stage not in killed:
                killed.append(stage)
                it.penstock.kill()
                await it.start()
            await it.meta.drain(300)
            await it.counted(stage)
    assert killed[:3] == ["test", "1", "5"]
    assert len(killed) >= 4  # one batch may carry it over two of the last ones
    recipes = (await it.json("recipe", "list"))["recipes"]
    assert [each["recipe"] for each in recipes if each["in_use"]] == ["next/1"]
    changes = (await it.json("changes", "list", "--limit", "200"))["changes"]
    moves = [each["after"]["stage"] for each in changes if each["action"] in {"rollout.advance", "rollout.done"}]
    assert moves == [*STAGES[1:], "done"]
    await it.nothing_is_lost()


def commands(heading: str) -> list[list[str]]:
    """What a section of the page tells its reader to type, in order."""
    section = PAGE.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


async def test_the_next_version_is_rehearsed_and_brought_to_everybody_as_its_page_says(running: Running) -> None:
    it = running
    await attached(it)
    for line in commands("Rehearse it"):
        if line[:2] == ["rollout", "rollback"]:  # "when the status says"
            found = await it.until(lambda row: "The test is passed" in row["evidence"])
            assert (found["stage"], found["outcomes"], found["failures"]) == ("test", 5, 0)
            await it.send(LAB)
            await it.nothing_is_lost()
        await it.run(*line)
    assert await it.stage() == "rolled-back"
    lookups = [request.target.split("/")[1] for request in it.meta.record.requests if request.hop == "lookup"]
    assert lookups.count("v27.0") >= 6

    async with it.traffic():
        for line in commands("Bring it to everybody"):
            if line == ["recipe", "list"]:  # "and the rollout is done"
                await it.until(lambda row: row["stage"] == "done")
            told = await it.run(*("2" if word == "20" else word for word in line))
    assert re.search(r"next/1\s+yes", told)
    await it.nothing_is_lost()
