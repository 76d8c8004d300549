"""Alert targets that hang, fail or are gone while files flow: nothing waits for them, and each is told when it returns."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.detector import Key
from penstock.core.operation import LOOK_UP
from penstock.demo.calm import counted
from penstock.demo.stage import NUMBER, Stage
from penstock.ledger.book import Ledger
from penstock.settings import Settings, alert_targets
from penstock.simulator import FaultRule, Platform, Scenario, Server, Webhooks

Start = Callable[..., Awaitable[Stage]]


class Announced(Stage):
    """A stage whose incidents are told to somebody."""

    alerts = ""
    heartbeat: str | None = None

    def _settings(self, port: int) -> Settings:
        told = alert_targets(self.alerts)
        return dataclasses.replace(super()._settings(port), alerts=told, heartbeat_url=self.heartbeat)


@pytest.fixture
async def announced(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts Penstock beside a simulated Meta, with alert targets."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(alerts: str, scenario: Scenario | None = None, *, heartbeat: str | None = None) -> Stage:
            made = Announced(tmp_path, scenario or Scenario())
            made.alerts, made.heartbeat = alerts, heartbeat
            it = await stack.enter_async_context(made)
            await until(lambda: targets(it.instance.ledger, len(alert_targets(alerts))))
            return it

        yield start


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it."""
    async with asyncio.timeout(300):
        while not await true():
            await asyncio.sleep(0.1)


async def targets(ledger: Ledger, count: int) -> bool:
    return len(await ledger.alerts.targets()) == count


async def attached(it: Stage, count: int) -> bool:
    return sum(tally.attached for tally in await it.instance.ledger.counts.tallies()) >= count


async def opened(ledger: Ledger, operation: str) -> int:
    """An incident, as the watch would open it."""
    now = await ledger.now()
    id_, _ = await ledger.incidents.open(
        Key(operation, "upstream"), suspected=False, onset_at=now - 5, why="Too many fail.", rate=0.3, now=now,
        isolation="i",
    )  # fmt: skip
    return id_


async def test_targets_that_hang_fail_or_are_gone_slow_nothing_and_are_told_once_when_they_return(
    announced: Start, receivers: Any
) -> None:
    hanging, failing, gone, well = [await receivers() for _ in range(4)]
    hanging.hangs, failing.status = True, 500
    await gone.go()
    everybody = (hanging, failing, gone, well)
    it = await announced(",".join(f"webhook+{each.url}/hook" for each in everybody), heartbeat=f"{well.url}/beat")
    ledger = it.instance.ledger
    incidents = [await opened(ledger, f"operation.{nth}") for nth in range(3)]
    await hanging.until(1, asked=True)
    await failing.until(1)

    files = [await it.platform.send(NUMBER, "image") for _ in range(60)]
    texts = [await it.platform.send(NUMBER, "text") for _ in range(20)]
    await it.platform.drain(120)
    await until(lambda: attached(it, len(files)))
    figures = await counted(it, [*files, *texts])
    assert (figures.lost, figures.doubled) == (0, 0)
    # All of that went its way while the targets were as they are.
    assert hanging.told == []
    assert await pending(it, "failing")

    await ledger.incidents.close(incidents[1], "It is over.", now=await ledger.now())
    expected = [("opened", incidents[0]), ("opened", incidents[1]), ("opened", incidents[2]), ("closed", incidents[1])]
    await until(lambda: told_to(well, expected))
    failing.told.clear()
    hanging.hangs, failing.status = False, 200
    await gone.come()
    for each in everybody:
        await until(lambda each=each: told_to(each, expected))  # type: ignore[misc]
        ids = [one.headers["webhook-id"] for one in hooks(each)]
        assert len(set(ids)) == 4
    await until(lambda: pending(it, "ok", count=4))
    for each in everybody:
        assert words(each) == expected  # and nothing came after it
    assert any(one.target == "/beat" and one.method == "GET" for one in well.told)


def hooks(receiver: Any) -> list[Any]:
    """What a receiver was told, but for beats. What it could not answer in time came again under the same id."""
    found: dict[str, Any] = {}
    for one in receiver.told:
        if one.target == "/hook":
            found.setdefault(one.headers["webhook-id"], one)
    return list(found.values())


def words(receiver: Any) -> list[tuple[str, int]]:
    return [(one.json["event"], one.json["incident"]["id"]) for one in hooks(receiver)]


async def told_to(receiver: Any, expected: list[tuple[str, int]]) -> bool:
    return words(receiver)[: len(expected)] == expected


async def pending(it: Stage, state: str, count: int = 1) -> bool:
    """Whether so many targets, at least, are in a state."""
    states = [each.state for each in await it.instance.ledger.alerts.targets()]
    return states.count(state) >= count


async def test_a_fleet_that_turns_bad_is_told_with_its_cause_and_told_to_be_over(
    announced: Start, receiver: Any
) -> None:
    quiet = Webhooks(url=False)  # each file has to be looked up
    bad = FaultRule(fault="server-error", hop="lookup", probability=0.5)
    it = await announced(f"webhook+{receiver.url}/hook", Scenario(servers=(Server(),), webhooks=quiet))
    numbers = [f"1000000000002{nth:02}" for nth in range(30)]  # of a workspace each: no alarm has to be confirmed
    now = await it.instance.ledger.now()
    for number in numbers:
        await it.instance.ledger.provisioning.add_workspace(f"of-{number}", test=False, now=now)
        await it.instance.ledger.provisioning.add_number(
            number, workspace=f"of-{number}", app="demo", credential="demo", now=now
        )
        it.platform.add_number(
            number, app_secret=it.app_secret.encode(), callback=f"{it.base}/webhooks/whatsapp/demo", token="demo"
        )
    await it.instance.registry.refresh()
    for number in numbers:
        await it.platform.send(number, "image")
    await until(lambda: attached(it, len(numbers)))
    assert receiver.asked == 0

    it.platform.set_scenario(Scenario(servers=(Server(faults=(bad,)),), webhooks=quiet))

    async def told_of_it() -> bool:
        if hooks(receiver):
            return True
        for number in numbers:
            await it.platform.send(number, "image")
        await asyncio.sleep(0.9)
        return False

    await until(told_of_it)
    body = hooks(receiver)[0].json
    named = (body["event"], body["incident"]["operation"], body["incident"]["class"])
    assert named == ("opened", LOOK_UP.name, "upstream")
    assert body["url"] == f"{it.base}/api/v1/incidents/{body['incident']['id']}"

    it.platform.set_scenario(Scenario(servers=(Server(),), webhooks=quiet))

    async def told_that_it_is_over() -> bool:
        for number in numbers[::3]:
            await it.platform.send(number, "image")
        await asyncio.sleep(0.9)
        rows = await it.instance.ledger.incidents.latest()
        (target,) = await it.instance.ledger.alerts.targets()
        return all(row.state == "closed" for row in rows) and target.behind == 0

    await until(told_that_it_is_over)
    for id_ in {id_ for _, id_ in words(receiver)}:  # each of them is one story
        story = [event for event, of in words(receiver) if of == id_]
        assert (story[0], story[-1]) == ("opened", "closed")
        assert set(story[1:-1]) <= {"updated"}


async def test_killed_while_a_target_has_not_answered_it_tells_it_again_under_the_same_id(
    installation: Any, receiver: Any
) -> None:
    async with Platform() as meta:
        it = installation(meta.graph_url)
        it.run("workspace", "add", "acme")  # which makes the database
        it.environ["PENSTOCK_ALERTS"] = f"webhook+{receiver.url}/hook"
        it.start()
        await it.answers()
        key = (it.folder / "secret.key").read_text().strip()
        beside = Ledger(SqliteDatabase(it.folder / "penstock.db"), FernetSealer([key]))
        await beside.start(migrate=False)
        await until(lambda: targets(beside, 1))
        receiver.hangs = True
        id_ = await opened(beside, "media.download")
        await receiver.until(1, asked=True)
        it.kill()
        receiver.hangs = False
        it.start()
        await it.answers()

        async def told() -> bool:
            return (await beside.alerts.targets())[0].told == 1

        await until(told)
        await beside.stop()
        assert receiver.asked >= 2
        assert words(receiver) == [("opened", id_)]
        assert it.json("status")["alerts"][0]["state"] == "ok"
        assert await it.stop() == 0
