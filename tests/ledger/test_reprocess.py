"""Runs of reprocessing on both stores: what is selected, put back to work, followed to its end, and counted."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from penstock.core import reprocess as machine
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.core.reprocess import Reason, State
from penstock.core.work import Attached, Attempt, Claim, Ending, Expired, Failed, Outcome
from penstock.flow.auditing import audit
from penstock.ledger.book import Ledger
from penstock.ledger.runs import Asked, Report, round_of
from penstock.ledger.tail import Tail

NUMBER = "100000000000002"
SENT = 1_795_000_000
FAILED = Failed(Outcome.GONE, "It cannot be had.")
EXPIRED = Expired(Outcome.UPSTREAM, "Its time was over.")


class Hands:
    """Files that ended, and what a runner and a fetcher do with them."""

    def __init__(self, desk: Any, webhooks: Any) -> None:
        self.desk = desk
        self.ledger: Ledger = desk.ledger
        self.webhooks = webhooks
        self.at = 0.0

    async def ended(self, *names: str, ending: Ending = FAILED, sent: int | None = None, **more: Any) -> None:
        """Files with these media ids that came and ended."""
        self.at = await self.ledger.now()
        stamp = str(int(self.at) if sent is None else sent)
        messages = [self.webhooks.file(f"wamid.{name}", name, timestamp=stamp, **more) for name in names]
        await self.desk.receive(self.webhooks.body(*messages))
        for claim in await self.desk.claim(len(names)):
            assert await self.ledger.queue.settle(claim, ending, [an_attempt(self.at)], now=self.at)

    async def row(self, name: str) -> int:
        message = await self.desk.message(f"wamid.{name}")
        return int(message.media[0].id)

    async def state(self, name: str) -> str:
        message = await self.desk.message(f"wamid.{name}")
        return str(message.media[0].state)

    async def start(self, asked: Asked | None = None, *, rate: float | None = None) -> int:
        told = await self.ledger.reprocess.start(asked or Asked(), rate=rate, who="cli:anna", why="the outage is over")
        return told.id

    async def run(self, id_: int) -> Report:
        told, adds_up = await self.ledger.reprocess.counted(id_)
        assert adds_up, told
        return told

    async def work(self, id_: int, *, times: int = 50, shut: str = "") -> Report:
        """Carry a run on until there is nothing more to do at this moment."""
        for _ in range(times):
            worked = await self.ledger.reprocess.work(id_, now=await self.ledger.now(), shut=shut)
            await self.run(id_)
            if worked.report is None:
                break
        return await self.run(id_)

    async def end(self, ending: Ending, *, limit: int = 1_000) -> int:
        """Fetch what is due, to this end."""
        claims = await self.desk.claim(limit)
        for claim in claims:
            assert await self.desk.settle(claim, ending)
        return len(claims)


def an_attempt(at: float) -> Attempt:
    return Attempt(
        at=at,
        operation="media.look_up",
        declared_method="GET",
        wire_method="GET",
        host="graph.example",
        peer_address="192.0.2.1",
        status=503,
        graph_code=None,
        graph_subcode=None,
        trace_id=None,
        outcome=Outcome.UPSTREAM,
        duration_s=0.1,
        recipe="standard/1",
    )


@pytest.fixture
def hands(desk: Any, webhooks: Any) -> Hands:
    return Hands(desk, webhooks)


# -- the plan ------------------------------------------------------------------------------------------


async def test_a_plan_counts_and_changes_nothing(hands: Hands) -> None:
    await hands.ended("1", "2", "3")
    found = await hands.ledger.reprocess.plan(Asked())

    assert (found.selected, found.eligible, found.refusals) == (3, 3, {})
    assert found.sizes_unknown == 3
    assert found.first_deadline is not None
    assert await hands.ledger.reprocess.runs(workspace_id=None) == []
    assert [await hands.state(name) for name in "123"] == ["failed"] * 3


async def test_a_plan_says_why_a_file_is_not_eligible(hands: Hands) -> None:
    await hands.ended("alive")
    await hands.ended("old", sent=SENT - 30 * 86_400, ending=EXPIRED)
    await hands.desk.receive(hands.webhooks.body(hands.webhooks.refused("wamid.too-large")))

    found = await hands.ledger.reprocess.plan(Asked())

    assert found.eligible == 1
    assert found.refusals == {Reason.NO_MEDIA_ID: 1, Reason.DEADLINE_PASSED: 1}
    assert found.selected == 3


async def test_files_of_a_number_that_was_removed_are_not_eligible(hands: Hands) -> None:
    await hands.ended("1")
    await hands.ledger.provisioning.remove_number(NUMBER, now=await hands.ledger.now())

    assert (await hands.ledger.reprocess.plan(Asked())).refusals == {Reason.NUMBER_REMOVED: 1}


async def test_what_is_past_its_time_is_tried_when_asked_for(hands: Hands) -> None:
    await hands.ended("old", sent=SENT - 30 * 86_400, ending=EXPIRED)

    assert (await hands.ledger.reprocess.plan(Asked(past_deadline=True))).eligible == 1
    assert (await hands.ledger.reprocess.plan(Asked())).eligible == 0


async def test_a_named_file_is_told_of_whatever_its_state(hands: Hands, attached: Attached) -> None:
    await hands.ended("attached", ending=attached)
    await hands.desk.receive(hands.webhooks.body(hands.webhooks.file("wamid.open", "open")))
    rows = (await hands.row("attached"), await hands.row("open"))

    found = await hands.ledger.reprocess.plan(Asked(media=rows))

    assert found.refusals == {Reason.ATTACHED: 1, Reason.BEING_FETCHED: 1}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(), 4),
        (Asked(workspace="acme"), 4),
        (Asked(workspace="rival"), 0),
        (Asked(number=NUMBER), 4),
        (Asked(number="100000000000009"), 0),
        (Asked(state="failed"), 3),
        (Asked(state="expired"), 1),
        (Asked(outcome="gone"), 3),
        (Asked(outcome="upstream"), 1),
        (Asked(kind="video"), 1),
        (Asked(kind="image"), 3),
        (Asked(since=4e9), 0),
        (Asked(until=1.0), 0),
        (Asked(since=1.0, until=4e9), 4),
    ],
    ids=str,
)
async def test_every_filter_narrows_the_plan_and_the_run_alike(hands: Hands, asked: Asked, expected: int) -> None:
    await hands.ledger.provisioning.add_workspace("rival", now=await hands.ledger.now())
    await hands.ended("1", "2")
    await hands.ended("3", kind="video")
    await hands.ended("4", ending=EXPIRED)

    assert (await hands.ledger.reprocess.plan(asked)).eligible == expected
    assert (await hands.work(await hands.start(asked))).run.eligible == expected


async def test_what_cannot_be_is_refused_in_a_sentence(hands: Hands) -> None:
    reprocess = hands.ledger.reprocess
    with pytest.raises(NotFound, match="no workspace 'nobody'"):
        await reprocess.plan(Asked(workspace="nobody"))
    with pytest.raises(NotFound, match="no file med_"):
        await reprocess.plan(Asked(media=(99,)))
    with pytest.raises(WrongUse, match="at most 100"):
        await reprocess.plan(Asked(media=tuple(range(1, 102))))
    for why in ("", " ", "two\nlines", "x" * 501):
        with pytest.raises(WrongUse, match="needs a reason"):
            await reprocess.start(Asked(), rate=None, who="cli:anna", why=why)
    for rate in (0.0, -1.0, 1e9, float("nan")):
        with pytest.raises(WrongUse, match="a rate is"):
            await reprocess.start(Asked(), rate=rate, who="cli:anna", why="because")
    for ask in (reprocess.counted(7), reprocess.steer(7, "pause", who="me", why="", workspace_id=None)):
        with pytest.raises(NotFound, match="no such run"):
            await ask


# -- a run ---------------------------------------------------------------------------------------------


async def test_a_run_puts_files_back_to_work_and_follows_each_to_its_end(hands: Hands, attached: Attached) -> None:
    await hands.ended("1", "2", "3", "4")
    id_ = await hands.start()
    told = await hands.work(id_)
    assert (told.run.selected, told.run.under_way) == (4, 4)
    assert {await hands.state(name) for name in "1234"} == {"waiting"}

    assert await hands.end(attached, limit=2) == 2
    assert await hands.end(FAILED, limit=1) == 1
    assert await hands.end(EXPIRED) == 1
    told = await hands.work(id_)

    run = told.run
    assert (run.state, run.attached, run.failed, run.expired) == (State.DONE, 2, 1, 1)
    assert run.selected == run.attached + run.failed + run.expired + run.cancelled
    assert told.ended_at is not None
    assert await hands.ledger.reprocess.active() == []
    assert (await audit(hands.ledger)).ok


async def test_a_file_that_comes_again_is_told_in_the_feed_as_any_other(hands: Hands, attached: Attached) -> None:
    await hands.ended("1")
    last = await hands.ledger.feed.last()
    id_ = await hands.start()
    await hands.work(id_)
    await hands.end(attached)

    assert await hands.desk.told(last) == [("media.attached", "1")]


async def test_what_ended_after_the_run_was_begun_is_not_its_business(hands: Hands) -> None:
    await hands.ended("1")
    id_ = await hands.start()
    await hands.ended("2")

    assert (await hands.work(id_)).run.selected == 1
    assert await hands.state("2") == "failed"


async def test_the_nearest_to_their_end_go_first(hands: Hands) -> None:
    now = int(await hands.ledger.now())
    for name, age_s in (("young", 60), ("oldest", 500_000), ("old", 300_000)):
        await hands.ended(name, sent=now - age_s)
    id_ = await hands.start(rate=1.0)
    order = []
    at = await hands.ledger.now()
    for _ in range(3):
        for _ in range(3):
            await hands.ledger.reprocess.work(id_, now=at)
        order += [claim.media_id for claim in await hands.desk.claim()]
        at += 1.0

    assert order == ["oldest", "old", "young"]


async def test_files_that_came_together_go_in_the_order_in_which_they_came(hands: Hands) -> None:
    """As those of one import do: the first hundred should be a sample of them, not all of one kind."""
    stamp = int(await hands.ledger.now())
    for name, kind in (("1", "video"), ("2", "image"), ("3", "audio")):
        await hands.ended(name, kind=kind, sent=stamp)
    id_ = await hands.start(rate=1.0)
    await hands.work(id_, times=3)

    assert [claim.media_id for claim in await hands.desk.claim()] == ["1"]


async def test_the_rate_holds_whoever_carries_the_run_on(hands: Hands, store: Any) -> None:
    await hands.ended(*[str(name) for name in range(30)])
    id_ = await hands.start(rate=5.0)
    at = await hands.ledger.now()
    beside = store.ledger()
    await beside.start()
    try:
        for _ in range(3):
            for ledger in (hands.ledger, beside):
                for _ in range(3):
                    await ledger.reprocess.work(id_, now=at)
        assert (await hands.run(id_)).run.under_way == 5
        for _ in range(3):
            await beside.reprocess.work(id_, now=at + 2.0)
        assert (await hands.run(id_)).run.under_way == 10
    finally:
        await beside.stop()


async def test_reprocessed_files_are_backlog_however_lately_they_came(hands: Hands, webhooks: Any) -> None:
    await hands.ended("again")
    await hands.work(await hands.start())
    await hands.desk.receive(webhooks.body(webhooks.file("wamid.new", "new", timestamp=str(int(hands.at)))))

    assert [claim.media_id for claim in await hands.desk.claim(1)] == ["new"]
    assert [claim.media_id for claim in await hands.desk.claim(1)] == ["again"]


async def test_what_is_past_its_time_comes_after_everything_else(hands: Hands, webhooks: Any) -> None:
    """It is near its deadline, which would otherwise put it before all."""
    await hands.ended("hopeless", sent=SENT - 30 * 86_400)
    await hands.work(await hands.start(Asked(past_deadline=True)))
    await hands.ended("lost")
    await hands.work(await hands.start())
    first, second = [(await hands.desk.claim(1))[0].media_id for _ in range(2)]

    assert (first, second) == ("lost", "hopeless")


# -- nothing twice -------------------------------------------------------------------------------------


async def test_a_worker_of_an_earlier_round_can_change_nothing(hands: Hands, webhooks: Any, attached: Attached) -> None:
    """Its lease ran out, others came and failed, the file was put back to work: its fence is an old one for ever."""
    await hands.desk.receive(webhooks.body(webhooks.file("wamid.1", "1", timestamp=str(int(await hands.ledger.now())))))
    now = await hands.ledger.now()
    [lost] = await hands.desk.claim(lease_s=-1.0)
    await hands.ledger.queue.release_lost(now=now + 1)
    assert await hands.end(FAILED) == 1
    id_ = await hands.start()
    await hands.work(id_)
    [ours] = await hands.desk.claim()
    assert ours.id == lost.id and ours.fence > lost.fence + 1_000_000

    assert not await hands.desk.settle(lost, attached)
    assert not await hands.desk.settle(lost, FAILED)
    assert await hands.state("1") == "fetching"
    assert await hands.desk.settle(ours, attached)
    assert (await hands.work(id_)).run.attached == 1


async def test_a_file_is_in_one_run_at_a_time(hands: Hands, attached: Attached) -> None:
    await hands.ended("1", "2")
    first = await hands.start()
    await hands.ledger.reprocess.work(first, now=await hands.ledger.now())
    assert (await hands.ledger.reprocess.plan(Asked())).refusals == {Reason.OTHER_RUN: 2}
    second = await hands.work(await hands.start())

    assert second.refusals == {Reason.OTHER_RUN: 2}
    assert (second.run.state, second.run.eligible) == (State.DONE, 0)
    await hands.work(first)
    await hands.end(attached)
    assert (await hands.work(first)).run.attached == 2


async def test_a_second_run_begins_another_round_and_the_history_stays(hands: Hands, attached: Attached) -> None:
    await hands.ended("1")
    row = await hands.row("1")
    for ending in (FAILED, attached):
        id_ = await hands.start()
        await hands.work(id_)
        [claim] = await hands.desk.claim()
        assert claim.attempts == 0  # of this round: its waits begin anew
        assert await hands.ledger.queue.settle(claim, ending, [an_attempt(hands.at)] * 2, now=hands.at)
        await hands.work(id_)

    rounds = await hands.ledger.reprocess.rounds(row)
    assert [(each.number, each.made, each.by) for each in rounds] == [(2, 1, "cli:anna"), (3, 3, "cli:anna")]
    attempts = await hands.ledger.shelf.attempts(row)
    assert [round_of(index, rounds) for index, _ in enumerate(attempts)] == [1, 2, 2, 3, 3]
    assert (await hands.ledger.reprocess.plan(Asked())).selected == 0
    tail = Tail(hands.ledger._db, hands.ledger._sql)  # what the watch is shown counts each round from its beginning
    await tail.begin(since=0.0)
    assert [seen.nth for seen in await tail.read(now=hands.at)] == [1, 1, 2, 1, 2]


# -- the trial -----------------------------------------------------------------------------------------


async def test_a_run_begins_with_a_hundred_and_goes_on_when_they_are_attached(hands: Hands, attached: Attached) -> None:
    await hands.ended(*[str(name) for name in range(140)])
    id_ = await hands.start()
    assert (await hands.work(id_)).run.under_way == machine.FIRST
    assert await hands.end(attached) == machine.FIRST
    assert (await hands.work(id_)).run.under_way == 40
    await hands.end(attached)
    run = (await hands.work(id_)).run

    assert (run.state, run.attached) == (State.DONE, 140)


async def test_a_run_pauses_itself_when_they_fail_and_says_why(hands: Hands) -> None:
    await hands.ended(*[str(name) for name in range(140)])
    id_ = await hands.start()
    await hands.work(id_)
    await hands.end(FAILED)
    told = await hands.work(id_)

    assert (told.run.state, told.run.failed, told.run.waiting) == (State.PAUSED, 100, 40)
    assert "of the first 100 files only 0 were attached" in (told.run.reason or "")
    entry = (await hands.ledger.audit_log.latest())[-1].entry
    assert (entry.who, entry.action, entry.why) == ("reprocess", "reprocess.pause", told.run.reason)
    assert await hands.ledger.reprocess.active() == []


# -- steering ------------------------------------------------------------------------------------------


async def test_a_paused_run_puts_nothing_more_to_work_until_it_is_resumed(hands: Hands, attached: Attached) -> None:
    await hands.ended(*[str(name) for name in range(10)])
    id_ = await hands.start(rate=4.0)
    await hands.work(id_, times=3)
    steer = hands.ledger.reprocess.steer
    assert (await steer(id_, "pause", who="cli:anna", why="wait", workspace_id=None)).run.state is State.PAUSED
    at = await hands.ledger.now() + 100
    assert (await hands.ledger.reprocess.work(id_, now=at)).report is None
    assert await hands.end(attached) == 4
    assert (await hands.work(id_)).run.attached == 4

    with pytest.raises(Conflict, match="this run is paused: it cannot be paused"):
        await steer(id_, "pause", who="cli:anna", why="", workspace_id=None)
    assert (await steer(id_, "resume", who="cli:ben", why="go", workspace_id=None)).run.state is State.RUNNING
    assert (await hands.ledger.reprocess.work(id_, now=at)).released == 4


async def test_a_cancelled_run_gives_up_what_was_not_put_to_work_and_counts_the_rest(
    hands: Hands, attached: Attached
) -> None:
    await hands.ended(*[str(name) for name in range(10)])
    id_ = await hands.start(rate=4.0)
    await hands.work(id_, times=3)
    told = await hands.ledger.reprocess.steer(id_, "cancel", who="cli:anna", why="enough", workspace_id=None)
    assert (told.run.state, told.run.cancelled, told.run.under_way) == (State.CANCELLED, 6, 4)
    assert told.ended_at is None
    await hands.run(id_)
    await hands.end(attached)
    told = await hands.work(id_)

    assert (told.run.selected, told.run.attached, told.run.cancelled) == (10, 4, 6)
    assert told.ended_at is not None
    assert (await hands.work(await hands.start())).run.eligible == 6  # another run may have them
    with pytest.raises(Conflict, match="this run is cancelled"):
        await hands.ledger.reprocess.steer(id_, "resume", who="me", why="", workspace_id=None)


async def test_every_change_says_who_and_why_in_the_audit_log(hands: Hands) -> None:
    await hands.ended("1")
    id_ = await hands.start(Asked(workspace="acme", state="failed"), rate=2.0)
    for step in ("pause", "resume", "cancel"):
        await hands.ledger.reprocess.steer(id_, step, who="token:ops", why=f"to {step}", workspace_id=None)

    entries = [each.entry for each in (await hands.ledger.audit_log.latest())[-4:]]
    assert [(each.action, each.who, each.why) for each in entries] == [
        ("reprocess.start", "cli:anna", "the outage is over"),
        ("reprocess.pause", "token:ops", "to pause"),
        ("reprocess.resume", "token:ops", "to resume"),
        ("reprocess.cancel", "token:ops", "to cancel"),
    ]
    assert entries[0].after == {"files": {"workspace": "acme", "state": "failed"}, "rate": 2.0}
    before, after = entries[-1].before, entries[-1].after
    assert before is not None and after is not None
    assert (before["state"], after["state"]) == ("running", "cancelled")
    assert (await hands.ledger.audit_log.verify()).ok


async def test_a_workspace_sees_its_own_runs_only(hands: Hands) -> None:
    rival = await hands.ledger.provisioning.add_workspace("rival", now=await hands.ledger.now())
    acme = (await hands.ledger.provisioning.workspaces())[0]
    ours, everything = await hands.start(Asked(workspace="acme")), await hands.start()
    reprocess = hands.ledger.reprocess

    assert [run.id for run in await reprocess.runs(workspace_id=int(str(acme["id"])))] == [ours]
    assert [run.id for run in await reprocess.runs(workspace_id=None)] == [everything, ours]
    assert await reprocess.run(ours, workspace_id=int(str(rival["id"]))) is None
    with pytest.raises(NotFound):
        await reprocess.steer(ours, "cancel", who="token:rival", why="", workspace_id=int(str(rival["id"])))


# -- gates, erasing, many rows -------------------------------------------------------------------------


async def test_what_stands_behind_a_shut_gate_is_left_and_the_rest_goes_on(hands: Hands, attached: Attached) -> None:
    await hands.ended("1", "2")
    await hands.ended("3", kind="video")
    number = (await hands.ledger.provisioning.numbers())[0]["id"]
    shut = f",{number}:image,"
    id_ = await hands.start()
    assert (await hands.work(id_, shut=shut)).run.under_way == 1
    assert {await hands.state(name) for name in "12"} == {"failed"}
    await hands.end(attached)
    told = await hands.work(id_, shut=shut)
    assert (told.run.state, told.run.attached, told.run.waiting) == (State.RUNNING, 1, 2)
    assert (await hands.ledger.reprocess.work(id_, now=await hands.ledger.now(), shut=shut)).report is None

    assert (await hands.work(id_)).run.under_way == 2


async def test_a_file_that_is_erased_meanwhile_is_not_put_to_work_and_still_counted(hands: Hands, store: Any) -> None:
    await hands.ended("1", "2", "3")
    id_ = await hands.start(rate=1.0)
    await hands.work(id_, times=3)
    await store.rows("DELETE FROM fetches")
    await store.rows("UPDATE media SET stage = 'erased'")
    for _ in range(3):
        await hands.ledger.reprocess.work(id_, now=await hands.ledger.now() + 10)
    told = await hands.run(id_)

    assert (told.run.state, told.run.selected, told.run.eligible) == (State.DONE, 3, 0)
    assert told.refusals == {Reason.ERASED: 3}


async def test_many_files_are_selected_in_small_steps_and_cancelled_in_small_steps(hands: Hands, store: Any) -> None:
    stamp = str(int(await hands.ledger.now()))
    messages = [hands.webhooks.file(f"wamid.{name}", str(name), timestamp=stamp) for name in range(1_200)]
    await hands.desk.receive(hands.webhooks.body(*messages))
    await store.rows("DELETE FROM fetches")
    await store.rows("UPDATE media SET stage = 'failed', ended_at = received_at, outcome = 'gone'")
    id_ = await hands.start(rate=1.0)
    seen = [0]
    while (await hands.run(id_)).run.selecting:
        await hands.ledger.reprocess.work(id_, now=await hands.ledger.now())
        seen.append((await hands.run(id_)).run.selected)
    assert seen == [0, 500, 1_000, 1_200, 1_200]
    await hands.ledger.reprocess.steer(id_, "cancel", who="me", why="", workspace_id=None)
    assert (await hands.ledger.reprocess.plan(Asked())).eligible == 1_200  # they are free at once
    told = await hands.work(id_)

    assert (told.run.cancelled, told.unswept, told.ended_at is not None) == (1_200, False, True)


async def test_a_run_of_all_workspaces_goes_through_them_one_after_the_other(
    hands: Hands, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    now = await hands.ledger.now()
    await hands.ledger.provisioning.add_workspace("rival", now=now)
    await hands.ledger.provisioning.add_number(
        "100000000000003", workspace="rival", app="main", credential="token-a", now=now
    )
    await hands.ended("1")
    await hands.desk.receive(
        webhooks.body(webhooks.file("wamid.2", "2", timestamp=str(int(now))), number="100000000000003")
    )
    assert await hands.end(endings("expired")) == 1

    assert (await hands.ledger.reprocess.plan(Asked(state="expired"))).selected == 1
    assert (await hands.ledger.reprocess.plan(Asked())).selected == 2
    assert (await hands.work(await hands.start(Asked()))).run.selected == 2


async def test_the_rate_of_late_is_that_of_deliveries(hands: Hands) -> None:
    assert await hands.ledger.reprocess.recent_rate() is None
    await hands.ended("1")
    row = await hands.row("1")
    now = await hands.ledger.now()
    await hands.work(await hands.start())
    [claim] = await hands.desk.claim()
    assert claim.id == row
    whole = {"operation": "media.download", "outcome": Outcome.DELIVERED}
    delivered = [structs.replace(an_attempt(now - 100 + 2 * number), **whole) for number in range(11)]
    assert await hands.ledger.queue.settle(claim, FAILED, delivered, now=now)

    assert await hands.ledger.reprocess.recent_rate() == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_no_file_is_lost_and_every_report_adds_up(
    hands: Hands, attached: Attached, seed: int
) -> None:
    """Runs over the same files, fetches that end in every way, workers that wake up late, people who steer."""
    chance = random.Random(seed)
    await hands.ended(*[str(name) for name in range(8)])
    started: list[int] = []
    late: list[Claim] = []
    for _ in range(60):
        match chance.randrange(7):
            case 0:
                started.append(await hands.start(rate=chance.choice([None, 2.0])))
            case 1 if started:
                with contextlib.suppress(Conflict):
                    step = chance.choice(["pause", "resume", "resume", "cancel"])
                    await hands.ledger.reprocess.steer(
                        chance.choice(started), step, who="me", why="", workspace_id=None
                    )
            case 2:
                for claim in await hands.desk.claim(chance.randrange(1, 4)):
                    late.append(claim)
                    await hands.desk.settle(claim, chance.choice([FAILED, EXPIRED, attached, FAILED]))
            case 3:
                late += await hands.desk.claim(1, lease_s=-1.0)
                await hands.ledger.queue.release_lost(now=await hands.ledger.now() + 1)
            case 4 if late:
                assert not await hands.desk.settle(chance.choice(late), attached)
            case _:
                for run in await hands.ledger.reprocess.active():
                    await hands.ledger.reprocess.work(run, now=await hands.ledger.now() + chance.random() * 10)
        for run in started:
            await hands.run(run)
        assert (await audit(hands.ledger)).ok
    for _ in range(10):
        for run in started:
            with contextlib.suppress(Conflict):
                await hands.ledger.reprocess.steer(run, "resume", who="me", why="", workspace_id=None)
            for _ in range(3):
                await hands.ledger.reprocess.work(run, now=await hands.ledger.now() + 100)
        await hands.end(attached)

    reports = [await hands.run(run) for run in started]
    assert all(report.ended_at is not None for report in reports)
    told = Counter(name for kind, name in await hands.desk.told() if kind == "media.attached")
    assert set(told.values()) <= {1}
    assert sum(report.run.attached for report in reports) == len(told)
