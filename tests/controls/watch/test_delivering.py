"""One target's post: every alert once and in order, whatever the target does; and after a crash the same id again."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.notify.alertmanager import Alertmanager
from penstock.adapters.notify.pagerduty import PagerDuty
from penstock.adapters.notify.port import Reply, Target
from penstock.adapters.notify.webhook import Webhook
from penstock.adapters.seal.fernet import FernetSealer
from penstock.controls.watch.delivering import Delivery
from penstock.core.alert import Alert
from penstock.core.detector import Key
from penstock.core.errors import StoreUnavailable
from penstock.core.incident import Cause, Kind
from penstock.ledger.alerts import TargetState
from penstock.ledger.book import Ledger

CAUSE = Cause({"wire_method": "POST"}, True, ({"contract_ok": "no"},), 8, 20, 12.5)


class Never(random.Random):
    """Chance that never makes anybody wait."""

    def random(self) -> float:
        return 0.0


class Post:
    """A ledger, one target, and incidents to tell it of."""

    def __init__(self, ledger: Ledger, target: Target) -> None:
        self.ledger = ledger
        self.target = target
        self.lead()

    def lead(self) -> None:
        """Another process tells from now on."""
        self.delivery = Delivery(
            self.ledger, self.target, link=lambda id_: f"https://p.example/{id_}", rng=Never(), every_s=0.01
        )

    async def begin(self) -> None:
        await self.ledger.alerts.begin([(self.target.id, self.target.name)], now=await self.ledger.now())

    async def open(self, operation: str = "media.download", *, suspected: bool = False) -> int:
        now = await self.ledger.now()
        id_, _ = await self.ledger.incidents.open(
            Key(operation, "upstream"), suspected=suspected, onset_at=now - 5, why="Too many fail.", rate=0.3, now=now,
            isolation="i",
        )  # fmt: skip
        return id_

    async def turns(self, count: int = 12) -> None:
        """More than there is to do."""
        for _ in range(count):
            await self.delivery.turn()

    async def state(self) -> TargetState:
        state = await self.ledger.alerts.target(self.target.id)
        assert state is not None
        return state


@pytest.fixture
async def post(ledger: Ledger, receiver: Any) -> Post:
    """A webhook's."""
    made = Post(ledger, Target("a" * 16, "webhook at ops", Webhook(receiver.url, [b"k" * 32])))
    await made.begin()
    return made


def words(receiver: Any) -> list[tuple[str, str]]:
    return [(told.json["event"], told.json["kind"]) for told in receiver.told]


async def test_an_incident_is_told_as_it_goes_each_thing_once(post: Post, receiver: Any) -> None:
    id_ = await post.open()
    await post.turns()
    now = await post.ledger.now()
    await post.ledger.incidents.diagnosed(id_, CAUSE, now=now)
    await post.turns()
    await post.ledger.incidents.acknowledge(id_, who="cli:anna", why="call +15550001234", now=now)
    await post.turns()
    await post.ledger.incidents.close(id_, "It is over.", now=now + 5)
    await post.turns()

    assert words(receiver) == [
        ("opened", "alarm"), ("updated", "diagnosis"), ("updated", "acknowledged"), ("closed", "closed"),
    ]  # fmt: skip
    opened, updated, acked, closed = (told.json for told in receiver.told)
    assert opened["incident"]["state"] == "open"
    assert updated["incident"]["cause"]["rule"] == {"wire_method": "POST"}
    assert acked["incident"]["acknowledged_by"] == "cli:anna"
    assert "15550001234" not in str(acked)
    assert closed["incident"]["state"] == "closed"
    assert opened["url"] == f"https://p.example/{id_}"
    assert len({told.headers["webhook-id"] for told in receiver.told}) == 4
    state = await post.state()
    assert (state.told, state.heard, state.behind) == (4, frozenset(), 0)


async def test_a_suspicion_is_told_to_nobody_until_it_is_confirmed(post: Post, receiver: Any) -> None:
    await post.open(suspected=True)
    await post.turns()
    assert receiver.asked == 0
    assert (await post.state()).behind == 0
    await post.open()
    await post.turns()
    assert words(receiver) == [("opened", "alarm")]


async def test_what_happened_while_it_was_away_is_told_when_it_returns_once_and_in_order(
    post: Post, receiver: Any
) -> None:
    await receiver.go()
    first, second = await post.open(), await post.open("media.look_up")
    await post.turns(3)
    now = await post.ledger.now()
    for nth in range(3):
        await post.ledger.incidents.gated(first, [nth], "A gate.", at=now, actor="breaker")
    await post.ledger.incidents.close(second, "It is over.", now=now)
    await post.turns(3)
    state = await post.state()
    assert (state.state, state.error) == ("failing", "cannot be reached: Connection refused")
    assert state.attempts == 6

    await receiver.come()
    await post.turns()
    assert [(told.json["event"], told.json["incident"]["id"]) for told in receiver.told] == [
        ("opened", first), ("opened", second), ("updated", first), ("closed", second),
    ]  # fmt: skip
    assert receiver.told[1].json["incident"]["state"] == "open"  # as it was then
    assert receiver.told[2].json["incident"]["gates"] == [2]  # the latest of three
    state = await post.state()
    assert (state.state, state.error, state.attempts, state.failing_since) == ("ok", None, 0, None)


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_one_that_fails_is_asked_again_and_takes_it_once(post: Post, receiver: Any, status: int) -> None:
    receiver.status = status
    await post.open()
    await post.turns(3)
    assert receiver.asked == 3
    receiver.status = 200
    await post.turns()
    assert receiver.asked == 4
    assert len({told.headers["webhook-id"] for told in receiver.told}) == 1


async def test_one_that_refuses_for_good_is_left_alone_until_there_is_something_new(post: Post, receiver: Any) -> None:
    receiver.status, receiver.said = 404, b"no_service"
    id_ = await post.open()
    await post.turns()
    assert receiver.asked == 1
    state = await post.state()
    assert (state.state, state.error) == ("refused", "answered 404: no_service")
    assert state.next_at is not None
    assert state.next_at - await post.ledger.now() > 600
    receiver.status = 200
    await post.ledger.incidents.diagnosed(id_, CAUSE, now=await post.ledger.now())
    await post.turns()
    assert words(receiver)[1:] == [("opened", "alarm"), ("updated", "diagnosis")]


async def test_the_wait_that_was_written_down_is_kept_by_the_next_leader(post: Post, receiver: Any) -> None:
    receiver.status = 404
    await post.open()
    await post.turns()
    post.lead()
    await post.turns()
    assert receiver.asked == 1


async def test_an_alert_that_it_will_never_take_keeps_no_other_one_back(post: Post, receiver: Any) -> None:
    receiver.status = 422
    await post.open()
    await post.turns(5)
    assert receiver.asked == 5
    receiver.status = 200
    await post.open("media.look_up")
    await post.turns()
    assert receiver.told[-1].json["incident"]["operation"] == "media.look_up"
    assert (await post.state()).passed_over == 1


async def test_killed_between_send_and_commit_it_tells_it_again_under_the_same_id(post: Post, receiver: Any) -> None:
    await post.open()
    receiver.hangs = True  # the request is there, the answer is not
    first = asyncio.create_task(post.delivery.run())
    await receiver.until(1, asked=True)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (await post.state()).told == 0

    receiver.hangs = False
    post.lead()
    await post.turns()
    ids = [told.headers["webhook-id"] for told in receiver.told]
    assert len(ids) in {1, 2}  # the first one may have been answered into a connection that was gone
    assert len(set(ids)) == 1
    assert (await post.state()).told == 1


async def test_two_that_believe_they_lead_move_it_on_once(post: Post, receiver: Any) -> None:
    one = post.delivery
    post.lead()
    await post.open()
    await asyncio.gather(one.turn(), post.delivery.turn())
    for _ in range(6):
        await asyncio.gather(one.turn(), post.delivery.turn())
    ids = [told.headers["webhook-id"] for told in receiver.told]
    assert len(set(ids)) == 1
    assert (await post.state()).told == 1


async def test_what_was_taken_while_the_ledger_could_not_be_written_is_not_told_again(
    receiver: Any, tmp_path: Path
) -> None:
    file = tmp_path / "busy.db"
    ledger = Ledger(SqliteDatabase(file, busy_timeout_s=0.2), FernetSealer(["a key of the tests"]))
    await ledger.start()
    post = Post(ledger, Target("a" * 16, "webhook at ops", Webhook(receiver.url, [b"k" * 32])))
    await post.begin()
    await post.open()
    with contextlib.closing(apsw.Connection(str(file))) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await post.delivery.turn()
        other.execute("ROLLBACK")
    await post.turns()
    assert receiver.asked == 1
    assert (await post.state()).told == 1
    await ledger.stop()


async def test_a_target_that_forgets_is_told_again_of_what_stands(
    ledger: Ledger, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Alertmanager, "repeats_s", 0.0)
    post = Post(ledger, Target("b" * 16, "alertmanager", Alertmanager(receiver.url)))
    await post.begin()
    id_ = await post.open()
    await post.turns(8)
    assert receiver.asked > 3
    assert len({str(told.json[0]["labels"]) for told in receiver.told}) == 1
    await post.ledger.incidents.close(id_, "It is over.", now=await ledger.now())
    await post.turns(3)
    asked = receiver.asked
    await post.turns(3)
    assert receiver.asked == asked
    assert (await post.state()).told == 2  # repeating is no telling


async def test_acknowledging_it_here_acknowledges_it_at_pagerduty(ledger: Ledger, receiver: Any) -> None:
    receiver.status = 202
    post = Post(ledger, Target("c" * 16, "pagerduty", PagerDuty(receiver.url, "KEY")))
    await post.begin()
    id_ = await post.open()
    await post.turns()
    await ledger.incidents.acknowledge(id_, who="cli:anna", why="mine", now=await ledger.now())
    await ledger.incidents.note(id_, Kind.GATE, "A gate.", at=await ledger.now())
    await ledger.incidents.close(id_, "It is over.", now=await ledger.now())
    await post.turns()
    assert [told.json["event_action"] for told in receiver.told] == ["trigger", "resolve"]

    again = await post.open()
    await post.turns()
    await ledger.incidents.acknowledge(again, who="cli:anna", why="mine", now=await ledger.now())
    await post.turns()
    last = receiver.told[-1].json
    assert (last["event_action"], last["dedup_key"]) == ("acknowledge", receiver.told[-2].json["dedup_key"])
    assert last["dedup_key"] == f"penstock-{await ledger.alerts.origin()}-{again}"


class Broken:
    """A sender with a mistake in it."""

    repeats_s = None
    keeps = False

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work

    async def send(self, alert: Alert, *, now: float) -> Reply:
        del alert, now
        reply: Reply = await self.work()
        return reply

    async def reach(self) -> str | None:
        return None


async def test_a_sender_that_breaks_or_never_returns_is_a_target_that_fails(ledger: Ledger) -> None:
    async def raises() -> Reply:
        raise RuntimeError("https://hooks.example.com/topsecret")

    async def hangs() -> Reply:
        await asyncio.Event().wait()
        return Reply(True)

    for id_, work in (("d" * 16, raises), ("e" * 16, hangs)):
        post = Post(ledger, Target(id_, id_, Broken(work)))
        await post.begin()
        post.delivery = Delivery(ledger, post.target, link=str, rng=Never(), patience_s=0.05)
        await post.open(id_)
        await post.delivery.turn()
        state = await post.state()
        assert state.attempts == 1
        assert "topsecret" not in (state.error or "")


async def test_a_target_that_is_named_no_longer_is_told_nothing(post: Post, receiver: Any) -> None:
    await post.ledger.alerts.begin([], now=await post.ledger.now())
    await post.open()
    await post.turns(2)
    assert receiver.asked == 0
