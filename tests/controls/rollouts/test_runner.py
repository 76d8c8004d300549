"""The rollout at work: what it counts, once; what moves it on and takes it back; and that any leader can go on."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.controls.rollouts.kept import kept_of
from penstock.controls.rollouts.operating import Operating, Order
from penstock.controls.rollouts.runner import Rollouts
from penstock.controls.rollouts.trial import Open, Trials
from penstock.core.detector import Key
from penstock.core.errors import StoreUnavailable
from penstock.core.incident import Cause, Kind
from penstock.core.rollout import Move
from penstock.core.seen import Seen
from penstock.core.staging import DONE, ROLLED_BACK, TEST, Rollout
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

NEXT = "next/1"


class Lead:
    """Leaders of the watch, one after the other, and what they are shown."""

    def __init__(self, ledger: Ledger, opened: Open, attempts: Any) -> None:
        self.ledger = ledger
        self.opened = opened
        self.attempts = attempts
        self.now = attempts.at
        self.change()

    def change(self) -> None:
        """Another leader."""
        self.control = self.another()

    def another(self) -> Rollouts:
        return Rollouts(self.ledger, Trials(self.opened), token=lambda _number: "EAAGtokenA")

    async def start(self, *, implementation: str = "declared", **rest: Any) -> Rollout:
        await self.ledger.recipes.add("next", implementation=implementation, who="cli:anna", why="a test")
        order = Order(recipe="next", by="cli:anna", why="try it", **{"without_test": True, **rest})
        return await Operating(self.ledger).start(order)

    async def look(self, *seen: Seen, after_s: float = 1.0) -> Rollout:
        """One round; the last rollout after it."""
        self.now = max(self.now, await self.ledger.now()) + after_s
        await self.control.look(seen, self.now)
        return await Operating(self.ledger).latest()

    async def at(self, stage: str) -> Rollout:
        """A rollout that was brought to a stage by hand."""
        rollout = await self.start(outcomes=20)
        while rollout.stage != stage:
            rollout = await Operating(self.ledger).move(Move.ADVANCE, by="cli:anna", why="on")
        return rollout

    async def incident(self, outcome: str = "upstream") -> int:
        id_, _ = await self.ledger.incidents.open(
            Key("media.look_up", outcome),
            suspected=False,
            onset_at=self.now,
            why="they fail",
            rate=0.3,
            now=self.now,
            isolation="only they",
        )
        return id_

    async def log(self) -> list[tuple[str, str]]:
        return [(one.entry.who, one.entry.action) for one in await self.ledger.audit_log.read()]


@pytest.fixture
def lead(ledger: Ledger, open_graph: Callable[..., Open], attempts: Any) -> Lead:
    return Lead(ledger, open_graph(), attempts)


async def test_without_a_rollout_nothing_is_written(lead: Lead) -> None:
    await lead.control.look(lead.attempts.many(10), lead.now)
    assert await lead.log() == []


async def test_a_recipe_whose_requests_are_not_the_declared_ones_is_refused_in_the_rehearsal(lead: Lead) -> None:
    await lead.start(implementation="legacy")
    rollout = await lead.look()

    assert rollout.stage == ROLLED_BACK
    assert rollout.reason.startswith("Refused before a request was sent: media.look_up would not leave")
    assert (await lead.log())[-1] == ("rollout", "rollout.rollback")
    assert "EAAG" not in rollout.reason


async def test_a_recipe_that_is_not_installed_is_refused_and_named(lead: Lead) -> None:
    await lead.start(implementation="elsewhere")
    assert "'elsewhere' is not installed" in (await lead.look()).reason


async def test_after_the_rehearsal_it_reaches_one_percent_when_no_files_are_wanted(lead: Lead) -> None:
    await lead.start()
    rollout = await lead.look()
    assert (rollout.stage, rollout.share, rollout.previous) == ("1", 0.01, "standard/1")


async def test_clean_outcomes_carry_it_to_everybody_and_make_it_the_default(lead: Lead) -> None:
    await lead.at("1")
    stages = []
    for _ in range(5):
        rollout = await lead.look(*lead.attempts.many(60), *lead.attempts.many(20, recipe=NEXT))
        stages.append(rollout.stage)
    assert stages == ["5", "25", "100", DONE, DONE]
    assert (await lead.ledger.recipes.get(NEXT)).in_use
    assert [who for who, action in await lead.log() if action == "rollout.done"] == ["rollout"]


async def test_failures_of_the_candidate_alone_take_it_back(lead: Lead) -> None:
    await lead.at("1")
    for _ in range(5):
        await lead.look(*lead.attempts.many(100), *lead.attempts.many(1, Outcome.CLIENT_BUG, recipe=NEXT))
    rollout = await Operating(lead.ledger).latest()

    assert rollout.stage == ROLLED_BACK
    assert rollout.reason.startswith("The candidate fails more often than the others. With the candidate")
    assert rollout.progress.failures <= 5


async def test_a_request_that_is_not_the_declared_one_takes_it_back_at_once(lead: Lead) -> None:
    await lead.at("5")
    rollout = await lead.look(lead.attempts.seen(Outcome.CONTRACT, recipe=NEXT, wire_method="POST"))
    assert rollout.stage == ROLLED_BACK
    assert "as a POST" in rollout.reason


async def test_what_takes_it_back_is_not_forgotten_while_nothing_can_be_written(
    tmp_path: Path, open_graph: Callable[..., Open], attempts: Any
) -> None:
    """It is read that the rollout is under way, and then nothing can be written; attempts are shown only once."""
    file = tmp_path / "penstock.db"
    ledger = Ledger(SqliteDatabase(file, busy_timeout_s=0.2), FernetSealer(["a key of the tests"]))
    await ledger.start()
    try:
        lead = Lead(ledger, open_graph(), attempts)
        await lead.at("5")
        with contextlib.closing(apsw.Connection(str(file))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await lead.control.look([attempts.seen(Outcome.CONTRACT, recipe=NEXT, wire_method="POST")], lead.now)
            other.execute("ROLLBACK")
        rollout = await lead.look(*attempts.many(3))
        assert rollout.stage == ROLLED_BACK
        assert "as a POST" in rollout.reason
    finally:
        await ledger.stop()


async def test_a_media_id_that_is_unfit_for_a_request_is_not_the_candidates_fault(lead: Lead) -> None:
    await lead.at("5")
    seen = lead.attempts.seen(Outcome.CONTRACT, recipe=NEXT, wire_method=None, host=None)
    assert (await lead.look(seen)).stage == "5"


async def test_a_violation_of_the_recipe_in_use_is_not_the_candidates(lead: Lead) -> None:
    await lead.at("5")
    assert (await lead.look(lead.attempts.seen(Outcome.CONTRACT, wire_method="POST"))).stage == "5"


async def test_an_open_incident_freezes_it_and_its_timeline_tells_what_became_of_it(lead: Lead) -> None:
    await lead.at("1")
    number = await lead.incident()
    rollout = await lead.look(*lead.attempts.many(20, recipe=NEXT))
    assert rollout.stage == "1"
    assert f"incident {number}" in kept_of(rollout).said

    await lead.look(*lead.attempts.many(500), *lead.attempts.many(5, Outcome.UPSTREAM, recipe=NEXT))
    assert (await Operating(lead.ledger).latest()).stage == ROLLED_BACK
    lines = [event for event in await lead.ledger.incidents.events(number) if event.kind == Kind.ROLLOUT]
    assert [event.actor for event in lines] == ["rollout"]
    assert "was rolled back" in lines[0].text


async def test_an_incident_of_our_own_requests_freezes_nothing(lead: Lead) -> None:
    await lead.at("1")
    await lead.incident("contract")
    assert (await lead.look(*lead.attempts.many(20, recipe=NEXT))).stage == "5"


async def test_only_an_incident_of_upstream_freezes_it(lead: Lead) -> None:
    await lead.at("1")
    for outcome in ("number_silent", "unread", "signature", "overdue"):  # nothing of these is about fetching's upstream
        await lead.incident(outcome)
    mine = await lead.incident("client_bug")
    ours = Cause({"contract_ok": "no"}, True, (), 10, 10, 20.0)
    await lead.ledger.incidents.diagnosed(mine, ours, now=lead.now)  # what is rolled out may be its cure
    assert (await lead.look(*lead.attempts.many(20, recipe=NEXT))).stage == "5"


async def test_the_test_waits_for_the_end_of_an_incident_too(lead: Lead) -> None:
    number = await lead.incident()
    await lead.start()
    rollout = await lead.look()
    assert rollout.stage == TEST
    assert f"incident {number}" in kept_of(rollout).said
    await lead.ledger.incidents.close(number, "it is over", now=lead.now)
    assert (await lead.look()).stage == "1"


async def test_a_paused_rollout_stays_and_can_be_taken_back(lead: Lead) -> None:
    await lead.at("1")
    await Operating(lead.ledger).move(Move.PAUSE, by="cli:anna", why="lunch")
    rollout = await lead.look(*lead.attempts.many(40, recipe=NEXT))
    assert (rollout.stage, rollout.shown_stage) == ("1", "paused")
    await Operating(lead.ledger).move(Move.RESUME, by="cli:anna", why="back")
    assert (await lead.look()).stage == "5"


async def test_another_leader_goes_on_with_what_was_counted_and_counts_nothing_twice(lead: Lead) -> None:
    await lead.at("1")
    shown = [*lead.attempts.many(15, recipe=NEXT), *lead.attempts.many(30)]
    await lead.look(*shown)
    lead.change()
    rollout = await lead.look(*shown)  # as a new leader is shown the last minutes again
    assert (rollout.stage, rollout.progress.outcomes) == ("1", 15)
    rollout = await lead.look(*lead.attempts.many(5, recipe=NEXT))
    assert rollout.stage == "5"


async def test_of_two_that_lead_at_once_one_counts_and_the_other_one_notices(lead: Lead) -> None:
    await lead.at("1")
    first, second = lead.control, lead.another()
    shown = lead.attempts.many(10, recipe=NEXT)
    await first.look(shown, lead.now)
    await second.look(shown, lead.now)
    await asyncio.gather(first.look(more := lead.attempts.many(5, recipe=NEXT), lead.now), second.look(more, lead.now))
    for control in (first, second):
        await control.look([], lead.now)
    assert (await Operating(lead.ledger).latest()).progress.outcomes == 15


async def test_a_stage_begins_with_nothing_counted_but_the_share_that_the_traffic_before_had(lead: Lead) -> None:
    await lead.at("5")
    await lead.look(*lead.attempts.many(400))
    await Operating(lead.ledger).move(Move.ADVANCE, by="cli:anna", why="on")
    tally = kept_of(await lead.look()).tally
    assert tally is not None
    assert tally.candidate.outcomes == tally.control.outcomes == 0
    assert 0.15 < tally.expected < 0.35


async def test_test_workspaces_and_other_recipes_and_retries_are_no_evidence(lead: Lead) -> None:
    await lead.ledger.provisioning.add_workspace("lab", test=True, now=lead.now)
    await lead.ledger.provisioning.add_workspace("acme", now=lead.now)
    await lead.at("1")
    rollout = await lead.look(
        *lead.attempts.many(30, recipe=NEXT, workspace="lab"),
        *lead.attempts.many(30, recipe="other/7"),
        *lead.attempts.many(30, recipe=NEXT, nth=2),
    )
    assert (rollout.stage, rollout.progress.outcomes) == ("1", 0)


async def test_where_every_workspace_is_a_test_workspace_they_are_what_is_counted(lead: Lead) -> None:
    await lead.ledger.provisioning.add_workspace("lab", test=True, now=lead.now)
    await lead.at("1")
    assert (await lead.look(*lead.attempts.many(30, recipe=NEXT, workspace="lab"))).stage == "5"
