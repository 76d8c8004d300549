"""The watch's rounds: by one process at a time, every control shown everything, none disturbed by another."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.controls import rounds
from penstock.controls.rounds import ROLE, Control, Rounds
from penstock.core.errors import Unreachable
from penstock.core.reading import read
from penstock.core.seen import Seen
from penstock.core.work import Attempt, Outcome, RetryLater
from penstock.ledger.book import Ledger


class Onlooker:
    """A control that remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.times: list[float] = []

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        self.seen += seen
        self.times.append(now)


class Broken:
    """A control that cannot."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        del seen, now
        self.asked += 1
        raise self.error


class Sleeper:
    """A control that never comes back."""

    asked = 0

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        del seen, now
        self.asked += 1
        await asyncio.Event().wait()


class Watched:
    """A ledger with one file, and the means to try it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.running: list[Rounds] = []

    async def tried(self, *, at: float | None = None) -> None:
        """One attempt at the file."""
        now = await self.ledger.now()
        (claim,) = await self.ledger.queue.claim(owner="me", limit=1, now=now, lease_s=60.0)
        facts = dict.fromkeys(Attempt.__struct_fields__) | {
            "at": now if at is None else at,
            "operation": "media.look_up",
            "declared_method": "GET",
            "outcome": Outcome.UPSTREAM,
            "duration_s": 0.1,
            "recipe": "standard/1",
        }
        ending = RetryLater(due_at=now, outcome=Outcome.UPSTREAM, reason="Meta answered 503.")
        assert await self.ledger.queue.settle(claim, ending, [Attempt(**facts)], now=now)  # type: ignore[arg-type]

    async def rounds(self, *controls: Callable[[], Control], owner: str = "a", **more: Any) -> Rounds:
        """Rounds that are made."""
        made = Rounds(self.ledger, controls, owner=owner, every_s=0.01, **more)
        await made.start()
        self.running.append(made)
        return made


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def watched(provisioned: Ledger, webhooks: Any) -> AsyncIterator[Watched]:
    body = webhooks.body(webhooks.file("wamid.A", "m1"))
    snapshot = await provisioned.provisioning.snapshot()
    routes = {route.phone_number_id: route for route in snapshot.routes}
    now = await provisioned.now()
    await provisioned.journal.receive(
        app_id=1, body=body, signature="", reading=read(body), routes=routes, version=snapshot.version, now=now
    )
    it = Watched(provisioned)
    yield it
    for each in it.running:
        await each.stop()


async def test_every_control_is_shown_every_attempt_once(watched: Watched) -> None:
    one, other = Onlooker(), Onlooker()
    await watched.rounds(lambda: one, lambda: other)
    for n in range(3):
        await watched.tried()
        await until(lambda n=n: len(other.seen) > n)  # type: ignore[misc]
    idle = len(one.times)
    await until(lambda: len(one.times) > idle)

    assert [seen.nth for seen in one.seen] == [1, 2, 3]
    assert one.seen == other.seen


@pytest.mark.parametrize("error", [ValueError("a mistake"), Unreachable("no database")])
async def test_a_control_that_raises_stops_no_other_and_is_asked_again(watched: Watched, error: Exception) -> None:
    broken, whole = Broken(error), Onlooker()
    await watched.rounds(lambda: broken, lambda: whole)
    await watched.tried()

    await until(lambda: len(whole.seen) == 1 and broken.asked > 1)


async def test_a_control_that_hangs_stops_no_other(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "_PATIENCE_S", 0.01)
    sleeper, awake = Sleeper(), Onlooker()
    await watched.rounds(lambda: sleeper, lambda: awake)
    await watched.tried()

    await until(lambda: len(awake.seen) == 1 and sleeper.asked > 1)


async def test_one_of_two_makes_the_rounds_and_the_next_leader_begins_some_minutes_back(watched: Watched) -> None:
    first, second = Onlooker(), Onlooker()
    now = await watched.ledger.now()
    await watched.tried(at=now - 1_000)
    await watched.tried(at=now - 10)
    leader = await watched.rounds(lambda: first, owner="a", remembered_s=100.0)
    await until(lambda: len(first.seen) == 1)
    await watched.rounds(lambda: second, owner="b", remembered_s=100.0)
    await watched.tried()
    await until(lambda: len(first.seen) == 2)
    assert second.times == []

    await leader.stop()
    await until(lambda: len(second.seen) == 2)
    assert [seen.at for seen in second.seen] == [seen.at for seen in first.seen]


async def test_who_lost_the_lead_and_takes_it_again_begins_anew(watched: Watched) -> None:
    made: list[Onlooker] = []

    def make() -> Onlooker:
        made.append(Onlooker())
        return made[-1]

    await watched.rounds(make, lease_s=0.3)
    await watched.tried()
    await until(lambda: bool(made and made[0].seen))
    # Somebody else took it while this process stood still; it asks for it all the time.
    while not await watched.ledger.leaders.take(ROLE, owner="b", now=await watched.ledger.now(), lease_s=1.0):
        await watched.ledger.leaders.leave(ROLE, owner="a")
    await until(lambda: len(made) == 2 and bool(made[1].seen))

    assert made[0].seen == made[1].seen


async def test_a_store_that_is_away_is_asked_again(tmp_path: Path) -> None:
    ledger = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["a key of the tests"]))
    watched, shown = Watched(ledger), Onlooker()
    await watched.rounds(lambda: shown)
    await asyncio.sleep(0)
    await ledger.start()
    await until(lambda: len(shown.times) > 1)
    for each in watched.running:
        await each.stop()
    await ledger.stop()


async def test_rounds_are_counted_by_who_makes_them(watched: Watched) -> None:
    leader = await watched.rounds(Onlooker)
    await until(lambda: leader.made > 2)
    other = await watched.rounds(Onlooker, owner="b")
    made = leader.made
    await until(lambda: leader.made > made + 2)

    assert (leader.leads, other.leads, other.made) == (True, False, 0)
