"""Alert targets that hang, fail or are gone while files flow: nothing waits for them, and each is told when it returns."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.detector import Key
from penstock.demo.calm import counted
from penstock.demo.stage import NUMBER, Stage
from penstock.ledger.book import Ledger
from penstock.simulator import Platform

Start = Callable[..., Awaitable[Stage]]


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
